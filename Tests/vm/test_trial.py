# SPDX-License-Identifier: GPL-2.0-or-later
"""Loads on trial: they go back by themselves unless they are confirmed, whoever has died meanwhile."""

import errno
import json
import subprocess
import time

import pytest

from kit import defs, genl, ipc, module, net
from kit.act import A
from test_commands import CLIENT, client

MOST = defs.LIMIT["CONFIRM"]


@pytest.fixture
def e7(e7):
    """With two rules and a flag to go back to; no trial is left."""
    e7.block("udp", "/opt/old")
    e7.allow("tcp", "/opt/stays")
    e7.set("drops", "enabled")
    yield e7
    settle(e7)


def settle(e7):
    try:
        e7.do("REVERT")
    except genl.Refused as refused:
        assert refused.errno == errno.EINVAL


def load(e7, seconds, *matches):
    """Replaces the rules by blocking ones, on trial; the generation after it."""
    e7.do("BEGIN", REPLACE=True)
    for match in matches:
        e7.block(*match)
    return e7.do("COMMIT", CONFIRM=seconds)["GENERATION"]


def what(e7):
    """What goes back: rules by id, and flags."""
    return ([(rule["ID"], rule["ACTION"], rule.get("PATH")) for rule in e7.rules()],
            {flag: e7.get(flag) for flag in defs.SETTABLE})


def went_back(e7, before, seconds=60):
    return net.wait_until(lambda: "CONFIRM" not in e7.do("STATUS"), seconds) and what(e7) == before


def refusal(call, *words, **more):
    with pytest.raises(genl.Refused) as caught:
        call(*words, **more)
    return caught.value


def notices(listener):
    return [attributes for number, attributes in listener.events() if number == defs.CMD["NOTICE"]]


def test_it_goes_back_as_one_change_that_is_told(e7):
    before = what(e7)
    with genl.Family() as listener:
        listener.join("notices")
        generation = load(e7, 2, ("tcp", "/opt/new"))
        assert len(e7.rules()) == 1 and e7.do("STATUS")["CONFIRM"] in (1, 2)
        e7.set("mode", "block"), e7.set("unkrule", "reject")
        assert went_back(e7, before)
        assert e7.get("generation") == generation + 1, "one change"
        told = notices(listener)
    kinds = [defs.NOTICE[attributes["KIND"]] for attributes in told]
    assert kinds == ["rules", "trial", "flag", "flag", "rules", "flag", "flag", "settled"]
    assert told[1]["CONFIRM"] == 2 and told[1]["GENERATION"] == generation
    assert "REVERTED" in told[-1] and told[-1]["GENERATION"] == generation + 1


def test_what_is_confirmed_stays(e7):
    with genl.Family() as listener:
        generation = load(e7, 2, ("tcp", "/opt/new"))
        e7.set("unkrule", "block")
        listener.join("notices")
        # Whoever may edit may confirm.
        with genl.Family() as another:
            assert another.do("CONFIRM") == {"GENERATION": generation}
        after = what(e7)
        told = notices(listener)
        assert [defs.NOTICE[each["KIND"]] for each in told] == ["settled"]
        assert "REVERTED" not in told[0]
    time.sleep(3)
    assert what(e7) == after and "CONFIRM" not in e7.do("STATUS")
    e7.allow("udp")


def test_it_is_taken_back_at_once(e7):
    before = what(e7)
    generation = load(e7, MOST, ("tcp", "/opt/new"))
    assert e7.do("REVERT") == {"GENERATION": generation + 1}
    assert what(e7) == before
    e7.allow("udp")


@pytest.mark.parametrize("command", ("CONFIRM", "REVERT"))
def test_without_a_trial_there_is_nothing_to_settle(e7, command):
    before = what(e7), e7.get("generation")
    refused = refusal(e7.do, command)
    assert refused.errno == errno.EINVAL and refused.text == "no load awaits confirmation"
    assert (what(e7), e7.get("generation")) == before


def test_rules_are_not_edited_meanwhile_and_that_is_said(e7):
    load(e7, MOST, ("tcp", "/opt/new"))
    during = what(e7)
    number = e7.rules()[0]["ID"]
    for edit in (lambda: e7.allow("udp"), lambda: e7.drop("tcp", "/opt/new"), e7.clear,
                 lambda: e7.do("RULE_DEL", ID=number), lambda: e7.do("BEGIN"),
                 lambda: e7.do("BEGIN", REPLACE=True)):
        refused = refusal(edit)
        assert refused.errno == errno.EBUSY
        assert refused.text == ("a load awaits confirmation; "
                                "confirm or revert it, or wait until it goes back")
    assert refusal(e7.do, "COMMIT", CONFIRM=1).errno == errno.EINVAL, "no transaction is open"
    assert what(e7) == during


@pytest.mark.parametrize("seconds", (1, 2, MOST - 1, MOST))
def test_its_time_is_taken(e7, seconds):
    load(e7, seconds, ("tcp", "/opt/new"))
    assert 1 <= e7.do("STATUS")["CONFIRM"] <= seconds


@pytest.mark.parametrize("seconds", (0, MOST + 1, 2**32 - 1))
def test_another_time_is_refused_and_changes_nothing(e7, seconds):
    before = what(e7), e7.get("generation")
    refused = refusal(load, e7, seconds, ("tcp", "/opt/new"))
    assert refused.errno == errno.EINVAL and refused.text == "expected 1 to 3600 seconds"
    e7.do("ABORT")
    assert (what(e7), e7.get("generation")) == before


