# SPDX-License-Identifier: GPL-2.0-or-later
"""A broker and an administrator who attack e7-priv: each row of attacks.txt at their borders."""

import array
import contextlib
import ctypes
import errno
import os
import pathlib
import pwd
import signal
import socket
import struct
import sys
import tempfile

import pytest

from kit import defs, genl, ipc
from test_priv import Service, in_child, pair

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import attacks  # noqa: E402

pytestmark = pytest.mark.usefixtures("no_suite")
ROWS = attacks.rows("broker→priv", "admin→priv")
case = attacks.Cases()
libc = ctypes.CDLL(None, use_errno=True)


def become(name):
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setresgid(*[user.pw_gid] * 3)
    os.setresuid(*[user.pw_uid] * 3)


def as_broker(body):
    """What a process with the broker's user gets: a word that it writes."""
    reader, writer = os.pipe()

    def child():
        become("_e7-broker")
        os.write(writer, body().encode())

    in_child(child)
    os.close(writer)
    with os.fdopen(reader) as file:
        return file.read()


def answer(talker, datagram=None, seconds=60.0):
    """The errno's name of what is answered to a datagram, or "passed"."""
    if datagram is not None:
        talker.send(datagram)
    message = talker.message(seconds)
    while message is not None and message.name != "DONE":
        message = talker.message(seconds)
    if message is None:
        return "silent"
    return errno.errorcode.get(message.attributes["ERROR"], "passed")


def at_door(service, *descriptors, message=None):
    """What the log says of something that is handed over."""
    before, open_before = service.lines().count("that is no lane"), service.descriptors()
    service.hand_over(*descriptors, message=message)
    service.lane().close()
    assert service.descriptors() <= open_before + 1
    return "no lane" if service.lines().count("that is no lane") == before + 1 else "a lane"


# ---- broker→priv ----


def own_pair(service, datagram, credentials=True):
    ours, theirs = pair(credentials)

    def broker():
        service.hand_over(theirs.fileno())
        return answer(ipc.Talker(ours), datagram)

    # The pair is made by the broker too.
    def whole():
        nonlocal ours, theirs
        ours, theirs = pair(credentials)
        return broker()

    return as_broker(whole)


@case("broker→priv", "a pair of its own")
def _(service):
    return own_pair(service, ipc.encode("HELLO"))


@case("broker→priv", "a pair of its own, and a clear")
def _(service):
    return own_pair(service, ipc.encode("RULE_CLEAR", GENERATION=0))


@case("broker→priv", "a pair without credentials")
def _(service):
    ours, theirs = pair(False)
    ours.send(ipc.encode("RULE_ADD", 5, ACTION=1, PROT=6))
    service.hand_over(theirs.fileno())
    return answer(ipc.Talker(ours))


@case("broker→priv", "root's pair, stolen, and an edit")
def _(service):
    lane = service.lane()
    return as_broker(lambda: answer(
        ipc.Talker(lane.socket), ipc.encode("RULE_ADD", 9, ACTION=1, PROT=6)))


@case("broker→priv", "root's pair, stolen, and a replayed edit")
def _(service):
    lane = service.lane()
    edit = ipc.encode("RULE_ADD", 2, ACTION=1, PROT=253)
    lane.send(edit)
    assert answer(lane) == "passed"
    lane.ask("RULE_DEL", PROT=253)
    return as_broker(lambda: answer(ipc.Talker(lane.socket), edit))


@case("broker→priv", "a message of root's taken from its lane")
def _(service):
    # A thief of e7-priv's end takes a whole message, and can splice none.
    ours, theirs = pair()
    ours.send(ipc.encode("RULE_ADD", 5, ACTION=1, PROT=6))
    with theirs:
        theirs.recv(1 << 16)
        service.hand_over(theirs.fileno())
    return answer(ipc.Talker(ours), ipc.encode("HELLO", 6))


@contextlib.contextmanager
def connection():
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    path = tempfile.mkdtemp() + "/socket"
    listener.bind(path)
    listener.listen()
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.connect(path)
    accepted, _ = listener.accept()
    with listener, client, accepted:
        yield listener, client, accepted


