# SPDX-License-Identifier: GPL-2.0-or-later
"""What fails or dies in the middle: strace(1) makes each system call of an edit and of a save fail, or
kills the service at it, one after the other.  Nothing is lost and nothing half done.
"""

import re
import signal
import subprocess

import pytest

from kit import ipc
from test_priv import Service
from test_save import NEXT, PREVIOUS, RULES, _folder, save  # noqa: F401

pytestmark = pytest.mark.usefixtures("no_suite")
OLD, NEW = "allow udp\n", "block tcp\n"


@pytest.fixture(scope="module")
def unfiltered():
    """What starts a program whose filter lets everything through: a call that strace(1) makes fail has
    number -1 when the filter sees it, which would kill."""
    source, library = "/tmp/unfiltered.c", "/tmp/unfiltered.so"
    with open(source, "w", encoding="ascii") as file:
        file.write("int seccomp_load(void *filter) { return 0; }\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    return f"env LD_PRELOAD={library}"


class Traced:
    """strace on a service that runs, from the moment that it has attached to it."""

    def __init__(self, service, *arguments):
        self.log = f"/tmp/strace.{service.process.pid}"
        self.process = subprocess.Popen(
            ["strace", "-o", self.log, *arguments, "-p", str(service.process.pid)],
            stderr=subprocess.PIPE, text=True)
        while "attached" not in (line := self.process.stderr.readline()):
            assert line, "strace ended"

    def end(self):
        """The calls that were made, in order, without those that wait."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return re.findall(r"^(\w+)\(", file.read(), re.M)


def edit(lane, e7):
    lane.done("RULE_ADD", ACTION=2, PROT=6, PATH="/opt/new")


def write_rules(lane, e7):
    save(lane, e7, NEW)


def is_done(act, e7):
    if act is edit:
        return [rule["PATH"] for rule in e7.rules() if rule.get("PATH")] == ["/opt/new"]
    return RULES.read_text() == NEW


def is_undone(act, e7):
    if act is edit:
        return [rule for rule in e7.rules() if rule.get("PATH")] == []
    return RULES.read_text() == OLD


def prepare(e7):
    e7.clear()
    e7.block(prot="udp")
    PREVIOUS.unlink(missing_ok=True)
    RULES.write_text(OLD)


def steps(act, e7):
    """(call, how many-th of this name) of what the service does for it."""
    prepare(e7)
    service = Service()
    with service.lane() as lane:
        traced = Traced(service)
        act(lane, e7)
        calls = traced.end()
    service.close()
    assert is_done(act, e7)
    seen, found = {}, []
    for call in calls:
        seen[call] = seen.get(call, 0) + 1
        found.append((call, seen[call]))
    return found


def attempt(act, e7, injection, wrap=""):
    """What becomes of it with that fault: the errno that was answered, 0, or None without answer."""
    prepare(e7)
    service = Service(wrap=wrap)
    with service.lane() as lane:
        traced = Traced(service, "-e", f"inject={injection}")
        try:
            act(lane, e7)
            answer = 0
        except ipc.Refused as refused:
            answer = refused.errno
        except (EOFError, ConnectionError, BrokenPipeError, TimeoutError):
            answer = None
        traced.end()
    service.door.close()
    service.process.wait(60)
    return answer


def survives(act, e7):
    """What was begun hinders nobody afterwards."""
    service = Service()
    with service.lane() as lane:
        lane.ask("BEGIN")
        lane.ask("ABORT")
        act(lane, e7)
    service.close()
    assert is_done(act, e7)
    assert not NEXT.exists()


@pytest.mark.parametrize("act", [edit, write_rules])
def test_killed_at_each_call_it_is_done_or_not(folder, e7, act):
    found = steps(act, e7)
    names = {call for call, _ in found}
    assert {"recvmsg", "write", "sendmsg"} <= names
    assert act is edit or {"openat", "pwrite64", "fsync", "renameat2"} <= names
    for call, number in found:
        if call == "exit_group":
            continue
        answer = attempt(act, e7, f"{call}:signal=KILL:when={number}")
        assert is_done(act, e7) or is_undone(act, e7), (call, number)
        if answer == 0:
            assert is_done(act, e7), (call, number)
        survives(act, e7)


FAULTS = {
    "write": ("ENOSPC", "EINTR", "EAGAIN", "EIO"),
    "recvmsg": ("ENOMEM", "EINTR", "EAGAIN"), "sendmsg": ("ENOMEM", "EINTR", "EAGAIN"),
    "ppoll": ("EINTR", "ENOMEM"), "openat": ("ENOMEM", "ENOSPC", "EINTR"),
    "pwrite64": ("ENOSPC", "EINTR", "EIO"), "fsync": ("EIO", "ENOSPC", "EINTR"),
    "renameat2": ("ENOSPC", "EIO", "ENOMEM"), "brk": ("ENOMEM",)}


@pytest.mark.parametrize("act", [edit, write_rules])
def test_a_call_that_fails_once_is_told_or_made_again(folder, e7, act, unfiltered):
    answers = []
    for turn, (call, number) in enumerate(steps(act, e7)):
        if call not in FAULTS:
            continue
        # One of them each time, so that all come in turn.
        name = FAULTS[call][turn % len(FAULTS[call])]
        answer = attempt(act, e7, f"{call}:error={name}:when={number}", unfiltered)
        where = (call, number, name, answer)
        assert is_done(act, e7) or is_undone(act, e7), where
        # What was answered is what is: that it is unknown is said by an end of the lane alone.
        if answer == 0:
            assert is_done(act, e7), where
        answers.append(answer)
    assert 0 in answers and set(answers) - {0, None}
    survives(act, e7)


@pytest.mark.parametrize("name", ["ENOMEM", "EINTR", "EAGAIN"])
def test_the_kernels_answer_is_waited_for_whatever_happens_meanwhile(folder, e7, name, unfiltered):
    """A reading of it that fails leaves it there: what was done is told as done."""
    found = steps(edit, e7)
    asked = False
    tried = 0
    for call, number in found:
        if call == "recvmsg" and asked:
            injection = f"recvmsg:error={name}:when={number}"
            assert attempt(edit, e7, injection, unfiltered) == 0, number
            assert is_done(edit, e7), number
            tried += 1
        asked = call == "sendmsg" or asked and call in ("ppoll", "clock_gettime", "brk", "getsockopt")
    assert tried >= 2
