# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that runs out: each allocation of the module in turn, whatever is done.

With the module that modules/fail.h is built into: build/kmod-failing, or the one that tools/vm has
loaded. A packet is judged rightly or gets flag fail's verdict, is never named as another program,
and afterwards everything works; that nothing leaks is for `tools/vm --leaks` to find.
"""

import contextlib
import itertools
import os
import pathlib
import select
import signal
import socket
import subprocess
import time

import pytest

import test_helper
from kit import act, defs, genl, module, net, watch
from kit.act import A, B, Act
from kit.watch import both

FAILING = str(pathlib.Path(__file__).parents[2] / "build/kmod-failing/e7.ko")
LOADED = "/sys/module/e7"
NTH = f"{LOADED}/parameters/fail_nth"
# The work items that something begins have ended by then.
SETTLED = 0.15

families = pytest.mark.parametrize("family", (4, 6))
kinds = pytest.mark.parametrize("kind", ("tcp", "udp"))


@pytest.fixture(scope="module", autouse=True)
def failing_module():
    """The file of the module whose memory runs out; the other one is back afterwards."""
    if os.path.exists(NTH):
        yield module.FILE
        return
    with module.unloaded():
        net.run("insmod", FAILING)
        yield FAILING


@pytest.fixture
def seen(seen):
    """What memory runs out for may be an event."""
    seen.lossy = True
    return seen


def arm(n):
    """The nth allocation from now on fails; with 0, none."""
    with open(NTH, "w", encoding="ascii") as file:
        file.write(str(n))


def armed():
    """Which one from now on fails; 0 where it has."""
    with open(NTH, encoding="ascii") as file:
        return int(file.read())


def each_in_turn(perform, prepare=lambda: None, check=lambda: None, least=1):
    """perform(n), with the nth allocation failing, until it makes no more than n - 1.

    That it raises an error is as good as an answer; check() is to hold either way.
    """
    for n in itertools.count(1):
        prepare()
        arm(n)
        try:
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                perform(n)
            time.sleep(SETTLED)
            over = armed()
        finally:
            arm(0)
        check()
        if over:
            break
    print(n - 1, "allocations")
    assert n > least, "too few allocations"


def only(found, *names):
    """Nothing but these, unknown programs aside, is named in any direction."""
    for direction in found.values():
        assert {name for name in direction if not name.startswith("unknown")} <= set(names)


def works(seen, a, family=4):
    """A new flow of A is named as ever."""
    fd, port = a.dial("udp", net.PEER[family])
    assert a("write", fd, 10) == a("read", fd, 10) == 10
    a("close", fd)
    assert seen.client(port) == both(A)


# ---- packets ----


@families
@kinds
def test_packets_are_named_rightly_or_not(seen, echoes, a, kind, family):
    """bind, connect and send."""

    def talk(n):
        fd = a.socket(kind, family)
        a("option", fd, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        a("bind", fd, net.LOCAL[family], 20000 + n)
        ports.append(20000 + n)
        a("connect", fd, net.PEER[family], net.PORT)
        assert a("write", fd, 10) == a("read", fd, 10) == 10
        a("close", fd)

    ports = []
    each_in_turn(talk, least=2)
    for port in ports:
        only(seen.client(port, enough={}), A)
    works(seen, a, family)


@families
def test_accepted_sockets_are_named_rightly_or_not(seen, echoes, a, b, family):
    def serve(_):
        listener, port = a.serve("tcp", family)
        fd, own = b.dial("tcp", net.LOOPBACK[family], port)
        flows.append((port, own))
        child = a("accept", listener)
        assert b("write", fd, 10) == a("read", child, 10) == 10
        assert a("write", child, 10) == b("read", fd, 10) == 10
        for program, each in ((a, listener), (a, child), (b, fd)):
            program("close", each)

    flows = []
    each_in_turn(serve, least=3)
    for port, own in flows:
        only(seen.names(LPORT=port, RPORT=own, enough={}), A)
        only(seen.names(LPORT=own, RPORT=port, enough={}), B)
    works(seen, a, family)


@families
@kinds
def test_what_is_blocked_stays_blocked(e7, a, kind, family):
    """With `fail=block` nothing of A gets out, whatever memory there is."""
    number, protocol = act.TYPES[kind]
    with socket.socket(act.FAMILY[family], number) as taker:
        taker.bind((net.LOOPBACK[family], 0))
        if kind == "tcp":
            taker.listen(64)
        to = net.LOOPBACK[family], taker.getsockname()[1]

        def send(_):
            fd = a("socket", act.FAMILY[family], number | os.O_NONBLOCK, protocol)
            try:
                with contextlib.suppress(OSError):
                    a("connect", fd, *to)
                a("write", fd, 10)
            finally:
                a("close", fd)

        e7.set("fail", "block")
        e7.block(None, A)
        each_in_turn(send)
        assert not select.select([taker], [], [], 1)[0], "something arrived"
        e7.clear()
        fd, _ = a.dial(kind, *to)
        a("write", fd, 10)
        assert select.select([taker], [], [], 10)[0]
        a("close", fd)


@pytest.mark.parametrize("fail", ("allow", "block"))
def test_flag_fail_decides_where_memory_ran_out(e7, echoes, a, fail):
    """The one allocation of a known program's new socket; the next packet is judged."""

    def passes(fd):
        try:
            return a("sendto", fd, 10, 0, net.PEER[4], net.PORT) == 10
        except PermissionError:
            return False

    assert passes(a.socket("udp", 4))
    e7.set("fail", fail)

    def runs_out(n):
        # What is known to pass as a whole asks again where it got no memory: rules anew.
        e7.clear()
        e7.rule("block" if fail == "allow" else "allow", None, A)
        fd = a.socket("udp", 4)
        time.sleep(SETTLED)
        arm(n)
        found = passes(fd) == (fail == "allow")
        arm(0)
        assert passes(fd) != (fail == "allow")
        return found

    # What was without memory before may ask for some first, and goes without again; on a busy
    # machine work items do that are late.
    assert any(runs_out(n) for _ in range(3) for n in range(1, 7))