def test_flags_alone_go_back_too(e7):
    before = what(e7)
    generation = e7.get("generation")
    e7.do("BEGIN")
    e7.do("COMMIT", CONFIRM=1)
    e7.set("unkrule", "block")
    assert went_back(e7, before) and e7.get("generation") == generation


def test_a_rule_that_has_ended_meanwhile_stays_away(e7):
    before = what(e7)
    e7.block("tcp", "/opt/short", seconds=2)
    load(e7, 4, ("tcp", "/opt/new"))
    assert went_back(e7, before)


def test_a_rule_of_the_load_ends_meanwhile(e7):
    before = what(e7)
    e7.do("BEGIN", REPLACE=True)
    e7.block("tcp", "/opt/short", seconds=1)
    e7.do("COMMIT", CONFIRM=4)
    assert net.wait_until(lambda: not e7.rules(), 60)
    assert went_back(e7, before)


@pytest.mark.parametrize("step", (-7200, 7200))
def test_the_clock_on_the_wall_does_not_matter(e7, step):
    before = what(e7)
    load(e7, 5, ("tcp", "/opt/new"))
    time.clock_settime(time.CLOCK_REALTIME, time.time() + step)
    try:
        # Time enough that one on the wall's clock had gone back, or else would not for hours.
        assert e7.do("STATUS")["CONFIRM"] in (3, 4, 5)
        assert went_back(e7, before)
    finally:
        time.clock_settime(time.CLOCK_REALTIME, time.time() - step)


def test_a_flow_that_it_stopped_goes_on(e7, echoes, a):
    fd, _ = a.dial("tcp", net.PEER[4])
    assert a("write", fd, 10) == a("read", fd, 10) == 10
    load(e7, 3, ("tcp", A))
    a("patience", fd, 500)
    a("write", fd, 10)
    with pytest.raises(OSError):
        a("read", fd, 10)
    a("patience", fd, 60000)
    # The kernel sends again what was dropped.
    assert a("read", fd, 10) == 10
    a("close", fd)


@pytest.mark.parametrize("victims", ("_e7-priv", "_e7-broker", "_e7-priv,_e7-broker"))
def test_it_goes_back_whoever_dies(e7, tmp_path, victims):
    before = what(e7)
    file = tmp_path / "rules"
    file.write_text("block tcp /opt/new\nset mode block\n")
    status, out, error = client("load", "--confirm", "10", str(file))
    assert (status, error) == (0, "") and len(e7.rules()) == 1
    subprocess.run(["pkill", "-KILL", "-U", victims], check=True)
    assert went_back(e7, before)
    assert net.wait_until(lambda: client("get", "mode")[0] == 0, 60)


def test_the_module_goes_meanwhile():
    with module.unloaded():
        assert module.insmod().returncode == 0
        with genl.Family() as other:
            load(other, MOST, ("tcp", "/opt/new"))
            assert net.wait_until(module.rmmod)
        assert module.insmod().returncode == 0
        with genl.Family() as other:
            # Its end falls between rmmod's steps, at times.
            for _ in range(20):
                load(other, 1, ("tcp", "/opt/new"))
                other.do("REVERT")
            load(other, 1, ("tcp", "/opt/new"))
        time.sleep(0.95)
        assert net.wait_until(module.rmmod)
    assert net.wait_until(lambda: client("get", "mode")[0] == 0, 60)


def test_the_client_says_what_to_do_and_until_when(e7, tmp_path):
    before = what(e7)
    file = tmp_path / "rules"
    file.write_text("block tcp /opt/new\nset unkrule block\n")
    status, out, error = client("load", str(file), "--confirm", "600")
    assert (status, error) == (0, "")
    assert out.startswith("on trial for 600 s, until ") and "'confirm'" in out and "'revert'" in out
    # Anybody sees it: as text, as JSON, at a console of lines.
    out = client("get", user="alice")[1]
    assert "\n# on trial: goes back in " in out and out.endswith(" s unless confirmed\n")
    record = json.loads(client("--json", "get", user="alice")[1].splitlines()[-1])
    assert record["type"] == "trial" and 1 <= record["seconds"] <= 600
    with ipc.Lines() as lines:
        assert any(line.startswith("# on trial: ") for line in lines.type("get"))
    for words in (("allow", "udp"), ("clear",), ("load", str(file)), ("load", "--confirm", "5", "-")):
        status, out, error = client(*words, stdin="allow udp\n")
        assert status == 1 and "a load awaits confirmation" in error and "EBUSY" in error
    for word in ("confirm", "revert"):
        status, _, error = client(word, user="alice")
        assert status == 1 and error.count("\n") == 1
    # From any administrator's console.
    console = subprocess.run([CLIENT], input="revert\nquit\n", capture_output=True, text=True)
    assert "ok: generation" in console.stdout and what(e7) == before
    status, _, error = client("confirm")
    assert status == 1 and "no load awaits confirmation (EINVAL)" in error
    assert client("load", "--confirm", "600", str(file))[0] == 0
    assert client("confirm") == (0, "", "")
    assert client("clear") == (0, "", "") and "trial" not in client("get")[1]


@pytest.mark.parametrize("words, message", (
    (("--confirm", "0", "-"), "'0' is no time to confirm in; expected a number of seconds 1…3600"),
    (("--confirm", "3601", "-"), "'3601' is no time to confirm in"),
    (("--confirm", "soon", "-"), "'soon' is no time to confirm in"),
    (("--confirm", "60"), "missing file"),
))
def test_a_wrong_command_line_is_refused(e7, words, message):
    before = what(e7)
    status, out, error = client("load", *words)
    assert status == 2 and out == "" and message in error and error.count("\n") == 1
    assert client("query", "--confirm", "5")[0] == 2
    assert what(e7) == before
