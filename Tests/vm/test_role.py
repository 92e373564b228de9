# SPDX-License-Identifier: GPL-2.0-or-later
"""Roles: sockets that may change, or see, what they hold no capability for."""

import ctypes
import errno
import os
import re
import signal
import socket
import time

import pytest

from kit import defs, genl, module, net
from kit.genl import Refused

pytestmark = pytest.mark.usefixtures("no_suite")
LIBC = ctypes.CDLL(None, use_errno=True)
NOBODY = 65534
PYTHON = net.python()


def until(condition, seconds=60.0):
    """The end of a socket is told a moment after its descriptor is closed."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)
    return value


def refused(call, number, words=""):
    with pytest.raises(Refused) as caught:
        call()
    assert errno.errorcode[caught.value.errno] == errno.errorcode[number]
    assert words in caught.value.text, caught.value.text
    return caught.value.text


def claim(family, role="control", **attributes):
    family.do("CLAIM", SOCKET_ROLE=defs.ROLE[role], **attributes)


def in_child(body, uid=NOBODY):
    """Runs body in a process without any privilege, whose sockets are ours."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            with open("/proc/self/status", encoding="ascii") as file:
                assert re.search(r"^CapEff:\t0+$", file.read(), re.M)
            body()
            status = 0
        except BaseException as error:  # noqa: BLE001
            os.write(2, f"{error!r}\n".encode())
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.fixture
def one():
    with genl.Family() as family:
        yield family


@pytest.fixture
def other():
    with genl.Family() as family:
        yield family


@pytest.fixture
def told():
    """Notices from now on."""
    with genl.Family() as family:
        family.join("notices")
        yield family


def notice(told, kind, seconds=60.0):
    """The next notice of a kind."""
    while True:
        message = told.next(seconds)
        assert message is not None, f"no notice {kind}"
        if defs.NOTICE[message[1]["KIND"]] == kind:
            return message[1]


def log_since(mark):
    return net.run("dmesg").stdout.split(mark, 1)[1]


@pytest.fixture
def log():
    """Lines of the kernel's log from now on."""
    mark = f"scenario {os.urandom(8).hex()}"
    with open("/dev/kmsg", "w", encoding="ascii") as file:
        file.write(mark)
    return lambda: log_since(mark)


# ---- the role control ----


def test_a_control_socket_changes_whoever_sends_on_it(e7, one):
    claim(one)

    def body():
        one.block("tcp", "/opt/x")
        one.set("drops", "enabled")
        one.do("BEGIN")
        one.block("udp")
        one.do("COMMIT")

    in_child(body)
    assert [(r.get("PROT"), r.get("PATH")) for r in e7.rules()] == [(6, "/opt/x"), (17, None)]
    assert e7.get("drops") == 1


def test_without_the_role_a_socket_of_roots_changes_nothing(e7, one, other):
    claim(other)

    def body():
        for call in (lambda: one.block("tcp"), lambda: one.do("BEGIN"),
                     lambda: one.set("drops", "enabled"), lambda: claim(one, "view"),
                     lambda: claim(one), lambda: claim(one, FORCE=True)):
            refused(call, errno.EPERM, "CAP_NET_ADMIN")

    in_child(body)
    assert e7.rules() == [] and e7.get("control") == os.getpid()


def test_any_tool_with_the_capability_changes_beside_it(e7, one):
    claim(one)
    assert e7.block("tcp")["ID"]
    assert len(one.rules()) == 1


def test_a_claim_needs_the_capability(e7):
    def alice():
        with genl.Family() as family:
            for role in defs.ROLE:
                refused(lambda: claim(family, role), errno.EPERM, "CAP_NET_ADMIN")

    def root_of_a_namespace():
        assert LIBC.unshare(0x10000000) == 0
        with open("/proc/self/status", encoding="ascii") as file:
            assert not re.search(r"^CapEff:\t0+$", file.read(), re.M)
        alice()

    in_child(alice)
    in_child(root_of_a_namespace, uid=61000)
    assert e7.get("control") == 0


