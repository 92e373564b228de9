# SPDX-License-Identifier: GPL-2.0-or-later
"""A suite of its own: started, killed piece by piece, ended."""

import contextlib
import errno
import os
import pathlib
import pwd
import signal
import stat
import subprocess
import tempfile
import time

import pytest

from kit import defs, genl, ipc, module, net

pytestmark = pytest.mark.usefixtures("no_suite")
PROGRAM = "/usr/sbin/e7-priv"


def processes():
    """Parent, name and effective user of each process that has not ended."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "status").read_text().splitlines()
        except OSError:
            continue
        fields = dict(line.split(":\t", 1) for line in fields if ":\t" in line)
        if not fields["State"].startswith("Z"):
            found[int(entry.name)] = (
                int(fields["PPid"]), fields["Name"], int(fields["Uid"].split()[1]))
    return found


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)
    return value


class Suite:
    """e7-priv with a /run/e7 of its own."""

    def __init__(self, before="true"):
        self.log = tempfile.TemporaryFile()
        pathlib.Path("/run/e7").mkdir(exist_ok=True)
        start = f"mount -t tmpfs -o mode=755 none /run/e7 && {before} && exec {PROGRAM}"
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "bash", "-c", start],
            stderr=self.log)
        self.folder = pathlib.Path(f"/proc/{self.process.pid}/root/run/e7")
        self.socket = str(self.folder / "console.sock")
        self.settled()

    def lines(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode()

    def child(self, name):
        for pid, (parent, found, uid) in processes().items():
            if parent == self.process.pid and found == name and uid != 0:
                return pid
        return None

    def settled(self):
        """The ids of service and broker, both under their own users."""
        return until(lambda: (self.child("e7-priv") or 0) and (self.child("e7-broker") or 0) and
                     (self.child("e7-priv"), self.child("e7-broker")))

    def edit(self):
        """An edit the whole way round."""
        def attempt():
            try:
                with ipc.Console(self.socket) as console, console.lane() as lane:
                    return lane.done("FLAG_SET", FLAG=defs.FLAG["drops"], VALUE=1)
            except (OSError, EOFError, ipc.Refused):
                return None
        return until(attempt)

    def again(self):
        """The same command beside it, in the same place."""
        return subprocess.run(["nsenter", "--mount", f"--target={self.process.pid}", PROGRAM],
                              capture_output=True, text=True, timeout=30)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0, self.lines()


@pytest.fixture
def suite(e7):
    suite = Suite()
    yield suite
    if suite.process.poll() is None:
        suite.end()


def test_it_runs_both_under_users_of_their_own(suite):
    service, broker = suite.settled()
    users = {pid: uid for pid, (_, _, uid) in processes().items()}
    assert users[service] == pwd.getpwnam("_e7-priv").pw_uid
    assert users[broker] == pwd.getpwnam("_e7-broker").pw_uid
    console = (suite.folder / "console.sock").stat()
    assert stat.S_ISSOCK(console.st_mode) and stat.S_IMODE(console.st_mode) == 0o666
    folder = suite.folder.stat()
    assert (folder.st_uid, stat.S_IMODE(folder.st_mode)) == (0, 0o755)
    suite.edit()


@pytest.mark.parametrize("name", ["e7-priv", "e7-broker"])
def test_a_child_that_is_killed_is_back_within_a_second(suite, name):
    for _ in range(3):
        suite.edit()
        old = suite.child(name)
        started = f"started {name}, pid="
        before = suite.lines().count(started)
        killed = time.monotonic()
        os.kill(old, signal.SIGKILL)
        until(lambda: suite.lines().count(started) > before)
        assert time.monotonic() - killed < 1
        assert until(lambda: suite.child(name)) != old
    suite.edit()


def test_what_is_in_force_stays_when_all_of_it_dies(suite, e7):
    e7.block(prot="udp")
    rules = e7.rules()
    for pid in suite.settled():
        os.kill(pid, signal.SIGKILL)
    suite.edit()
    assert e7.rules() == rules


def sees(suite, e7):
    """Whether a console of root's is told of a packet."""
    def attempt():
        try:
            with ipc.Console(suite.socket).subscribe() as console:
                net.burst("127.0.0.1", 1)
                while (message := console.next(2)) is not None:
                    if message.name == "EVENT":
                        return True
        except (OSError, EOFError, ipc.Refused, AssertionError):
            pass
        return False
    return until(attempt, 60)


