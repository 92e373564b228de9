# SPDX-License-Identifier: GPL-2.0-or-later
"""A suite of its own, beside the one that runs: started, killed piece by piece, ended."""

import os
import pathlib
import pwd
import signal
import stat
import subprocess
import tempfile
import time

import pytest

from kit import defs, ipc

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
    users = {pid: uid for pid, (_, _, uid) in processes().items()}
    service, broker = suite.settled()
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