def test_a_control_socket_without_the_capability_gives_no_control(one, other):
    claim(one)

    in_child(lambda: refused(lambda: claim(one, FORCE=True), errno.EPERM, "needs CAP_NET_ADMIN"))
    refused(lambda: claim(other), errno.EBUSY)


def test_a_second_claim_is_refused_and_names_the_first(e7, one, other):
    claim(one)
    claim(one)
    words = refused(lambda: claim(other), errno.EBUSY, "FORCE takes it")
    assert f"pid {os.getpid()}, {os.path.basename(PYTHON)[:24]}," in words
    assert e7.get("control") == os.getpid()


def test_force_takes_it_and_says_so(one, other, told, log):
    claim(one)
    assert notice(told, "claim")["PID"] == os.getpid()
    pid = os.fork()
    if pid == 0:
        claim(other, FORCE=True)
        other.block("tcp")
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    release, taken = notice(told, "release"), notice(told, "claim")
    assert "FORCE" in release and "FORCE" in taken
    assert (release["PID"], taken["PID"]) == (os.getpid(), pid)
    assert release["PATH"] == taken["PATH"] == PYTHON
    assert release["SOCKET_ROLE"] == taken["SOCKET_ROLE"] == defs.ROLE["control"]
    lines = log()
    assert f"pid {os.getpid()} was deprived of the role control: {PYTHON}" in lines
    assert f"pid {pid} claimed the role control by force: {PYTHON}" in lines
    in_child(lambda: refused(lambda: one.block("udp"), errno.EPERM))
    in_child(other.clear)


def test_it_ends_with_its_socket(e7, one, told):
    family = genl.Family()
    claim(family)
    copy = socket.socket(fileno=os.dup(family.socket.fileno()))
    family.close()
    refused(lambda: claim(one), errno.EBUSY)
    copy.close()
    assert notice(told, "release").get("FORCE") is None
    assert e7.get("control") == 0
    claim(one)


def test_it_ends_with_its_process(e7, one, told):
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        family = genl.Family()
        claim(family)
        os.write(tell, b"x")
        signal.pause()
    os.read(ready, 1)
    assert e7.get("control") == pid
    refused(lambda: claim(one), errno.EBUSY, f"pid {pid},")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert notice(told, "release")["PID"] == pid
    until(lambda: e7.get("control") == 0)
    claim(one)


def bound(port):
    """A family's socket at a port of our choice, made by nobody in particular."""
    family = genl.Family()
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    until(lambda: binds(made, port))
    for option in (genl.NETLINK_EXT_ACK, genl.NETLINK_CAP_ACK):
        made.setsockopt(genl.SOL_NETLINK, option, 1)
    family.close()
    family.socket = made
    return family


def binds(made, port):
    try:
        made.bind((port, 0))
        return True
    except OSError as error:
        assert error.errno == errno.EADDRINUSE
        return False


def test_whoever_gets_the_port_gets_no_role(e7):
    """Nor a transaction, again and again: the port is free before the end is told."""
    for n in range(50):
        port = 0x40000000 + n
        first = bound(port)
        claim(first)
        claim(first, "view")
        first.do("BEGIN")
        first.block("tcp")
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                first.socket.close()
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
                next_one = bound(port)
                for call in (lambda: next_one.block("tcp"), lambda: next_one.do("COMMIT"),
                             lambda: claim(next_one)):
                    refused(call, errno.EPERM)
                status = 0
            finally:
                os._exit(status)
        first.close()
        second = bound(port)
        refused(lambda: second.do("COMMIT"), errno.EINVAL, "no transaction")
        claim(second)
        assert e7.get("control") == os.getpid()
        # What is told late of the first is nothing to the second.
        time.sleep(0.01)
        in_child(lambda: second.set("drops", "enabled"))
        second.close()
        assert os.waitpid(pid, 0)[1] == 0
    assert e7.rules() == []


def test_a_transaction_ends_nobody_elses(e7, one):
    """A socket that closes at a port that was another's takes nothing along."""
    claim(one)
    one.do("BEGIN")
    for _ in range(20):
        genl.Family().close()
    one.block("tcp")
    one.do("COMMIT")
    assert len(e7.rules()) == 1