def test_each_broker_gets_a_view(suite, e7):
    """From who may claim one, again and again, without e7-priv's service."""
    net.build_talk(net.TALK)
    e7.set("squelch", "disabled")
    service = suite.child("e7-priv")
    for _ in range(3):
        assert sees(suite, e7)
        old = suite.child("e7-broker")
        os.kill(old, signal.SIGKILL)
        until(lambda: suite.child("e7-broker") not in (None, old))
    assert sees(suite, e7)
    assert suite.child("e7-priv") == service
    # What the brokers before had has ended with them: there is room for all but one.
    with contextlib.ExitStack() as stack:
        for _ in range(defs.LIMIT["VIEWS"] - 1):
            stack.enter_context(genl.Family()).do("CLAIM", SOCKET_ROLE=defs.ROLE["view"])


@pytest.fixture
def reloading():
    """A suite on a module that may go."""
    suite = Suite()
    yield suite
    suite.end()


def test_it_outlives_the_module(reloading):
    """Both children are started again for the one that is loaded now, and nobody waits for long."""
    before = reloading.settled()
    with module.unloaded():
        until(lambda: "ended with status 75" in reloading.lines())
        with pytest.raises(ipc.Refused) as refused, ipc.Console(reloading.socket) as console:
            console.lane()
        assert refused.value.errno == errno.ENODEV and "modprobe e7" in refused.value.text
    reloading.edit()
    assert not set(before) & set(reloading.settled())
    with genl.Family() as family:
        assert family.get("control") == reloading.child("e7-priv")
        family.set("drops", "disabled")


def test_a_module_that_is_loaded_anew_at_once(reloading):
    for _ in range(5):
        reloading.edit()
        with module.unloaded():
            pass
    reloading.edit()
    with genl.Family() as family:
        assert family.get("control") == reloading.child("e7-priv")
        family.set("drops", "disabled")


def test_it_waits_for_who_took_control(suite, e7):
    suite.edit()
    with genl.Family() as other:
        other.do("CLAIM", SOCKET_ROLE=defs.ROLE["control"], FORCE=True)
        until(lambda: "another process has taken the role control" in suite.lines())
        until(lambda: f"pid {os.getpid()}, " in suite.lines())
        assert "has the role control; FORCE takes it" in suite.lines()
        until(lambda: suite.lines().count("ended with status 76") >= 2)
    suite.edit()
    assert e7.get("control") == suite.child("e7-priv")


def test_no_child_outlives_it(suite):
    children = suite.settled()
    suite.process.kill()
    suite.process.wait()
    until(lambda: not set(children) & set(processes()))


def test_it_ends_in_order(suite):
    children = suite.settled()
    suite.end()
    assert not set(children) & set(processes())
    assert "the suite has ended" in suite.lines()


def test_a_second_one_says_so_and_leaves(suite):
    second = suite.again()
    assert second.returncode == 1 and second.stderr.count("\n") == 1
    assert "runs already" in second.stderr
    suite.edit()


def test_a_stale_socket_is_no_obstacle(e7):
    bind = "import socket as s; s.socket(s.AF_UNIX).bind('/run/e7/console.sock')"
    suite = Suite(before=f'/usr/bin/python3 -c "{bind}"')
    suite.edit()
    suite.end()


@pytest.mark.parametrize("arguments, status, words", [
    (["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", PROGRAM], 1, "root"),
    ([PROGRAM, "--verbose"], 2, "no argument"),
    (["unshare", "--mount", "bash", "-c",
      f"mount --bind /dev/null /etc/passwd && exec {PROGRAM}"], 1, "useradd --system"),
])
def test_what_is_wrong_is_one_line(arguments, status, words):
    run = subprocess.run(arguments, capture_output=True, text=True, timeout=30)
    assert run.returncode == status
    assert words in run.stderr and run.stderr.count("\n") == 1 and run.stdout == ""
