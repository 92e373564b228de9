# SPDX-License-Identifier: GPL-2.0-or-later
"""Every documented command through the whole chain, as root and as alice, and what goes wrong."""

import json
import os
import signal
import subprocess
import time

import pytest

from kit import defs, genl, net

CLIENT = "e7-client"


def client(*words, user=None, stdin=""):
    """(status, standard output, standard error) of one e7-client."""
    if user:
        done = net.as_user(user, CLIENT, *words, input=stdin)
    else:
        done = subprocess.run([CLIENT, *words], capture_output=True, text=True, input=stdin)
    return done.returncode, done.stdout, done.stderr


def rules(e7):
    """(action, protocol number or None, path or None) of each rule in force."""
    return [(r["ACTION"], r.get("PROT"), r.get("PATH")) for r in e7.rules()]


ALLOW, BLOCK = defs.ACTION["allow"], defs.ACTION["block"]

# line → what is in force afterwards, starting from EMPTY or from SOME rules.
SOME = ["allow tcp /opt/a", "block tcp /opt/b", "allow udp", "block any /opt/"]
SOME_RULES = [(ALLOW, 6, "/opt/a"), (BLOCK, 6, "/opt/b"), (BLOCK, None, "/opt/"), (ALLOW, 17, None)]
EDITS = [
    ([], "allow any /bin/", [(ALLOW, None, "/bin/")]),
    ([], "allow /usr/lib/firefox/firefox", [(ALLOW, None, "/usr/lib/firefox/firefox")]),
    ([], "allow tcp /usr/bin/curl", [(ALLOW, 6, "/usr/bin/curl")]),
    ([], "block tcp /usr/bin/", [(BLOCK, 6, "/usr/bin/")]),
    ([], "block udp", [(BLOCK, 17, None)]),
    ([], "block 132 /x", [(BLOCK, 132, "/x")]),
    ([], 'block tcp "/opt/a b"', [(BLOCK, 6, "/opt/a b")]),
    ([], "block any", [(BLOCK, None, None)]),
    (SOME, "clear", []),
    (SOME, "clear allow", [(BLOCK, 6, "/opt/b"), (BLOCK, None, "/opt/")]),
    (SOME, "clear block", [(ALLOW, 6, "/opt/a"), (ALLOW, 17, None)]),
    (SOME, "clear udp", SOME_RULES[:3]),
    (SOME, "clear tcp /opt/a", SOME_RULES[1:]),
    (SOME, "clear /opt/", SOME_RULES[:2] + SOME_RULES[3:]),
    (SOME, "block tcp /opt/a", [(BLOCK, 6, "/opt/a")] + SOME_RULES[1:]),
    (SOME, "allow tcp /opt/a", SOME_RULES),
    (SOME, "# comment", SOME_RULES),
]


def words_of(line):
    """As a shell splits it."""
    import shlex
    return shlex.split(line)


@pytest.mark.parametrize("before, line, after", EDITS, ids=[line for _, line, _ in EDITS])
def test_edits(e7, before, line, after):
    for rule in before:
        assert client(*words_of(rule)) == (0, "", "")
    # As alice nothing happens, and that is said.
    unchanged = rules(e7)
    if not line.startswith("#"):
        status, out, error = client(*words_of(line), user="alice")
        assert status == 1 and out == "" and error.startswith("e7-client: ")
        assert error.count("\n") == 1
    assert rules(e7) == unchanged
    # From a file, with all before it, it is the same as alone.
    status, out, error = client("-f", "-", stdin=line + "\n")
    assert (status, error) == (0, "")
    assert sorted(rules(e7), key=str) == sorted(after, key=str)


@pytest.mark.parametrize("line, flag, value", [
    ("set mode disable", "mode", 0), ("set mode disabled", "mode", 0), ("enable", "mode", 1),
    ("set mode enabled", "mode", 1), ("block", "mode", 2), ("allow", "mode", 0),
    ("set mode block", "mode", 2), ("set mode 1", "mode", 1), ("set unkrule block", "unkrule", 2),
    ("set unkproc block", "unkproc", 2), ("set unkprot 2", "unkprot", 2),
    ("set fail block", "fail", 2), ("set drops enabled", "drops", 1),
    ("set accepts enabled", "accepts", 1), ("set norule disabled", "norule", 0),
    ("set squelch disabled", "squelch", 0), ("set rchngq disabled", "rchngq", 0),
    ("set loopback allow", "loopback", 1), ("set debug enabled", "debug", 1),
    ("set hold enabled", "hold", 1)])