def test_what_is_wrong_is_said(one):
    refused(lambda: one.do("CLAIM"), errno.EINVAL, "SOCKET_ROLE is missing")
    for role in (0, 3, 255):
        refused(lambda r=role: one.do("CLAIM", SOCKET_ROLE=r), errno.EINVAL,
                "expected control (1) or view (2)")
    refused(lambda: claim(one, DESCRIPTOR=one.socket.fileno()), errno.EINVAL, "sender's own")
    refused(lambda: claim(one, "view", FORCE=True), errno.EINVAL, "several sockets")
    refused(lambda: claim(one, UID=0), errno.EINVAL, "view is a user's")
    refused(lambda: claim(one, VALUE=1), errno.EINVAL, "does not belong")


def test_no_role_survives_the_module(one):
    claim(one)
    in_child(lambda: one.set("drops", "enabled"))
    with module.unloaded():
        in_child(lambda: refused(lambda: one.set("drops", "enabled"), errno.ENOENT))
    with genl.Family() as again:
        # The same socket, by the number that the family has now.
        one.id = again.id
        in_child(lambda: refused(lambda: one.set("drops", "enabled"), errno.EPERM))
        claim(one)
        in_child(lambda: one.set("drops", "enabled"))
        one.set("drops", "disabled")


def test_an_edit_beside_the_transaction_of_its_own_socket(e7, one):
    one.do("BEGIN", REPLACE=b"")
    one.block("tcp")
    one.do("RULE_ADD", ACTION=2, PROT=17, DIRECT=True)
    assert [r["PROT"] for r in e7.rules()] == [17]
    one.do("RULE_DEL", PROT=17, DIRECT=True)
    assert e7.rules() == []
    one.do("RULE_ADD", ACTION=1, PROT=1, DIRECT=True)
    one.do("RULE_CLEAR", DIRECT=True)
    assert e7.rules() == []
    one.do("COMMIT")
    assert [r["PROT"] for r in e7.rules()] == [6]


# ---- the role view ----


def views():
    """Sockets that have it, as many as may."""
    families = [genl.Family() for _ in range(defs.LIMIT["VIEWS"])]
    for family in families:
        claim(family, "view")
    return families


def test_views_have_a_limit(one, told):
    families = views()
    claim(families[0], "view")
    refused(lambda: claim(one, "view"), errno.ENOSPC, "as many sockets")
    families.pop().close()
    notice(told, "release")
    claim(one, "view")
    for family in families:
        family.close()


def packets(e7):
    """Events of a packet, in mode enabled, with a rule that drops it."""
    e7.set("drops", "enabled")
    e7.set("squelch", "disabled")
    e7.block("icmp")
    net.ping(4, net.PEER[4])


def kinds(family):
    return [command for command, _ in family.events() if command == defs.CMD["EVENT"]]


def test_a_view_that_listens_is_told(e7, peer, one, other):
    claim(one, "view", LISTEN=True)
    claim(other, "view")
    packets(e7)
    assert kinds(one)
    assert not kinds(other)
    claim(one, "view")
    net.ping(4, net.PEER[4])
    assert not kinds(one)


def test_a_listener_that_does_not_read_learns_what_it_missed(e7, peer, one):
    one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    claim(one, "view", LISTEN=True)
    for _ in range(20):
        packets(e7)
    with pytest.raises(OSError) as caught:
        while one.next(1) is not None:
            pass
    assert caught.value.errno == errno.ENOBUFS
    until(lambda: not kinds(one))
    packets(e7)
    assert kinds(one)


def test_nobody_without_the_capability_joins_the_events(e7, one):
    def body():
        with genl.Family() as family:
            for joins in (family, one):
                with pytest.raises(OSError) as caught:
                    joins.join("events")
                assert caught.value.errno == errno.EPERM

    claim(one, "view")
    in_child(body)