for _index, _name in enumerate((
        "a listening socket", "a connection to a listener of its own", "an accepted connection")):
    @case("broker→priv", _name)
    def _(service, index=_index):
        with connection() as sockets:
            return at_door(service, sockets[index].fileno())


@case("broker→priv", "a stream pair")
def _(service):
    ours, theirs = pair(kind=socket.SOCK_STREAM)
    with ours, theirs:
        return at_door(service, theirs.fileno())


@case("broker→priv", "a pipe")
def _(service):
    ends = os.pipe()
    try:
        return at_door(service, ends[0])
    finally:
        for end in ends:
            os.close(end)


@case("broker→priv", "a file")
def _(service):
    with open("/etc/passwd", "rb") as file:
        return at_door(service, file.fileno())


@case("broker→priv", "a netlink socket")
def _(service):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16) as netlink:
        return at_door(service, netlink.fileno())


@case("broker→priv", "no descriptor")
def _(service):
    return at_door(service)


for _count, _name in ((2, "two descriptors"), (253, "253 descriptors")):
    @case("broker→priv", _name)
    def _(service, count=_count):
        ours, theirs = pair()
        with ours, theirs:
            return at_door(service, *[theirs.fileno()] * count)


for _name, _message in (
        ("garbage with a descriptor", b"\xe7" * 5000),
        ("another message with a descriptor", ipc.encode("HELLO")),
        ("a lane message with an attribute", ipc.encode("LANE", ID=1)),
        ("a lane message of 60,000 bytes", ipc.encode("LANE") + b"\0" * 60000)):
    @case("broker→priv", _name)
    def _(service, message=_message):
        ours, theirs = pair()
        with ours, theirs:
            return at_door(service, theirs.fileno(), message=message)


@case("broker→priv", "an empty datagram")
def _(service):
    service.door.send(b"")
    return "restart" if service.process.wait(60) == 0 else "died"


@case("broker→priv", "more lanes than there may be")
def _(service):
    lanes = [service.lane() for _ in range(defs.LIMIT["LANES_UID"])]
    word = answer(service.lane(greet=False), ipc.encode("HELLO"))
    for lane in lanes:
        lane.close()
    return word


@case("broker→priv", "a thousand lanes that are closed at once")
def _(service):
    before = service.descriptors()
    for _ in range(1000):
        ours, theirs = pair()
        with ours, theirs:
            service.hand_over(theirs.fileno())
    service.lane().close()
    # Answered behind all of them.
    service.lane().close()
    return "passed" if service.descriptors() <= before + 2 else "full"


def denied(call):
    try:
        call()
    except OSError as error:
        return "denied" if error.errno in (errno.EPERM, errno.EACCES) else errno.errorcode[error.errno]
    return "done"


@case("broker→priv", "an edit by its own netlink socket")
def _(service):
    def edit():
        with genl.Family() as family:
            family.do("RULE_ADD", ACTION=1, PROT=6)
    return as_broker(lambda: denied(edit))


def raw(number, *arguments):
    if libc.syscall(number, *[ctypes.c_long(argument) for argument in arguments]) < 0:
        raise OSError(ctypes.get_errno(), "syscall")


@case("broker→priv", "ptrace")
def _(service):
    return as_broker(lambda: denied(lambda: raw(101, 16, service.process.pid, 0, 0)))


@case("broker→priv", "pidfd_getfd")
def _(service):
    def steal():
        pidfd = os.pidfd_open(service.process.pid)
        raw(438, pidfd, 3, 0)
    return as_broker(lambda: denied(steal))


@case("broker→priv", "process_vm_readv")
def _(service):
    space = ctypes.create_string_buffer(8)
    part = (ctypes.c_size_t * 2)(ctypes.addressof(space), 8)
    return as_broker(lambda: denied(lambda: raw(
        310, service.process.pid, ctypes.addressof(part), 1, ctypes.addressof(part), 1, 0)))