def test_flags(e7, line, flag, value):
    before = e7.get(flag)
    status, _, error = client(*line.split(), user="alice")
    assert status == 1 and error.startswith("e7-client: ") and e7.get(flag) == before
    assert client(*line.split()) == (0, "", "")
    assert e7.get(flag) == value
    status, out, _ = client("get", flag, user="alice")
    assert status == 0 and out.startswith(f"set {flag} ")


def test_clear_by_id(e7):
    number = e7.block("tcp")["ID"]
    e7.block("udp")
    assert client("clear", "id", str(number)) == (0, "", "")
    assert rules(e7) == [(BLOCK, 17, None)]
    status, _, error = client("clear", "id", str(number))
    assert status == 1 and "no rule has this id" in error


def test_looking_as_alice(e7):
    for rule in SOME:
        client(*rule.split())
    status, out, error = client("query", user="alice")
    assert (status, error) == (0, "")
    lines = [line.split("  #")[0] for line in out.splitlines()]
    assert lines == ["set mode enabled", "allow tcp /opt/a", "block tcp /opt/b",
                     "block any /opt/", "allow udp"]
    for words, count in ((("allow",), 2), (("block",), 2), (("tcp",), 2), (("/opt/a",), 1),
                         (("block", "tcp"), 1), (("sctp",), 0)):
        status, out, _ = client("query", *words, user="alice")
        assert status == 0
        assert len([s for s in out.splitlines() if s.split()[0] in ("allow", "block")]) == count
    status, out, _ = client("get", user="alice")
    assert status == 0 and len(out.splitlines()) == len(defs.FLAG)


def test_what_query_prints_is_read_back(e7):
    for rule in SOME:
        client(*rule.split())
    first = client("query")[1]
    client("clear")
    assert client("-f", "-", stdin=first)[0] == 0
    strip = lambda text: [line.split("  #")[0] for line in text.splitlines()]
    assert strip(client("query")[1]) == strip(first)


def test_json(e7):
    e7.block("tcp", "/opt/a")
    objects = [json.loads(line) for line in client("--json", "query", user="alice")[1].splitlines()]
    assert {"type": "rule", "action": "block", "protocol": "tcp", "path": "/opt/a"}.items() <= \
        next(o for o in objects if o["type"] == "rule").items()
    flags = [json.loads(line) for line in client("--json", "get")[1].splitlines()]
    assert {f["flag"] for f in flags} == set(defs.FLAG)


@pytest.mark.parametrize("words", [
    ("frobnicate",), ("get", "colour"), ("set", "mode", "sometimes"), ("set", "uptime", "1"),
    ("set", "mode"), ("block", "tpc"), ("block", "256"), ("allow", "tcp", "usr/bin/curl"),
    ("allow", "tcp", "/usr//bin"), ("allow", "tcp", "/usr/../bin"), ("clear", "id"),
    ("clear", "id", "x"), ("block", "tcp", "/a", "/b"), ("query", "tcp", "extra", "words"),
    ("block", "tcp", "/" + "a" * 4095), ("--no-such-option",)])
def test_wrong_words(e7, words):
    before = rules(e7), e7.get("mode")
    status, out, error = client(*words)
    assert status == 2 and out == ""
    assert error.startswith("e7-client: ") and error.count("\n") == 1, error
    assert (rules(e7), e7.get("mode")) == before


def test_a_file_with_an_error_does_nothing(e7):
    text = "block tcp /opt/a\nblcok udp\nset mode block\nallow tcp relative\n" + "x" * 8193 + "\n"
    status, out, error = client("-f", "-", stdin=text)
    assert status == 1 and rules(e7) == [] and e7.get("mode") == 1
    assert "line 2" in error and "line 4" in error and "line 5" in error
    assert "'block'" in error, "a suggestion"