def test_a_control_socket_gives_view_to_another(e7, peer, one):
    """What a broker gets that was started again, from a process without any privilege."""
    claim(one)
    viewer = genl.Family()

    def body():
        with genl.Family() as stranger:
            refused(lambda: claim(stranger, "view", LISTEN=True), errno.EPERM)
        claim(one, "view", DESCRIPTOR=viewer.socket.fileno(), LISTEN=True)

    in_child(body)
    in_child(lambda: refused(lambda: viewer.set("drops", "enabled"), errno.EPERM))
    packets(e7)
    assert kinds(viewer)
    viewer.close()


LISTS = ("RULE_GET", "FLAG_GET", "STAT_GET", "WHY")
FLOW = {"WHY": {"PROT": 6, "DIRECTION": 2, "REMOTE": bytes(4)}}


def lists(family):
    for command in LISTS:
        family.dump(command, **FLOW.get(command, {}))


def no_list(family):
    for command in LISTS:
        # In no words where the kernel does not carry them: Debian's 6.1.
        refused(lambda c=command: family.dump(c, **FLOW.get(c, {})), errno.EPERM)


def test_a_list_needs_authority_or_a_view(e7):
    """Until it is read to its end, a dump holds the module."""
    e7.block("tcp", "/opt/x")
    lists(e7)
    alice, mallory = genl.Family(), genl.Family()
    in_child(lambda: no_list(alice))
    in_child(lambda: (alice.get("mode"), alice.do("STATUS")))
    with genl.Family() as viewer:
        claim(viewer, "view", UID=61000)
        in_child(lambda: lists(viewer))
        in_child(lambda: lists(alice), uid=61000)
        in_child(lambda: no_list(mallory), uid=61001)
        in_child(lambda: refused(lambda: alice.set("drops", "enabled"), errno.EPERM), uid=61000)
        claim(viewer, "view")
        in_child(lambda: no_list(alice), uid=61000)
        claim(viewer, "view", UID=61000)
    in_child(lambda: no_list(alice), uid=61000)
    # Nobody's, as a user that is not there has no number.
    with genl.Family() as viewer:
        claim(viewer, "view", UID=0xffffffff)
        in_child(lambda: no_list(alice), uid=61000)
    alice.close(), mallory.close()


def test_nobody_without_authority_keeps_the_module_from_its_end():
    for flags in (0, genl.NLM_F_DUMP):
        with genl.Family() as e7:
            for number in range(300):
                e7.block("tcp", f"/opt/{'x' * 200}/{number}")
        unread = [genl.Family() for _ in range(4)]

        def asks(unread=unread, flags=flags):
            for family in unread:
                family.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
                for _ in range(20):
                    for number in defs.CMD.values():
                        family.send(family.id, number, 1, b"", flags)

        in_child(asks)
        with module.unloaded():
            pass
        for family in unread:
            family.close()


def test_what_is_no_socket_gets_no_view(one):
    reader, writer = os.pipe()
    unix = socket.socket(socket.AF_UNIX)
    unbound = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    route = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    route.bind((0, 0))
    for descriptor, number in ((reader, errno.ENOTSOCK), (1 << 20, errno.EBADF),
                               (0xffffffff, errno.EBADF), (unix.fileno(), errno.EINVAL),
                               (unbound.fileno(), errno.EINVAL), (route.fileno(), errno.EINVAL)):
        refused(lambda d=descriptor: claim(one, "view", DESCRIPTOR=d), number)
    os.close(reader), os.close(writer)
    for made in (unix, unbound, route):
        made.close()


def test_a_socket_of_another_network_gets_no_view(one, peer):
    with open(net.NETWORK, encoding="ascii") as there, open("/proc/self/ns/net",
                                                            encoding="ascii") as here:
        assert LIBC.setns(there.fileno(), 0x40000000) == 0
        made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        made.bind((0, 0))
        assert LIBC.setns(here.fileno(), 0x40000000) == 0
    refused(lambda: claim(one, "view", DESCRIPTOR=made.fileno()), errno.EINVAL, "generic netlink")
    made.close()


def test_claims_and_ends_by_the_hundred_leave_nothing(e7, one):
    for _ in range(200):
        with genl.Family() as family:
            claim(family, FORCE=True)
            claim(family, "view")
            family.do("BEGIN")
    until(lambda: e7.get("control") == 0)
    for family in views():
        family.close()
    claim(one)
