# SPDX-License-Identifier: GPL-2.0-or-later
"""e7-client against a suite that answers as each test wants.

E7_CLIENT names the program; without it, the one that `make build` leaves in build/bin.
"""

import json
import os
import pty
import select
import signal
import socket
import subprocess
import time

import pytest
from suite import (
    CLOSE, EAGAIN, EBUSY, ECONNREFUSED, ENODEV, ENOENT, EPERM, EPROTO, FLAGS, SILENCE, TOP, Suite, done,
    encode,
)  # fmt: skip

CLIENT = os.environ.get("E7_CLIENT", f"{TOP}/build/bin/e7-client")
CURL = {"ID": 3, "ACTION": 2, "PROT": 6, "PATH": b"/usr/bin/curl"}
BIN = {"ID": 1, "ACTION": 1, "PATH": b"/usr/bin/"}
DROP = {
    "KIND": 2, "VERDICT": 2, "REASON": 1, "DIRECTION": 2, "PROT": 6,
    "LOCAL": bytes((10, 0, 0, 1)), "REMOTE": bytes((10, 0, 0, 2)), "NETNS": 1,
    "TIME": 50_531_000_000_000, "PATH": b"/usr/bin/curl", "LPORT": 40112, "RPORT": 80,
    "UID": 1000, "PID": 4711, "LEFTOUT": 2, "ID": 3,
}  # fmt: skip


@pytest.fixture(name="suite")
def _suite(tmp_path):
    suite = Suite(str(tmp_path / "s"))
    yield suite
    suite.drop()


class Ended:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def fails(self, status, text):
        assert self.status == status, self.err
        assert self.err == f"e7-client: {text}\n"
        assert self.out == ""