def test_ten_thousand_rules_from_a_file(e7):
    generation = e7.get("generation")
    text = "".join(f"block tcp /opt/program{n}\n" for n in range(10_000))
    assert client("-f", "-", stdin=text)[0] == 0
    assert e7.get("rules") == 10_000
    assert e7.get("generation") == generation + 1, "one change"


def test_events_of_everybody_and_of_alice(e7, peer):
    e7.set("drops", "enabled")
    e7.block("udp", net.TALK)
    watchers = [subprocess.Popen([CLIENT, "--json", "events"], stdout=subprocess.PIPE, text=True),
                subprocess.Popen([CLIENT, "--json", "events"], stdout=subprocess.PIPE, text=True,
                                 user="alice", group="alice", extra_groups=[])]
    time.sleep(3)
    net.burst(net.PEER[4], 1)
    time.sleep(1.2)
    net.as_user("alice", net.TALK, "udp", "burst", net.PEER[4], "9", "1")
    time.sleep(3)
    told = []
    for watcher in watchers:
        watcher.send_signal(signal.SIGINT)
        out = watcher.communicate(timeout=30)[0]
        told.append([o["uid"] for o in map(json.loads, out.splitlines())
                     if o["type"] == "event" and o.get("path") == net.TALK])
    assert told == [[0, 61000], [61000]]


def test_a_rule_through_the_chain_stops_a_program(e7, peer):
    with net.echo("tcp"):
        assert net.exchange("tcp", net.PEER[4])
        assert client("block", "tcp", net.TALK)[0] == 0
        assert net.blocked("tcp", net.PEER[4])
        assert client("clear", "tcp", net.TALK)[0] == 0
        assert net.exchange("tcp", net.PEER[4])


# ---- what dies comes back ----


def pids(name, user):
    done = subprocess.run(["pgrep", "-x", "-u", user, name], capture_output=True, text=True)
    return [int(pid) for pid in done.stdout.split()]


@pytest.mark.parametrize("name, user", [("e7-priv", "_e7-priv"), ("e7-broker", "_e7-broker")])
def test_killed_and_back(e7, name, user):
    e7.block("tcp", "/opt/stays")
    old = pids(name, user)
    assert len(old) == 1
    os.kill(old[0], signal.SIGKILL)
    assert net.wait_until(lambda: pids(name, user) not in ([], old))
    assert rules(e7) == [(BLOCK, 6, "/opt/stays")], "verdicts lose nothing"
    assert client("allow", "udp", "/opt/more")[0] == 0
    assert client("query", user="alice")[0] == 0
    assert len(e7.rules()) == 2


def test_a_console_outlives_the_broker(e7):
    watcher = subprocess.Popen([CLIENT, "events"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    time.sleep(2)
    os.kill(pids("e7-broker", "_e7-broker")[0], signal.SIGKILL)
    time.sleep(3)
    e7.block("tcp")
    time.sleep(2)
    watcher.send_signal(signal.SIGINT)
    out, _ = watcher.communicate(timeout=30)
    assert "generation" in out or "rules" in out


def test_a_killed_client_leaves_nothing_behind(e7):
    """In the middle of a file of rules that is never finished."""
    victim = subprocess.Popen([CLIENT, "-f", "/dev/stdin"], stdin=subprocess.PIPE)
    victim.stdin.write(b"block tcp /opt/a\n" * 100)
    victim.stdin.flush()
    time.sleep(1)
    victim.kill()
    victim.wait()
    assert rules(e7) == []
    e7.do("BEGIN")
    e7.do("ABORT")


def test_the_console_reads_lines(e7):
    status, out, _ = client(stdin="block tcp /opt/a\nquery\nfrobnicate\nset mode block\nquit\nallow\n")
    assert status == 0 and "block tcp /opt/a" in out
    assert rules(e7) == [(BLOCK, 6, "/opt/a")] and e7.get("mode") == 2
    status, out, error = client(stdin="block udp\nquery\n", user="alice")
    assert status == 0 and "block tcp /opt/a" in out and rules(e7) == [(BLOCK, 6, "/opt/a")]