@case("broker→priv", "a signal")
def _(service):
    return as_broker(lambda: denied(lambda: os.kill(service.process.pid, signal.SIGKILL)))


@case("broker→priv", "reading its memory's file")
def _(service):
    return as_broker(lambda: denied(lambda: open(f"/proc/{service.process.pid}/mem", "rb")))


@case("broker→priv", "kill -9, as root")
def _(service):
    service.process.kill()
    return "restart" if service.process.wait(60) == -signal.SIGKILL else "lives"


# ---- admin→priv ----


def lane_case(name, make):
    @case("admin→priv", name)
    def _(service):
        with service.lane() as lane:
            return answer(lane, make())


def attribute(number, payload):
    return struct.pack("<HH", len(payload) + 4, number) + payload + b"\0" * (-len(payload) % 4)


def message(name, body):
    return struct.pack("<4sBBHIII", b"\xe7\x00E7", 1, 0, ipc.TYPE[name], 0, 7, 20 + len(body)) + body


def bent(datagram, at, value):
    return datagram[:at] + bytes([value]) + datagram[at + 1:]


COMMIT = ipc.encode("COMMIT")
RULE = {"ACTION": 1, "PROT": 6}
for _name, _make in (
        ("a message longer than one may be", lambda: b"\xe7\0E7" * 20000),
        ("bytes that are no message", lambda: b"\xe7" * 64),
        ("text", lambda: b"allow tcp\n"),
        ("a length that is not the datagram's", lambda: COMMIT + b"\0"),
        ("two edits in a datagram", lambda: ipc.encode("RULE_ADD", **RULE) * 2),
        ("an unknown type", lambda: ipc.encode(999)),
        ("another major version", lambda: ipc.encode("COMMIT", major=2)),
        ("a reserved bit", lambda: bent(COMMIT, 8, 1)),
        ("a question", lambda: ipc.encode("STATUS")),
        ("a lane in a lane", lambda: ipc.encode("LANE")),
        ("an action that does not exist", lambda: ipc.encode("RULE_ADD", ACTION=99, PROT=6)),
        ("a flag that does not exist", lambda: ipc.encode("FLAG_SET", FLAG=200, VALUE=1)),
        ("a counter", lambda: ipc.encode("FLAG_SET", FLAG=defs.FLAG["uptime"], VALUE=1)),
        ("a value of another kind", lambda: ipc.encode("FLAG_SET", FLAG=defs.FLAG["fail"], VALUE=9)),
        ("a value of 64 bits", lambda: ipc.encode("FLAG_SET", FLAG=1, VALUE=1 << 32 | 1)),
        ("a relative path", lambda: ipc.encode("RULE_ADD", **RULE, PATH="bin/x")),
        ("a path with /../", lambda: ipc.encode("RULE_ADD", **RULE, PATH="/a/../b")),
        ("a path with a line feed", lambda: ipc.encode("RULE_ADD", **RULE, PATH="/a\nb")),
        ("a path of 4,096 bytes", lambda: ipc.encode("RULE_ADD", **RULE, PATH="/" + "x" * 4095)),
        ("a path with a NUL inside", lambda: message(
            "RULE_ADD", attribute(7, b"\1") + attribute(9, b"/a\0b\0"))),
        ("a protocol of another width", lambda: message(
            "RULE_ADD", attribute(7, b"\1") + attribute(8, b"\6\0\0\0"))),
        ("an attribute twice", lambda: message("RULE_ADD", attribute(7, b"\1") * 2)),
        ("an attribute that does not belong", lambda: ipc.encode("COMMIT", ID=1)),
        ("an attribute of a later version", lambda: bent(
            message("RULE_ADD", attribute(7, b"\1") + attribute(200, b"")), 5, 1)),
        ("ports in the wrong order", lambda: ipc.encode(
            "RULE_ADD", **RULE, PORT_FIRST=9, PORT_LAST=8)),
        ("half a range of ports", lambda: ipc.encode("RULE_ADD", **RULE, PORT_FIRST=9)),
        ("an address with bits behind its prefix", lambda: message(
            "RULE_ADD", attribute(7, b"\1") + attribute(15, b"\2") +
            attribute(17, bytes([10, 0, 0, 1])) + attribute(33, b"\x08"))),
        ("a comment that is no text", lambda: message(
            "RULE_ADD", attribute(7, b"\1") + attribute(8, b"\6\0") + attribute(37, b"\xff\0"))),
        ("clear of everything, blindly", lambda: ipc.encode("RULE_CLEAR")),
        ("a stale clear", lambda: ipc.encode("RULE_CLEAR", GENERATION=1 << 60)),
        ("a stale load", lambda: ipc.encode("BEGIN", REPLACE=True, GENERATION=1 << 60)),
        ("commit without begin", lambda: COMMIT),
        ("the rules file without a generation", lambda: ipc.encode("SAVE", PART="x", LAST=True))):
    lane_case(_name, _make)