def start(suite, *words, **options):
    path = suite if isinstance(suite, str) else suite.path
    return subprocess.Popen(
        [CLIENT, "--socket", path, *words],
        stdin=options.pop("stdin", subprocess.DEVNULL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TZ": "UTC"},
        **options,
    )


def run(suite, *words, given=None, **options):
    stdin = subprocess.PIPE if given is not None else subprocess.DEVNULL
    client = start(suite, *words, stdin=stdin, **options)
    out, err = client.communicate(given, timeout=30)
    return Ended(client.returncode, out.decode(), err.decode())


def eventually(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


# Questions


def test_query_lists_mode_and_rules(suite):
    suite.mode = 1
    suite.rules = [CURL, BIN, {"ID": 9, "ACTION": 2, "PROT": 200, "PATH": b"/a b\x1b\xff"}]
    ended = run(suite, "query")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "set mode enabled",
        "block tcp /usr/bin/curl  # id 3, 0 hits",
        "allow any /usr/bin/  # id 1, 0 hits",
        'block 200 "/a b\\x1b\\xff"  # id 9, 0 hits',
    ]


def test_what_query_prints_is_read_back(suite, tmp_path):
    suite.mode = 2
    suite.rules = [CURL, {"ID": 9, "ACTION": 1, "PROT": 256, "PATH": b'/a b\x80"\\'}]
    file = tmp_path / "rules"
    file.write_text(run(suite, "query").out)
    assert run(suite, "-f", str(file)).status == 0
    added = [attributes for name, attributes in suite.lane_said if name == "RULE_ADD"]
    assert [rule["PATH"] for rule in added] == [b"/usr/bin/curl", b'/a b\x80"\\']
    assert ("FLAG_SET", {"FLAG": FLAGS["MODE"], "VALUE": 2}) in suite.lane_said


def test_query_with_words_lists_the_rules_that_carry_them(suite):
    suite.rules = [CURL, BIN]
    assert run(suite, "query", "block").out == "block tcp /usr/bin/curl  # id 3, 0 hits\n"
    assert run(suite, "query", "any").out == "allow any /usr/bin/  # id 1, 0 hits\n"
    assert run(suite, "query", "udp").out == ""


def test_query_as_json(suite):
    suite.rules = [CURL]
    lines = [json.loads(line) for line in run(suite, "--json", "query").out.splitlines()]
    assert lines == [
        {"type": "flag", "flag": "mode", "word": "disabled", "value": 0},
        {"type": "rule", "id": 3, "action": "block", "protocol": "tcp", "path": "/usr/bin/curl",
         "hits": 0},
        {"type": "done", "error": 0, "generation": 9},
    ]


def test_rules_about_classes_are_listed_and_filtered(suite):
    suite.rules = [
        {"ID": 4, "ACTION": 1, "PROT": 6, "CLASS": 2, "PATH": b"/usr/sbin/nginx"},
        {"ID": 5, "ACTION": 2, "CLASS": 2},
        {"ID": 6, "ACTION": 1, "PROT": 17, "CLASS": 5},
    ]
    lines = [
        "allow tcp foreign /usr/sbin/nginx  # id 4, 0 hits",
        "block any foreign  # id 5, 0 hits",
        "allow udp kernel  # id 6, 0 hits",
    ]
    assert run(suite, "query").out.splitlines()[1:] == lines
    assert run(suite, "query", "foreign").out.splitlines() == lines[:2]
    assert run(suite, "query", "/usr/sbin/nginx").out.splitlines() == lines[:1]
    assert run(suite, "query", "allow", "kernel").out.splitlines() == lines[2:]
    told = [json.loads(line) for line in run(suite, "--json", "query", "any").out.splitlines()]
    assert told[0] == {
        "type": "rule", "id": 5, "action": "block", "protocol": "any", "class": "foreign", "hits": 0}


def test_rules_about_classes_are_read_back(suite, tmp_path):
    suite.rules = [
        {"ID": 4, "ACTION": 1, "PROT": 6, "CLASS": 2, "PATH": b"/a b/"},
        {"ID": 5, "ACTION": 2, "CLASS": 3},
    ]
    file = tmp_path / "rules"
    file.write_text(run(suite, "query").out)
    assert run(suite, "-f", str(file)).status == 0
    assert [attributes for name, attributes in suite.lane_said if name == "RULE_ADD"] == [
        {"ACTION": 1, "PROT": 6, "CLASS": 2, "PATH": b"/a b/"}, {"ACTION": 2, "CLASS": 3}]


FULL = {
    "ID": 7, "ACTION": 3, "QUICK": b"", "PROT": 6, "PATH": b"/opt/x", "DIRECTION": 2,
    "REMOTE": bytes((10, 0, 0, 0)), "PREFIX": 8, "PORT_FIRST": 80, "PORT_LAST": 443, "UID": 0,
    "FOR": 7200, "COMMENT": b'the "web"', "HITS": 12, "LAST_HIT": 1_795_410_000_500_000_000,
}  # fmt: skip
SIX = {
    "ID": 8, "ACTION": 1, "DIRECTION": 1, "REMOTE": bytes((0x20, 1, 0xd, 0xb8)) + bytes(12),
    "PREFIX": 128, "PORT_FIRST": 22, "PORT_LAST": 22, "UID": 4_000_000_000, "HITS": 1,
}  # fmt: skip
IN = {"ID": 9, "ACTION": 2, "DIRECTION": 1, "FOR": 61, "HITS": 2**64 - 1}
FULL_LINE = (
    'reject quick tcp /opt/x to 10.0.0.0/8 port 80-443 user root for 2h comment "the \\"web\\""'
    "  # id 7, 12 hits, last 2026-11-23T05:00:00Z"
)
SIX_LINE = "allow any from 2001:db8:: port 22 user 4000000000  # id 8, 1 hit"
IN_LINE = "block any in for 61s  # id 9, 18446744073709551615 hits"


def test_rules_are_listed_with_all_they_have(suite):
    suite.rules = [FULL, SIX, IN]
    ended = run(suite, "query")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines()[1:] == [FULL_LINE, SIX_LINE, IN_LINE]


def test_query_with_clauses_lists_the_rules_that_carry_them(suite):
    suite.rules = [FULL, SIX, IN]
    for words, lines in [
        ("reject", [FULL_LINE]), ("quick", [FULL_LINE]), ("out", [FULL_LINE]),
        ("in", [SIX_LINE, IN_LINE]), ("to 10.0.0.0/8", [FULL_LINE]), ("to 10.0.0.0/9", []),
        ("from 2001:db8::/128", [SIX_LINE]), ("port 22", [SIX_LINE]), ("port 443", []),
        ("port 22,80-443", [FULL_LINE, SIX_LINE]), ("user root", [FULL_LINE]),
        ("user 4000000000", [SIX_LINE]), ("for 61s", [IN_LINE]), ("for 2h", [FULL_LINE, IN_LINE]),
        ("any in for 1d", [IN_LINE]), ("allow in for 1d", []),
    ]:  # fmt: skip
        assert run(suite, "query", *words.split()).out.splitlines() == lines, words
    assert run(suite, "query", "comment", 'the "web"').out.splitlines() == [FULL_LINE]


def test_rules_with_all_they_have_are_read_back(suite, tmp_path):
    suite.rules = [FULL, SIX, IN]
    file = tmp_path / "rules"
    file.write_text(run(suite, "query").out)
    assert run(suite, "-f", str(file)).status == 0
    added = [attributes for name, attributes in suite.lane_said if name == "RULE_ADD"]
    unsaid = ("ID", "HITS", "LAST_HIT")
    wanted = [{k: v for k, v in rule.items() if k not in unsaid} for rule in suite.rules]
    for rule in wanted[1:]:
        rule["PROT"] = 256
    assert added == wanted
    # What was loaded lists as the same bytes.
    lines = file.read_text().splitlines()
    suite.rules = [dict(rule, ID=number) for number, rule in enumerate(added, 1)]
    again = run(suite, "query").out.splitlines()
    assert [line.split("  # ")[0] for line in again] == [line.split("  # ")[0] for line in lines]


def test_rules_with_all_they_have_as_json(suite):
    suite.rules = [FULL, SIX]
    told = [json.loads(line) for line in run(suite, "--json", "query", "port", "22,80-443").out.splitlines()]
    assert told[0] == {
        "type": "rule", "id": 7, "action": "reject", "quick": True, "protocol": "tcp",
        "path": "/opt/x", "direction": "out", "remote": "10.0.0.0/8",
        "ports": {"first": 80, "last": 443}, "uid": 0, "for": 7200, "comment": 'the "web"',
        "hits": 12, "lastHit": "2026-11-23T05:00:00.500000000Z"}  # fmt: skip
    assert told[1] == {
        "type": "rule", "id": 8, "action": "allow", "protocol": "any", "direction": "in",
        "remote": "2001:db8::", "ports": {"first": 22, "last": 22}, "uid": 4_000_000_000, "hits": 1}


def test_a_suite_that_sends_half_a_match_is_not_believed(suite):
    for rule, text in [
        ({"REMOTE": bytes(4), "DIRECTION": 1}, "attribute PREFIX is missing"),
        ({"PREFIX": 8}, "attribute PREFIX does not belong to this message"),
        ({"REMOTE": bytes(4), "PREFIX": 129}, "attribute PREFIX is out of range"),
        ({"PORT_FIRST": 8}, "attribute PORT_LAST is missing"),
        ({"DIRECTION": 3}, "attribute DIRECTION is out of range"),
        ({"ACTION": 5}, "attribute ACTION is out of range"),
        ({"COMMENT": b"c" * 129}, "attribute COMMENT is out of range"),
    ]:
        suite.rules = [{"ID": 1, "ACTION": 1, **rule}]
        run(suite, "query", "allow").fails(1, f"the suite sent what is no message: {text}")


def test_stats(suite):
    rows = [("STAT_GET", {"STAT": number, "VALUE": value})
            for number, value in ((1, 1204), (8, 3), (25, 2**64 - 1))]
    suite.console = lambda name, _: [*rows, done()] if name == "STAT_GET" else None
    ended = run(suite, "stats")
    assert (ended.status, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["learnt", "1204"], ["nosocket", "3"], ["walks", str(2**64 - 1)]]
    # The values end in one column, behind which the meanings begin.
    numbers = [line.split()[1] for line in lines]
    ends = [line.index(number) + len(number) for line, number in zip(lines, numbers)]
    assert len(set(ends)) == 1 and all(len(line) > ends[0] + 10 for line in lines)
    assert [json.loads(line) for line in run(suite, "--json", "stats").out.splitlines()] == [
        {"type": "statistic", "statistic": "learnt", "value": 1204},
        {"type": "statistic", "statistic": "nosocket", "value": 3},
        {"type": "statistic", "statistic": "walks", "value": 2**64 - 1}]
    suite.console = lambda name, _: [("STAT_GET", {"STAT": 7, "VALUE": 1}), done()]
    assert run(suite, "stats").status != 0


def test_get(suite):
    assert run(suite, "get", "mode").out == "set mode disabled\n"
    assert run(suite, "get", "rules").out == "# rules = 42\n"
    assert suite.said[-1] == ("FLAG_GET", {"FLAG": FLAGS["RULES"]})


def test_a_question_survives_a_broker_that_dies(suite):
    answers = [CLOSE, CLOSE, None]
    suite.console = lambda name, _: answers.pop(0) if name == "FLAG_GET" else None
    ended = run(suite, "get", "mode")
    assert (ended.status, ended.out, ended.err) == (0, "set mode disabled\n", "")


# Edits


def test_edits_go_over_a_lane(suite):
    for words, message in [
        (("allow", "tcp", "/a b"), ("RULE_ADD", {"ACTION": 1, "PROT": 6, "PATH": b"/a b"})),
        (("block", "any"), ("RULE_ADD", {"ACTION": 2, "PROT": 256})),
        (("clear",), ("RULE_CLEAR", {"GENERATION": 9})),
        (("clear", "allow"), ("RULE_CLEAR", {"ACTION": 1})),
        (("clear", "/bin/"), ("RULE_DEL", {"PATH": b"/bin/"})),
        (("block", "kernel"), ("RULE_ADD", {"ACTION": 2, "CLASS": 5})),
        (("allow", "udp", "memfd"), ("RULE_ADD", {"ACTION": 1, "PROT": 17, "CLASS": 4})),
        (("clear", "foreign", "/bin/"), ("RULE_DEL", {"CLASS": 2, "PATH": b"/bin/"})),
        (("reject", "quick", "udp"), ("RULE_ADD", {"ACTION": 3, "QUICK": b"", "PROT": 17})),
        (("allow", "/a", "in"), ("RULE_ADD", {"ACTION": 1, "PATH": b"/a", "DIRECTION": 1})),
        (("allow", "to", "10.0.0.0/8"), ("RULE_ADD", {
            "ACTION": 1, "PROT": 256, "DIRECTION": 2, "REMOTE": bytes((10, 0, 0, 0)),
            "PREFIX": 8})),
        (("clear", "udp", "from", "::1"), ("RULE_DEL", {
            "PROT": 17, "DIRECTION": 1, "REMOTE": bytes(15) + b"\1", "PREFIX": 128})),
        (("allow", "tcp", "port", "0-1023"), ("RULE_ADD", {
            "ACTION": 1, "PROT": 6, "PORT_FIRST": 0, "PORT_LAST": 1023})),
        (("allow", "tcp", "user", "root", "port", "80"), ("RULE_ADD", {
            "ACTION": 1, "PROT": 6, "PORT_FIRST": 80, "PORT_LAST": 80, "UID": 0})),
        (("allow", "tcp", "comment", "a # b", "for", "2h"), ("RULE_ADD", {
            "ACTION": 1, "PROT": 6, "FOR": 7200, "COMMENT": b"a # b"})),
        (("clear", "tcp", "for", "5m", "comment", "c"), ("RULE_DEL", {"PROT": 6})),
        (("clear", "reject"), ("RULE_CLEAR", {"ACTION": 3})),
        (("set", "unkrule", "reject"), ("FLAG_SET", {"FLAG": 5, "VALUE": 3})),
        (("clear", "id", "4"), ("RULE_DEL", {"ID": 4})),
        (("ask", "tcp", "/a"), ("RULE_ADD", {"ACTION": 4, "PROT": 6, "PATH": b"/a"})),
        (("clear", "ask"), ("RULE_CLEAR", {"ACTION": 4})),
        (("set", "unkrule", "ask"), ("FLAG_SET", {"FLAG": 5, "VALUE": 4})),
        (("set", "asktime", "3600"), ("FLAG_SET", {"FLAG": FLAGS["ASKTIME"], "VALUE": 3600})),
        (("set", "askmax", "1"), ("FLAG_SET", {"FLAG": FLAGS["ASKMAX"], "VALUE": 1})),
        (("answer", "7", "allow"), ("ANSWER", {"QUESTION": 7, "ACTION": 1})),
        (("answer", "7", "block", "once"), ("ANSWER", {"QUESTION": 7, "ACTION": 2})),
        (("answer", str(2**64 - 1), "reject", "always"), ("ANSWER", {
            "QUESTION": 2**64 - 1, "ACTION": 3, "ALWAYS": b""})),
        (("answer", "7", "allow", "for", "2m"), ("ANSWER", {
            "QUESTION": 7, "ACTION": 1, "FOR": 120})),
        (("set", "mode", "disable"), ("FLAG_SET", {"FLAG": 1, "VALUE": 0})),
        (("enable",), ("FLAG_SET", {"FLAG": 1, "VALUE": 1})),
        (("block",), ("FLAG_SET", {"FLAG": 1, "VALUE": 2})),
    ]:
        suite.lane_said.clear()
        ended = run(suite, *words)
        assert (ended.status, ended.out, ended.err) == (0, "", "")
        assert suite.lane_said == [("HELLO", {"MINOR": 0}), message]
    assert not any(name in ("RULE_ADD", "FLAG_SET", "ANSWER") for name, _ in suite.said)


def test_a_list_of_ports_is_one_change(suite):
    assert run(suite, "allow", "tcp", "port", "80,443").status == 0
    assert suite.lane_said[1:] == [
        ("BEGIN", {}),
        ("RULE_ADD", {"ACTION": 1, "PROT": 6, "PORT_FIRST": 80, "PORT_LAST": 80}),
        ("RULE_ADD", {"ACTION": 1, "PROT": 6, "PORT_FIRST": 443, "PORT_LAST": 443}),
        ("COMMIT", {}),
    ]
    suite.lane_said.clear()
    suite.lane = lambda name, attributes: (
        [done(ENOENT, b"no such rule")] if attributes.get("PORT_FIRST") == 443 else None)
    run(suite, "clear", "tcp", "port", "80,443").fails(1, "port 443: no such rule (ENOENT)")
    assert [name for name, _ in suite.lane_said] == [
        "HELLO", "BEGIN", "RULE_DEL", "RULE_DEL", "ABORT"]
    suite.lane_said.clear()
    suite.lane = lambda name, _: [done(ENOENT, b"gone")] if name == "COMMIT" else None
    run(suite, "clear", "tcp", "port", "80,443").fails(1, "gone (ENOENT)")
    suite.lane = lambda name, _: None
    suite.lane_said.clear()
    text = "allow tcp port 80,443\nallow udp\n"
    assert run(suite, "-f", "-", given=text.encode()).status == 0
    assert [name for name, _ in suite.lane_said] == [
        "HELLO", "BEGIN", "RULE_ADD", "RULE_ADD", "RULE_ADD", "COMMIT"]


def test_a_list_of_ports_on_the_console(suite):
    ended = run(suite, given=b"allow tcp port 80,443\n")
    assert (ended.status, ended.out, ended.err) == (0, "ok: generation 10\n", "")


@pytest.mark.skipif(not os.path.exists("/etc/services"), reason="no database of services")
def test_services_are_looked_up_here(suite):
    for words, first in [
        ("tcp port ssh", 22), ("udp port domain", 53), ("any port https", 443),
        ("udplite port domain", 53),
    ]:  # fmt: skip
        suite.lane_said.clear()
        assert run(suite, "allow", *words.split()).status == 0
        rule = suite.lane_said[-1][1]
        assert (rule["PORT_FIRST"], rule["PORT_LAST"]) == (first, first)
    ended = run(suite, "allow", "udp", "port", "ssh")
    assert ended.status == 2
    assert ended.err.startswith("e7-client: word 4: unknown service 'ssh' of udp; expected a port")


def test_an_edit_as_json(suite):
    ended = run(suite, "--json", "allow", "tcp")
    assert json.loads(ended.out) == {"type": "done", "error": 0, "generation": 10, "id": 7}


def test_refusals(suite):
    suite.lane = lambda name, _: [done(ENOENT, b"no rule 4")] if name == "RULE_DEL" else None
    run(suite, "clear", "id", "4").fails(1, "no rule 4 (ENOENT)")
    suite.console = lambda name, _: [done(EPERM, b"not you")] if name == "LANE" else None
    run(suite, "clear").fails(1, "not you (EPERM)")
    suite.console = lambda name, _: None
    suite.lane = lambda name, _: [done(EPERM)] if name == "HELLO" else None
    run(suite, "clear").fails(1, "Operation not permitted (EPERM)")


def test_what_became_of_an_edit_without_answer_is_found_out(suite):
    suite.lane = lambda name, _: CLOSE if name == "RULE_ADD" else None
    run(suite, "allow", "tcp").fails(1, "nothing was changed: connection lost")
    # Never sent again: it may have been done.
    assert [name for name, _ in suite.lane_said] == ["HELLO", "RULE_ADD"]
    # It was done before e7-priv died.
    suite.rules = [{"ID": 4, "ACTION": 1, "PROT": 6}]
    assert run(suite, "allow", "tcp").status == 0
    run(suite, "block", "tcp").fails(1, "nothing was changed: connection lost")
    suite.lane = lambda name, _: CLOSE if name in ("RULE_DEL", "RULE_CLEAR", "FLAG_SET") else None
    run(suite, "clear", "tcp").fails(1, "nothing was changed: connection lost")
    assert run(suite, "clear", "udp").status == 0
    assert run(suite, "clear", "id", "5").status == 0
    run(suite, "clear").fails(1, "nothing was changed: connection lost")
    assert run(suite, "set", "mode", "disabled").status == 0
    run(suite, "set", "mode", "block").fails(1, "nothing was changed: connection lost")


def test_an_edit_that_was_not_sent_is_sent_again(suite):
    answers = [CLOSE, None]
    suite.lane = lambda name, _: answers.pop(0) if name == "HELLO" else None
    assert run(suite, "allow", "tcp").status == 0
    assert [name for name, _ in suite.lane_said] == ["HELLO", "HELLO", "RULE_ADD"]


def test_what_is_not_ready_is_asked_again(suite):
    again = {"FLAG_GET": [[done(EAGAIN, b"module e7 was just loaded")], None]}
    again["LANE"] = [[done(ECONNREFUSED, b"e7-priv takes no lanes")], None]
    suite.console = lambda name, _: again[name].pop(0) if name in again else None
    assert run(suite, "get", "mode").out == "set mode disabled\n"
    assert run(suite, "allow", "tcp").status == 0
    suite.console = lambda name, _: [done(ECONNREFUSED, b"no lanes")] if name == "LANE" else None
    run(suite, "allow", "tcp").fails(3, "no lanes (ECONNREFUSED)")


def test_silence_ends_after_ten_seconds(suite):
    suite.lane = lambda name, _: SILENCE if name == "RULE_ADD" else None
    begin = time.monotonic()
    run(suite, "allow", "tcp").fails(1, "outcome unknown: no answer within 10 s")
    assert 9.5 < time.monotonic() - begin < 15


@pytest.mark.skipif(os.geteuid() != 0, reason="answers as another user")
def test_an_answer_from_somebody_else_does_not_count(suite):
    suite.lane_answers_as = 65534
    run(suite, "allow", "tcp").fails(1, "an answer came from somebody else than e7-priv")


# Files


def test_rules_that_stand_together_are_one_change(suite):
    text = "allow tcp\n# and\nblock udp\nset drops enabled\nquery\nclear icmp\nquit\nclear\n"
    ended = run(suite, "-f", "-", given=text.encode())
    assert (ended.status, ended.out, ended.err) == (0, "set mode disabled\n", "")
    assert [name for name, _ in suite.lane_said] == [
        "HELLO", "BEGIN", "RULE_ADD", "RULE_ADD", "COMMIT", "FLAG_SET", "BEGIN", "RULE_DEL", "COMMIT",
    ]  # fmt: skip


def test_a_change_waits_for_somebody_elses(suite):
    answers = [[done(EBUSY, b"busy")], CLOSE, None]
    suite.lane = lambda name, _: answers.pop(0) if name == "BEGIN" else None
    assert run(suite, "-f", "-", given=b"allow tcp\n").status == 0
    assert [name for name, _ in suite.lane_said] == [
        "HELLO", "BEGIN", "BEGIN", "HELLO", "BEGIN", "RULE_ADD", "COMMIT",
    ]  # fmt: skip


def test_a_large_file(suite):
    text = "".join(f"allow tcp /usr/bin/program-{number}\n" for number in range(5000))
    assert run(suite, "-f", "-", given=text.encode()).status == 0
    paths = [attributes["PATH"] for name, attributes in suite.lane_said if name == "RULE_ADD"]
    assert paths == [b"/usr/bin/program-%d" % number for number in range(5000)]


def test_a_file_ends_at_the_first_refusal(suite, tmp_path):
    file = tmp_path / "f"
    file.write_text("allow tcp\n\nclear udp\nallow icmp\n")
    suite.lane = lambda name, _: [done(ENOENT, b"no such rule")] if name == "RULE_DEL" else None
    run(suite, "-f", str(file)).fails(1, f"{file}: line 3: no such rule (ENOENT)")
    assert "COMMIT" not in [name for name, _ in suite.lane_said]


def test_a_change_that_breaks_off_changed_nothing(suite):
    suite.lane = lambda name, _: CLOSE if name == "RULE_ADD" else None
    run(suite, "-f", "-", given=b"allow tcp\n").fails(
        1, "-: line 1: nothing was changed: connection lost"
    )
    suite.lane = lambda name, _: CLOSE if name == "COMMIT" else None
    run(suite, "-f", "-", given=b"allow tcp\n").fails(
        1, "-: line 1: nothing was changed: connection lost"
    )


def test_nothing_of_a_file_with_errors_is_done(suite):
    ended = run(suite, "-f", "-", given=b"allow tcp\nallow tpc\nset mode\nenable\n")
    assert (ended.status, ended.out, suite.said) == (1, "", [])
    lines = ended.err.splitlines()
    assert [line.split(":")[:3] for line in lines] == [
        ["e7-client", " -", " line 2, column 7"],
        ["e7-client", " -", " line 3, column 9"],
    ]


def test_files_that_cannot_be_read(suite, tmp_path):
    missing = tmp_path / "missing"
    run(suite, "-f", str(missing)).fails(
        1, f"cannot read {missing}: No such file or directory (ENOENT)"
    )
    run(suite, "-f", str(tmp_path)).fails(1, f"cannot read {tmp_path}: Is a directory (EISDIR)")


# Events


def test_events_until_enough(suite):
    suite.told = [("EVENT", DROP), ("GAP", {"LOST": 4}), ("NOTICE", {"KIND": 3}), ("EVENT", DROP)]
    ended = run(suite, "events", "--count", "2")
    assert (ended.status, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == (
        "14:02:11 drop tcp out /usr/bin/curl pid 4711 uid 1000 10.0.0.1:40112 > 10.0.0.2:80 "
        "by rule 3: block (2 more left out)"
    )
    assert lines[1].endswith(" gap: 4 events are missing here")
    assert lines[2].endswith(" the module is being unloaded")
    assert len(lines) == 3


def test_each_event_is_out_at_once(suite):
    suite.told = [("EVENT", DROP)]
    client = start(suite, "--json", "events")
    assert json.loads(client.stdout.readline())["path"] == "/usr/bin/curl"
    client.send_signal(signal.SIGTERM)
    assert client.wait(5) == -signal.SIGTERM


def test_events_go_on_with_the_next_broker(suite):
    suite.told = [("EVENT", DROP)]
    client = start(suite, "--json", "events")
    assert json.loads(client.stdout.readline())["type"] == "event"
    suite.drop()
    assert json.loads(client.stdout.readline()) == {"type": "gap"}
    assert json.loads(client.stdout.readline())["type"] == "event"
    suite.close()
    begin = time.monotonic()
    out, err = client.communicate(timeout=15)
    assert 4 < time.monotonic() - begin < 12
    assert (client.returncode, out) == (3, b"")
    lines = err.decode().splitlines()
    assert lines[:3] == [
        "e7-client: connection lost; trying again",
        "e7-client: connected again",
        "e7-client: connection lost; trying again",
    ]
    assert len(lines) == 4


# Questions of the firewall


ASK = {**{name: DROP[name] for name in DROP if name != "LEFTOUT"},
       "KIND": 4, "VERDICT": 4, "QUESTION": 16012345, "LEFT": 30}
ASKED = {**{name: ASK[name] for name in ASK if name not in ("LEFT", "ID")},
         "KIND": 5, "VERDICT": 1, "REASON": 7}
CURLS = "tcp out /usr/bin/curl pid 4711 uid 1000 10.0.0.1:40112 > 10.0.0.2:80"
ASK_LINE = (f"14:02:11 ask 16012345 {CURLS} by rule 3: held for 30 s "
            "(answer 16012345 allow|block|reject)")
ASKED_LINE = f"14:02:11 asked 16012345 {CURLS}: allow by answer"


def test_questions_and_their_ends_are_events(suite):
    suite.told = [("EVENT", ASK), ("EVENT", ASKED)]
    ended = run(suite, "events", "--count", "2")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines() == [ASK_LINE, ASKED_LINE]
    told = [json.loads(line)
            for line in run(suite, "--json", "events", "--count", "2").out.splitlines()]
    assert [(e["kind"], e["question"], e["verdict"], e["reason"], e.get("secondsLeft"))
            for e in told] == [("ask", 16012345, "ask", "rule", 30),
                               ("asked", 16012345, "allow", "answer", None)]


def test_questions_lists_what_is_held(suite):
    suite.console = lambda name, _: (
        [("EVENT", ASK), ("EVENT", dict(ASK, QUESTION=9, LEFT=1)), done()]
        if name == "QUESTIONS" else None)
    second = ASK_LINE.replace("16012345", "9").replace("30 s", "1 s")
    ended = run(suite, "questions")
    assert (ended.status, ended.out.splitlines(), ended.err) == (0, [ASK_LINE, second], "")
    told = [json.loads(line) for line in run(suite, "--json", "questions").out.splitlines()]
    assert [record.get("question") for record in told] == [16012345, 9, None]
    assert told[-1] == {"type": "done", "error": 0}
    suite.console = lambda name, _: [("RULE_GET", CURL), done()] if name == "QUESTIONS" else None
    assert run(suite, "questions").status == 1
    suite.console = lambda name, _: None
    ended = run(suite, "questions")
    assert (ended.status, ended.out, ended.err) == (0, "", "")


def test_an_answer_that_comes_too_late_is_told(suite):
    suite.lane = lambda name, _: (
        [done(ENOENT, b"no such question: answered, withdrawn or late")]
        if name == "ANSWER" else None)
    words = "no such question: answered, withdrawn or late (ENOENT)"
    run(suite, "answer", "7", "allow").fails(1, words)
    run(suite, "-f", "-", given=b"\nanswer 7 allow always\n").fails(1, f"-: line 2: {words}")
    # A console goes on.
    ended = run(suite, given=b"answer 7 block\nget mode\n")
    assert (ended.status, ended.out) == (0, "set mode disabled\n")
    assert ended.err == f"e7-client: {words}\n"
    suite.lane = lambda name, _: CLOSE if name == "ANSWER" else None
    suite.lane_said.clear()
    run(suite, "answer", "7", "allow").fails(1, "outcome unknown: connection lost")
    # It may have been heard, so it is not said twice.
    assert [name for name, _ in suite.lane_said] == ["HELLO", "ANSWER"]


def test_an_answer_that_makes_a_rule_tells_its_number(suite):
    suite.lane = lambda name, _: [done(GENERATION=11, ID=8)] if name == "ANSWER" else None
    ended = run(suite, "answer", "7", "allow", "always")
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    ended = run(suite, "--json", "answer", "7", "allow", "always")
    assert json.loads(ended.out) == {"type": "done", "error": 0, "generation": 11, "id": 8}
    assert run(suite, given=b"answer 7 allow always\n").out == "ok: rule 8, generation 11\n"


def test_rules_that_ask_are_listed_and_read_back(suite, tmp_path):
    suite.rules = [{"ID": 4, "ACTION": 4, "PROT": 6, "PATH": b"/usr/bin/curl"}]
    suite.console = lambda name, attributes: [
        ("FLAG_GET", {"FLAG": FLAGS["UNKRULE"], "VALUE": 4}),
        ("FLAG_GET", {"FLAG": FLAGS["ASKTIME"], "VALUE": 30}),
        ("FLAG_GET", {"FLAG": FLAGS["ASKMAX"], "VALUE": 1024}), done(),
    ] if name == "FLAG_GET" and not attributes else None  # fmt: skip
    assert run(suite, "query", "ask").out == "ask tcp /usr/bin/curl  # id 4, 0 hits\n"
    assert run(suite, "query", "allow").out == ""
    file = tmp_path / "rules"
    assert run(suite, "save", str(file)).status == 0
    assert file.read_text() == (
        "set unkrule ask\nset asktime 30\nset askmax 1024\nask tcp /usr/bin/curl\n")
    assert run(suite, "diff", str(file)).out == ""
    assert run(suite, "load", str(file)).status == 0
    assert suite.lane_said[2:] == [
        ("RULE_ADD", {"ACTION": 4, "PROT": 6, "PATH": b"/usr/bin/curl"}), ("COMMIT", {}),
        ("FLAG_SET", {"FLAG": FLAGS["UNKRULE"], "VALUE": 4}),
        ("FLAG_SET", {"FLAG": FLAGS["ASKTIME"], "VALUE": 30}),
        ("FLAG_SET", {"FLAG": FLAGS["ASKMAX"], "VALUE": 1024}),
    ]  # fmt: skip


# The console


def test_console(suite):
    suite.told = [("EVENT", DROP)]
    client = start(suite, stdin=subprocess.PIPE)
    assert b"/usr/bin/curl" in client.stdout.readline()
    client.stdin.write(b"allow tpc\nget mode\nallow tcp\ndisconnect\nquit\nget mode\n")
    out, err = client.communicate(timeout=10)
    assert client.returncode == 0
    assert out.decode() == "set mode disabled\nok: rule 7, generation 10\n"
    assert err.decode().startswith("e7-client: column 7: unknown protocol 'tpc'")
    assert err.count(b"\n") == 1
    assert [name for name, _ in suite.said] == [
        "HELLO", "SUBSCRIBE", "FLAG_GET", "LANE", "UNSUBSCRIBE",
    ]  # fmt: skip


@pytest.mark.parametrize("given", [b"", b"\n# nothing\n", b"get mode"])
def test_the_end_of_input_ends_the_console(suite, given):
    ended = run(suite, given=given)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == ("set mode disabled\n" if b"get" in given else "")


def test_a_console_reads_from_a_file(suite, tmp_path):
    (tmp_path / "f").write_bytes(b"get mode\n")
    with open(tmp_path / "f", "rb") as file:
        client = start(suite, stdin=file)
        assert client.communicate(timeout=10) == (b"set mode disabled\n", b"")


def test_a_terminal_has_a_prompt(suite):
    suite.told = [("NOTICE", {"KIND": 1, "GENERATION": 5})]
    here, there = pty.openpty()
    client = subprocess.Popen([CLIENT, "--socket", suite.path], stdin=there, stdout=there)
    os.close(there)
    seen = b""

    def see(text):
        nonlocal seen
        while text not in seen:
            assert select.select([here], [], [], 10)[0], seen
            seen += os.read(here, 4096)
        seen = seen.split(text, 1)[1]

    see(b"e7> ")
    see(b"\r\x1b[K")
    see(b"rules changed, generation 5\r\ne7> ")
    os.write(here, b"get mode\n")
    see(b"set mode disabled\r\ne7> ")
    os.write(here, b"\x04")
    assert client.wait(10) == 0
    os.close(here)


def test_somebody_at_a_terminal_answers_while_events_are_shown(suite):
    suite.told = [("EVENT", ASK)]
    suite.lane = lambda name, _: [done(GENERATION=11, ID=8)] if name == "ANSWER" else None
    here, there = pty.openpty()
    client = subprocess.Popen([CLIENT, "--socket", suite.path], stdin=there, stdout=there,
                              env={**os.environ, "TZ": "UTC"})
    os.close(there)
    seen = b""

    def see(text):
        nonlocal seen
        while text not in seen:
            assert select.select([here], [], [], 10)[0], seen
            seen += os.read(here, 4096)
        seen = seen.split(text, 1)[1]

    see(ASK_LINE.encode() + b"\r\ne7> ")
    os.write(here, b"answer 16012345 allow always\n")
    see(b"ok: rule 8, generation 11\r\ne7> ")
    assert suite.lane_said[-1] == ("ANSWER", {"QUESTION": 16012345, "ACTION": 1, "ALWAYS": b""})
    suite.consoles[0].send(encode("EVENT", 0, ASKED))
    see(ASKED_LINE.encode() + b"\r\ne7> ")
    os.write(here, b"\x04")
    assert client.wait(10) == 0
    os.close(here)


def test_a_line_that_is_too_long(suite):
    ended = run(suite, given=b"x" * 100_000 + b"\nget mode\n")
    assert (ended.status, ended.out) == (0, "set mode disabled\n")
    assert ended.err == (
        "e7-client: column 8193: the line is too long; expected at most 8192 bytes\n"
    )


def test_a_console_goes_on_with_the_next_broker(suite):
    client = start(suite, stdin=subprocess.PIPE)
    eventually(lambda: ("SUBSCRIBE", {}) in suite.said)
    suite.said.clear()
    suite.drop()
    eventually(lambda: ("SUBSCRIBE", {}) in suite.said)
    out, err = client.communicate(b"get mode\n", timeout=10)
    assert client.returncode == 0
    assert b"set mode disabled\n" in out
    assert err.decode().splitlines() == [
        "e7-client: connection lost; trying again",
        "e7-client: connected again",
    ]


# Ends


def test_wrong_command_lines(suite):
    for words, text in [
        (("alow",), "word 1: unknown command 'alow'"),
        (("allow", "tpc"), "word 2: unknown protocol 'tpc'"),
        (("allow", "tcp /bin/"), "word 2: the path 'tcp /bin/' is not absolute"),
        (("block", "forein"), "word 2: unknown protocol 'forein'"),
        (("block", "kernel", "/bin/x"), "word 3: class 'kernel' takes no path"),
        (("allow", "tcp", "host"), "word 3: rules do not name class 'host'"),
        (("reject",), "word 2: 'reject' alone is no mode"),
        (("allow", "to", "10.1.2.3/8"), "word 3: '10.1.2.3/8' has bits set behind its prefix; "
         "expected 10.0.0.0/8"),
        (("allow", "tcp", "port", "90-80"), "word 4: the range '90-80' is reversed; expected 80-90"),
        (("allow", "icmp", "port", "5"), "word 3: protocol 'icmp' has no ports"),
        (("allow", "user", "no such user"), "word 3: unknown user 'no such user'"),
        (("allow", "port", "no such service"), "word 3: unknown service 'no such service'"),
        (("allow", "tcp", "for", "5"), "word 4: '5' is no duration"),
        (("allow", "tcp", "comment", "a\nb"), "word 4: the comment 'a\\x0ab' holds a control"),
        (("ask",), "word 2: 'ask' alone is no mode"),
        (("set", "asktime", "0"), "word 3: '0' is no value of flag 'asktime'; expected a number 1…3600"),
        (("answer", "x", "allow"), "word 2: 'x' is no number of a question; expected a number 1…"),
        (("answer", "7", "ask"), "word 3: 'ask' is no answer; expected allow, block or reject"),
        (("answer", "7", "allow", "now"), "word 4: unexpected 'now'; expected once, for, always or"),
        (("questions", "7"), "word 2: unexpected '7'; expected the end of the line"),
        (("stats", "now"), "word 2: unexpected 'now'"),
        (("",), "word 1: unknown command ''"),
        (("--foo",), "Unknown option '--foo'"),
        (("-f", "x", "query"), "a file and a command at once"),
        (("events", "--count", "0"), "--count 0; expected 1 or more"),
        (("events", "--count", "x"), "The value 'x' is invalid"),
        (("query", "--count", "1"), "--count belongs to the command 'events'"),
        (("query", "--first"), "--first belongs to the command 'load', alone"),
        (("load", "--first", "x"), "--first belongs to the command 'load', alone"),
        (("load", "--first", "--saved"), "--first belongs to the command 'load', alone"),
        (("events", "now"), "word 2: unexpected 'now'"),
        ((b"allow", b"/\xff"), "an argument is not UTF-8"),
    ]:
        ended = run(suite, *words)
        assert (ended.status, ended.out) == (2, "")
        assert ended.err.startswith(f"e7-client: {text}") and ended.err.count("\n") == 1
    assert suite.said == []


def test_help_and_version():
    for words in (("help",), ("--help",), ("-h",)):
        ended = run("/nowhere", *words)
        assert (ended.status, ended.err) == (0, "") and "EXIT STATUS" in ended.out
    assert run("/nowhere", "--version").out.startswith("e7-client ")


def test_nobody_listens(suite, tmp_path):
    missing = str(tmp_path / "missing")
    for path in (missing, suite.path):
        if path == suite.path:
            suite.listener.close()
            eventually(lambda: run(suite, "query").status == 3)
        ended = run(path, "query")
        assert (ended.status, ended.out) == (3, "")
        if os.path.exists("/sys/module/e7"):
            assert "start it with `sudo e7-priv`" in ended.err
        else:
            assert "load it with `sudo modprobe e7`" in ended.err
        assert ended.err.count("\n") == 1


def test_another_version(suite):
    suite.greeting = encode("HELLO", 1, {"MINOR": 0}, major=2)
    run(suite, "query").fails(
        3, "the suite is of another version: E7IPC version 2 is not spoken here; expected 1…1"
    )
    suite.greeting = [done(EPROTO, b"module e7 speaks version 2, this broker version 1")]
    run(suite, "query").fails(3, "module e7 speaks version 2, this broker version 1")


def test_no_module(suite):
    suite.console = lambda name, _: [done(ENODEV, b"whatever")] if name == "RULE_GET" else None
    run(suite, "query", "allow").fails(
        3, "the module e7 is not loaded; load it with `sudo modprobe e7`"
    )


def test_a_suite_that_sends_rubbish(suite):
    for rubbish in (b"hello\n", b"\xe7\x00E7", encode("HELLO", 1, {"MINOR": 0})[:-1]):
        suite.greeting = rubbish
        ended = run(suite, "query")
        assert (ended.status, ended.out) == (1, "")
        assert ended.err.startswith("e7-client: the suite sent what is no message: ")


def test_a_reader_that_goes_away(suite):
    suite.rules = [dict(CURL, ID=number) for number in range(1, 20_000)]
    client = start(suite, "query", restore_signals=False)
    client.stdout.readline()
    client.stdout.close()
    assert client.wait(20) == -signal.SIGPIPE
    assert client.stderr.read() == b""


def test_a_broker_that_takes_nobody_in_is_heard(tmp_path):
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen()
        client = start(path, "query")
        console, _ = listener.accept()
        with console:
            text = b"too many consoles of this user: 32"
            console.send(encode("DONE", 0, {"ERROR": 87, "TEXT": text}))
        assert client.wait(timeout=30) == 1
        assert client.stderr.read() == b"e7-client: too many consoles of this user: 32 (EUSERS)\n"


def test_get_says_where_the_kernel_has_no_landlock(suite):
    def answer(name, _):
        return [("STATUS", {"VERSION": 1, "INSTANCE": 5, "GENERATION": 9, "LANDLOCK": version}), done()] \
            if name == "STATUS" else None

    suite.console = answer
    for version, words in ((0, True), (2, False)):
        assert ("# this kernel has no Landlock" in run(suite, "get").out) == words
        assert ('{"type":"landlock","version":0}' in run(suite, "--json", "get").out) == words
