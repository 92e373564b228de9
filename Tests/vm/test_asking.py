# SPDX-License-Identifier: GPL-2.0-or-later
"""Being asked, through the whole chain: the kernel, the broker, a client that is told and one that
answers over a lane.
"""

import json
import re
import subprocess

import pytest

from kit import net
from test_commands import CLIENT, client

ASKS = [net.TALK, "tcp", "ask", net.PEER[4], str(net.PORT), "60000", "5"]


@pytest.fixture
def asking(e7, echoes):
    """Programs of the scenarios ask before they go out by TCP."""
    assert client("set", "asktime", "600")[0] == 0
    assert client("ask", "tcp", net.TALK, "out")[0] == 0
    return e7


def waiting(user=None):
    """The questions that `e7-client questions` lists, as objects."""
    status, out, error = client("--json", "questions", user=user)
    assert (status, error) == (0, ""), error
    return [row for row in map(json.loads, out.splitlines()) if row["type"] == "event"]


def question(user=None):
    """The one question that waits."""
    assert net.wait_until(lambda: len(waiting(user)) == 1, 60)
    return waiting(user)[0]


@pytest.mark.parametrize("answer, passes", (("allow", True), ("reject", False)))
@pytest.mark.parametrize("lasting", ((), ("once",), ("for", "5m"), ("always",)))
def test_asked_and_answered(asking, answer, passes, lasting):
    with subprocess.Popen(ASKS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        told = question()
        assert (told["path"], told["kind"], told["remote"]["address"]) == (net.TALK, "ask", net.PEER[4])
        assert 0 < told["secondsLeft"] <= 600 and told["pid"] == program.pid
        status, out, error = client("answer", str(told["question"]), answer, *lasting)
        assert (status, error) == (0, "")
        assert (program.wait(60) == 0) == passes
    status, _, error = client("answer", str(told["question"]), "allow")
    assert status == 1 and "ENOENT" in error
    made = [row for row in asking.rules() if row.get("REMOTE") == net.PEER[4]]
    assert len(made) == (lasting[:1] in (("for",), ("always",)))


def test_who_is_asked_and_who_may_answer(asking):
    """alice sees what her own programs wait for and answers nothing, carol sees all, bob decides."""
    with subprocess.Popen(["setpriv", "--reuid=bob", "--regid=bob", "--clear-groups", *ASKS],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        number = str(question()["question"])
        assert waiting("alice") == [] and len(waiting("carol")) == 1 and len(waiting("bob")) == 1
        for user in ("alice", "carol"):
            status, _, error = client("answer", number, "allow", "always", user=user)
            assert status == 1 and "EPERM" in error, user
        assert len(waiting()) == 1
        assert client("answer", number, "allow", user="bob")[0] == 0
        assert program.wait(60) == 0
        assert waiting() == []


def test_the_live_view_shows_the_question_and_its_end(asking):
    with subprocess.Popen([CLIENT, "events"], stdout=subprocess.PIPE, text=True) as events:
        with subprocess.Popen(ASKS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
            line = next(line for line in events.stdout if " ask " in line)
            number = re.search(r"answer (\d+) allow\|block\|reject", line)[1]
            assert f"tcp out {net.TALK} pid {program.pid} uid 0" in line
            assert client("answer", number, "allow")[0] == 0
            assert program.wait(60) == 0
        line = next(line for line in events.stdout if f" asked {number} " in line)
        assert "allow" in line and "answer" in line
        events.kill()


def test_a_broker_that_starts_anew_knows_what_waits(asking):
    with subprocess.Popen(ASKS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        number = question()["question"]
        net.run("pkill", "-KILL", "-x", "e7-broker")
        # It is told again within seconds.
        assert net.wait_until(lambda: [q["question"] for q in waiting()] == [number], 60)
        assert client("answer", str(number), "allow")[0] == 0
        assert program.wait(60) == 0


def test_it_outlives_all_that_answers(asking):
    with subprocess.Popen(ASKS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        number = question()["question"]
        for user in ("_e7-priv", "_e7-broker"):
            net.run("pkill", "-KILL", "-u", user)
        assert net.wait_until(
            lambda: client("answer", str(number), "allow")[0] == 0, 60)
        assert program.wait(60) == 0
