# SPDX-License-Identifier: GPL-2.0-or-later
"""Each system call that a filter lets through is one that is made: what service and broker do under
strace(1), against the lists in the sources."""

import contextlib
import errno
import os
import pathlib
import pwd
import re
import resource
import signal
import socket
import types

import pytest

from kit import defs, ipc, net
from test_faults import Traced
from test_priv import Service, pair
from test_save import NEXT, _folder, save  # noqa: F401
from test_supervisor import Suite, until

pytestmark = pytest.mark.usefixtures("no_suite")
SOURCES = pathlib.Path(__file__).parents[2] / "Sources"
SERVICE = SOURCES / "CE7Sandbox/service_calls.c"
BROKER = SOURCES / "CE7BrokerCalls/calls.c"
CLOCK = pathlib.Path("/sys/devices/system/clocksource/clocksource0")


def allowed(source):
    names = set(re.findall(r"SYS_(\w+)", source.read_text(encoding="utf-8")))
    assert len(names) > 10
    return names


@contextlib.contextmanager
def slow_clock():
    """A clock that cannot be read without a system call."""
    before = (CLOCK / "current_clocksource").read_text()
    others = set((CLOCK / "available_clocksource").read_text().split())
    slow = sorted(others & {"acpi_pm", "hpet", "jiffies"})
    assert slow, others
    (CLOCK / "current_clocksource").write_text(slow[0])
    try:
        yield
    finally:
        (CLOCK / "current_clocksource").write_text(before)


def traced_calls(traced):
    calls = set(traced.end())
    # What a wait is called when strace attaches in the middle of it.
    return calls - {"restart_syscall"}, pathlib.Path(traced.log).read_text(errors="replace")


def much(lane):
    """So long a text that there is not memory enough for it at first."""
    for _ in range(4):
        lane.done("SAVE", PART="x" * defs.LIMIT["PART"])


def stranger(service):
    """Somebody of whom it takes his groups to know that he may not edit."""
    os.seteuid(pwd.getpwnam("alice").pw_uid)
    try:
        ours, theirs = pair()
    finally:
        os.seteuid(0)
    with theirs:
        service.hand_over(theirs.fileno())
    with ipc.Talker(ours) as talker, pytest.raises(ipc.Refused):
        talker.ask("HELLO")


def test_the_service_makes_each_call_that_it_may(folder, e7):
    with slow_clock():
        service = Service()
        traced = Traced(service)
        with service.lane() as lane:
            lane.done("RULE_ADD", ACTION=2, PROT=6, PATH="/opt/new")
            much(lane)
            stranger(service)
            save(lane, e7, "allow udp\n")
            # Where there is one already the names are exchanged.
            save(lane, e7, "allow tcp\n")
        assert not NEXT.exists()
        service.door.close()
        service.process.wait(60)
        calls, log = traced_calls(traced)
    assert calls == allowed(SERVICE)
    options = set(re.findall(r"\bSO_\w+", SERVICE.read_text(encoding="utf-8")))
    assert options == set(re.findall(r"^getsockopt\(\d+, SOL_SOCKET, (SO_\w+)", log, re.M))


def many_rules(console, lane):
    """A list that takes more than one part, and more memory than there was."""
    lane.ask("BEGIN")
    for number in range(2000):
        lane.ask("RULE_ADD", ACTION=1, PATH="/opt/" + "x" * 200 + str(number))
    lane.ask("COMMIT")
    assert len(console.rules()) == 2000


def crowd(suite, pid):
    """More consoles than the broker has descriptors for; one more is told so."""
    now = len(os.listdir(f"/proc/{pid}/fd"))
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (now + 2, before[1]))
    with contextlib.ExitStack() as stack:
        with pytest.raises(ipc.Refused) as refused:
            for _ in range(4):
                stack.enter_context(ipc.Console(suite.socket))
        assert refused.value.errno == errno.EMFILE
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def line(suite):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as console:
        console.connect(suite.socket)
        console.send(b"rules\n")
        assert console.recv(1 << 16)


def test_the_broker_makes_each_call_that_it_may(e7):
    net.build_talk(net.TALK)
    with slow_clock():
        suite = Suite()
        pid = suite.child("e7-broker")
        traced = Traced(types.SimpleNamespace(process=types.SimpleNamespace(pid=pid)))
        with ipc.Console(suite.socket).subscribe() as console:
            assert console.ask("STATUS") and console.ask("FLAG_GET")
            with console.lane() as lane:
                lane.done("FLAG_SET", FLAG=defs.FLAG["squelch"], VALUE=0)
                many_rules(console, lane)
            net.burst("127.0.0.1", 20)
            assert list(console.events())
        line(suite)
        crowd(suite, pid)
        os.kill(pid, signal.SIGTERM)
        until(lambda: suite.child("e7-broker") not in (pid, None))
        calls, _ = traced_calls(traced)
        suite.end()
    assert calls == allowed(BROKER)