@case("admin→priv", "another's transaction")
def _(service):
    with service.lane() as one, service.lane() as other:
        one.ask("BEGIN")
        return answer(other, ipc.encode("BEGIN"))


@case("admin→priv", "a message of a child's")
def _(service):
    lane = service.lane()
    in_child(lambda: lane.send(ipc.encode("RULE_ADD", 7, **RULE)))
    return answer(lane)


@case("admin→priv", "a set-user-id program's message")
def _(service):
    reader, writer = os.pipe()

    def confused():
        ours, theirs = pair()
        service.hand_over(theirs.fileno())
        os.setresuid(pwd.getpwnam("alice").pw_uid, 0, 0)
        os.write(writer, answer(ipc.Talker(ours), ipc.encode("RULE_ADD", 7, **RULE)).encode())

    in_child(confused)
    return os.read(reader, 64).decode()


@case("admin→priv", "credentials forged by alice")
def _(service):
    lane = service.lane()
    reader, writer = os.pipe()

    def forge():
        become("alice")
        forged = struct.pack("=iII", os.getppid(), 0, 0)
        os.write(writer, denied(lambda: lane.socket.sendmsg(
            [ipc.encode("RULE_ADD", 7, **RULE)],
            [(socket.SOL_SOCKET, ipc.SCM_CREDENTIALS, forged)])).encode())

    in_child(forge)
    return os.read(reader, 64).decode()


@case("admin→priv", "a descriptor with an edit")
def _(service):
    with service.lane() as lane, open("/etc/passwd", "rb") as file:
        before = service.descriptors()
        lane.socket.sendmsg(
            [ipc.encode("RULE_ADD", 7, **RULE)],
            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file.fileno()]))])
        word = answer(lane)
        assert service.descriptors() <= before
        return word


# ---- the table ----


def test_the_table_has_a_test_for_each_row_and_a_row_for_each_test():
    assert set(case) == set(ROWS)
    # Of all borders.
    assert len(attacks.rows("client→broker", "broker→priv", "admin→priv", "kernel→priv", "files")) >= 60


@pytest.mark.parametrize("border, name", list(ROWS), ids=[f"{b} {n}" for b, n in ROWS])
def test_what_comes_of_it(e7, border, name):
    e7.block(prot="udp")
    service = Service()
    rules, flags = e7.rules(), {flag: e7.get(flag) for flag in defs.SETTABLE}
    lines = len(service.lines())
    outcome = case[border, name](service)
    assert outcome == ROWS[border, name]
    # A rule that was added and removed again has moved nothing but the numbers.
    assert e7.rules() == rules
    assert {flag: e7.get(flag) for flag in defs.SETTABLE} == flags
    if outcome not in ("passed", "denied", "restart"):
        assert "refused: " in service.lines()[lines:] or "that is no lane" in service.lines()[lines:]
    if service.process.poll() is not None:
        service = Service()
    with service.lane() as lane:
        lane.ask("RULE_ADD", ACTION=2, PROT=132)
    assert len(e7.rules()) == len(rules) + 1
    service.close()