def test_event_that_memory_ran_out_for_is_counted(seen, e7, echoes, a):
    """The one allocation of a known flow's packet is its event's message."""
    fd, port = a.dial("udp", net.PEER[4])
    assert a("write", fd, 10) == a("read", fd, 10) == 10
    assert seen.client(port) == both(A)
    before = e7.get("qlost")
    arm(1)
    assert a("write", fd, 10) == a("read", fd, 10) == 10
    assert net.wait_until(lambda: not armed())
    assert net.wait_until(lambda: e7.get("qlost") > before)
    assert e7.get("qlost") == before + 1


# ---- processes ----


def test_what_was_executed_is_named_rightly_or_not(seen, echoes, a):
    def run(_):
        with Act(A) as program:
            fd, port = program.dial("udp", net.PEER[4])
            ports.append(port)
            program.exec(B)
            program("write", fd, 10)

    ports = []
    each_in_turn(run, least=2)
    for port in ports:
        only(seen.client(port, enough={}), B)
    works(seen, a)


def test_what_was_forked_is_named_rightly_or_not(seen, echoes, a):
    def fork(_):
        with a.fork() as child:
            fd, port = child.dial("udp", net.PEER[4])
            ports.append(port)
            child("write", fd, 10)

    ports = []
    each_in_turn(fork)
    for port in ports:
        only(seen.client(port, enough={}), A)
    works(seen, a)


# ---- questions and changes ----


QUESTIONS = {
    "status": lambda e7: e7.do("STATUS"),
    "flag": lambda e7: e7.get("mode"),
    "rules": lambda e7: e7.rules(),
}


def change_many(e7):
    e7.do("BEGIN")
    for n in range(40):
        e7.allow("tcp", f"/opt/many/{n}")
    e7.do("COMMIT")


def replace(e7):
    e7.do("BEGIN", REPLACE=b"")
    e7.allow("tcp")
    e7.do("COMMIT")


def try_out(e7):
    e7.do("BEGIN", REPLACE=b"")
    e7.allow("tcp")
    e7.do("COMMIT", CONFIRM=600)


def abort(e7):
    e7.do("BEGIN")
    e7.allow("tcp")
    e7.do("ABORT")


# What is done to five rules, and how many there are then.
CHANGES = {
    "add": (lambda e7: e7.allow("tcp", "/opt/new"), 6),
    "change": (lambda e7: e7.allow("udp", "/opt/0"), 5),
    "remove": (lambda e7: e7.do("RULE_DEL", PATH="/opt/0", PROT=17), 4),
    "clear": (lambda e7: e7.clear(), 0),
    "transaction": (change_many, 45),
    "replace": (replace, 1),
    "trial": (try_out, 1),
    "abort": (abort, 5),
    "set": (lambda e7: e7.set("unkrule", "block"), 5),
}


def five_rules(e7):
    with contextlib.suppress(genl.Refused):
        e7.do("REVERT")
    e7.set("unkrule", "allow")
    e7.clear()
    for n in range(5):
        e7.block("udp", f"/opt/{n}")


@pytest.mark.parametrize("question", QUESTIONS)
def test_questions_are_answered_or_refused(e7, question):
    def ask(_):
        with genl.Family() as asker:
            asker.socket.settimeout(20)
            QUESTIONS[question](asker)

    # The order of a list is made by the first who asks.
    each_in_turn(ask, prepare=lambda: five_rules(e7))
    assert len(e7.rules()) == 5


