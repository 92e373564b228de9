# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 of service or broker at any instant of an edit: the edit is done or not, its client says which,
and the next one finds the suite at work.  E7_SEED=N does a run again."""

import os
import random
import signal
import subprocess
import time

import pytest

from test_supervisor import Suite, until

pytestmark = pytest.mark.usefixtures("no_suite")
CLIENT = "/usr/bin/e7-client"
SEED = int(os.environ.get("E7_SEED", "0")) or random.randrange(1, 1 << 32)
ROUNDS = 40


def pids(suite):
    return dict(zip(("e7-priv", "e7-broker"), suite.settled()))


def begin(suite, path):
    return subprocess.Popen(
        ["nsenter", "--mount", f"--target={suite.process.pid}", CLIENT, "block", "tcp", path],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def paths(e7):
    return [rule["PATH"] for rule in e7.rules() if "PATH" in rule]


def check(client, path, e7):
    """What a client says that was hit, beside what is; the word for it."""
    words, _ = client.communicate(timeout=120)
    found = path in paths(e7)
    if client.returncode == 0:
        assert found, words
        return "done"
    if "nothing was changed" in words:
        assert not found, words
        return "not done"
    # It had sent nothing, or the suite said no.
    assert not found, words
    return "not begun"


class Told:
    """What the log of a suite says from now on."""

    def __init__(self, suite):
        self.log = suite.log.fileno()
        self.start = os.fstat(self.log).st_size

    def says(self, words):
        return words.encode() in os.pread(self.log, 1 << 20, self.start)


def test_killed_at_any_instant_an_edit_is_done_or_not(e7, capsys):
    chance = random.Random(SEED)
    suite = Suite()
    for path in ("/opt/first", "/opt/second"):
        start = time.monotonic()
        assert begin(suite, path).wait(60) == 0
        whole = time.monotonic() - start
    became, back = {}, []
    for number in range(ROUNDS):
        name = chance.choice(["e7-priv", "e7-broker"])
        path = f"/opt/{number}"
        # Looked up before: that takes longer than an edit.
        pid = pids(suite)[name]
        before = suite.lines().count(f"started {name}, pid=")
        told = Told(suite)
        client = begin(suite, path)
        if number % 2:
            time.sleep(whole * chance.random())
        else:
            # About when the edit is under way.
            until(lambda: told.says("lane opened"), 60)
            time.sleep(chance.uniform(0, 0.05))
        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        until(lambda: suite.lines().count(f"started {name}, pid=") > before)
        back.append(time.monotonic() - killed)
        word = check(client, path, e7)
        became[word] = became.get(word, 0) + 1
        # Whoever died, of the edits before none is lost.
        assert len(paths(e7)) == len(set(paths(e7)))
    suite.edit()
    suite.end()
    back.sort()
    with capsys.disabled():
        print(f"\nkilled {len(back)} times, E7_SEED={SEED}: edits {became}; started again after "
              f"{back[len(back) // 2] * 1000:.0f} ms, at most {back[-1] * 1000:.0f} ms")
    assert became.get("done", 0) > 0


def load(suite, lines):
    client = subprocess.Popen(
        ["nsenter", "--mount", f"--target={suite.process.pid}", CLIENT, "load", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    client.stdin.write("".join(lines))
    client.stdin.close()
    return client


def test_a_load_is_whole_or_not_at_all(e7, capsys):
    """The same for edits that take effect together."""
    chance = random.Random(SEED + 1)
    suite = Suite()
    lines = [f"block tcp /srv/{number}\n" for number in range(2000)]
    became = {}
    for number in range(12):
        name = chance.choice(["e7-priv", "e7-broker"])
        e7.clear()
        pid = pids(suite)[name]
        told = Told(suite)
        client = load(suite, lines)
        until(lambda: told.says("BEGIN REPLACE"), 60)
        if number == 0:
            # The first one shows how long it takes from here.
            start = time.monotonic()
            assert client.wait(120) == 0
            whole = time.monotonic() - start
            continue
        time.sleep(whole * chance.uniform(0, 1.1))
        os.kill(pid, signal.SIGKILL)
        client.wait(120)
        words = client.stdout.read()
        found = len(paths(e7))
        assert found in (0, len(lines)), words
        assert (client.returncode == 0) == (found > 0), words
        assert found or "nothing was changed" in words, words
        became[found] = became.get(found, 0) + 1
    suite.end()
    with capsys.disabled():
        print(f"\nloads that were hit, by their rules: {became}")