@pytest.mark.parametrize("change", CHANGES)
def test_changes_happen_whole_or_not_at_all(e7, change):
    perform, count = CHANGES[change]

    def attempt(_):
        # With somebody who hears of it; a transaction left open ends with its socket.
        with genl.Family() as changer, genl.Family() as listener:
            listener.join("notices")
            changer.socket.settimeout(20)
            perform(changer)

    def check():
        counts.add(len(e7.rules()))

    counts = set()
    each_in_turn(attempt, prepare=lambda: five_rules(e7), check=check)
    assert counts == {5, count}
    five_rules(e7)


def test_a_load_on_trial_goes_back_when_there_is_memory(e7):
    """A rule has ended meanwhile, so what comes back is made anew."""

    def prepare():
        five_rules(e7)
        e7.block("udp", "/opt/short", seconds=1)
        e7.do("BEGIN", REPLACE=b"")
        e7.do("COMMIT", CONFIRM=600)
        time.sleep(1.1)

    def check():
        with contextlib.suppress(genl.Refused):
            e7.do("REVERT")
        assert len(e7.rules()) == 5 and "CONFIRM" not in e7.do("STATUS")

    each_in_turn(lambda _: e7.do("REVERT"), prepare=prepare, check=check)


# ---- roles, the helper ----


def test_roles_begin_and_end(e7):
    def claim(_):
        with genl.Family() as family, genl.Family() as listener:
            listener.join("notices")
            family.socket.settimeout(20)
            for role in defs.ROLE.values():
                family.do("CLAIM", SOCKET_ROLE=role)
            family.do("BEGIN")

    each_in_turn(claim)
    assert net.wait_until(lambda: e7.get("control") == 0)
    with genl.Family() as family:
        family.do("CLAIM", SOCKET_ROLE=defs.ROLE["control"])
        family.do("BEGIN")


def test_a_view_is_told_or_it_is_counted(seen, e7, echoes, a):
    def send(_):
        a("write", fd, 10)
        a("read", fd, 10)

    fd, _ = a.dial("udp", net.PEER[4])
    with genl.Family() as viewer:
        viewer.do("CLAIM", SOCKET_ROLE=defs.ROLE["view"], LISTEN=True)
        each_in_turn(send)
        a("write", fd, 10)
        # What it missed it has learnt; from then on it hears again.
        with contextlib.suppress(OSError):
            viewer.socket.recv(1 << 17)
        assert net.wait_until(lambda: heard(viewer))
    a("close", fd)


def heard(viewer):
    try:
        return viewer.next(2) is not None
    except OSError:
        return False


def test_a_helper_is_started_when_there_is_memory(failing_module):
    """However often it takes."""
    with module.unloaded():
        net.run("insmod", failing_module, test_helper.helper(test_helper.GOOD + test_helper.STAYS),
                "helper_timeout=120")

        def die(_):
            before = len(test_helper.started())
            os.kill(test_helper.started()[-1][0], signal.SIGKILL)
            assert net.wait_until(lambda: len(test_helper.started()) > before, 60)

        each_in_turn(die)
        assert module.rmmod()
    # The other one is back, and goes again.
    assert net.wait_until(module.rmmod)
    net.run("insmod", failing_module)


# ---- networks, and the module itself ----


def test_networks_begin_whole_or_not_at_all(e7):
    def begin(_):
        net.run("unshare", "--net", "true")

    each_in_turn(begin)
    net.run("unshare", "--net", "true")


def test_loading(failing_module, echoes, programs):
    """Refused or whole; a program older than the module is named rightly or not."""
    with Act(A) as older:
        fd, port = older.dial("udp", net.PEER[4])
        refused = 0
        for n in itertools.count(1):
            if os.path.exists(LOADED):
                assert net.wait_until(module.rmmod)
            done = subprocess.run(["insmod", failing_module, "mode=enabled", "squelch=disabled",
                                   f"fail_nth={n}"], capture_output=True, text=True)
            if done.returncode:
                assert "Cannot allocate memory" in done.stderr
                assert not os.path.exists(LOADED)
                refused += 1
                continue
            # Not while this itself asks the module.
            left = armed()
            arm(0)
            with genl.Family() as e7, watch.Watch(e7, lossy=True) as seen:
                arm(left)
                older("write", fd, 10)
                time.sleep(SETTLED)
                over = armed()
                arm(0)
                only(seen.client(port, enough={}), A)
                before = e7.get("qpackets")
                assert net.exchange("udp", net.PEER[4])
                assert e7.get("qpackets") > before
            if over:
                break
        print(n - 1, "allocations,", refused, "without which it is not loaded")
        assert 10 < refused < n
