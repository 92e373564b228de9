# SPDX-License-Identifier: GPL-2.0-or-later
"""load, check, save, diff and why of e7-client, against a suite that answers as each test wants."""

import json
import os
import stat
import time

import pytest
from suite import CLOSE, EBUSY, ENOENT, EPERM, FLAGS, SILENCE, Suite, done
from test_client import BIN, CURL, FULL, FULL_LINE, IN, SIX, eventually, run, start

ESTALE = 116


@pytest.fixture(name="suite")
def _suite(tmp_path):
    suite = Suite(str(tmp_path / "s"))
    yield suite
    suite.drop()


@pytest.fixture(name="folder")
def _folder(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


def names(said):
    return [name for name, _ in said]


def put(folder, text, name="rules"):
    file = folder / name
    file.write_text(text)
    return str(file)


# load


def test_load_replaces_all_rules_in_one_change(suite, folder):
    file = put(folder, "set mode enabled\n# rules\nallow tcp port 80,443\n\nblock any\nset drops 1\n")
    ended = run(suite, "load", file)
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    ports = [{"ACTION": 1, "PROT": 6, "PORT_FIRST": n, "PORT_LAST": n} for n in (80, 443)]
    assert suite.lane_said == [
        ("HELLO", {"MINOR": 0}),
        ("BEGIN", {"REPLACE": b"", "GENERATION": 9}),
        ("RULE_ADD", ports[0]), ("RULE_ADD", ports[1]),
        ("RULE_ADD", {"ACTION": 2, "PROT": 256}),
        ("COMMIT", {}),
        # Only when the rules are there.
        ("FLAG_SET", {"FLAG": FLAGS["MODE"], "VALUE": 1}),
        ("FLAG_SET", {"FLAG": FLAGS["DROPS"], "VALUE": 1}),
    ]  # fmt: skip


def test_an_empty_file_is_a_ruleset_without_rules(suite):
    assert run(suite, "load", "-", given=b"").status == 0
    assert names(suite.lane_said) == ["HELLO", "BEGIN", "COMMIT"]


def test_load_waits_for_somebody_elses_change_and_then_asks_for_the_generation(suite):
    answers = [[done(EBUSY, b"busy")], None]

    def lane(name, _):
        if name != "BEGIN":
            return None
        suite.generation += 1
        return answers.pop(0)

    suite.lane = lane
    assert run(suite, "load", "-", given=b"allow tcp\n").status == 0
    begun = [attributes["GENERATION"] for name, attributes in suite.lane_said if name == "BEGIN"]
    assert begun == [9, 10]


def test_load_as_json_and_on_the_console(suite, folder):
    file = put(folder, "allow tcp\n")
    ended = run(suite, "--json", "load", file)
    assert json.loads(ended.out) == {"type": "done", "error": 0, "generation": 10}
    ended = run(suite, given=f'load "{file}"\ncheck {file}\n'.encode())
    assert (ended.status, ended.out, ended.err) == (0, "ok: generation 10\nok\n", "")


ERRORS = """\
allow tcp
allow tpc
clear
set uptime 1
  query
allow udp port 80-
block
set drops enabled
set drops disabled
block tcp for 5m
allow tcp port 1,2
load x
reject tcp port 2
"x
"""
WHERE = {2: 7, 3: 1, 4: 5, 5: 3, 6: 16, 7: 1, 9: 1, 10: 1, 12: 1, 13: 1, 14: 1}


@pytest.mark.parametrize("command", ("load", "check", "diff"))
def test_every_error_is_told_with_line_and_column_and_nothing_is_done(suite, folder, command):
    file = put(folder, ERRORS)
    ended = run(suite, command, file)
    assert (ended.status, ended.out, suite.said) == (1, "", [])
    lines = ended.err.splitlines()
    begin = [f"e7-client: {file}: line {line}, column {column}: " for line, column in WHERE.items()]
    assert len(lines) == len(begin)
    for line, beginning in zip(lines, begin):
        assert line.startswith(beginning), line
    text = {line: told[len(beginning):] for line, told, beginning in zip(WHERE, lines, begin)}
    assert text[3] == ("the command 'clear' is not for a rules file; "
                       "expected a rule or 'set FLAG VALUE'")
    assert text[7] == ("'block' alone is no rule; "
                       "expected a match behind it, or 'set mode block'")
    assert text[9] == "flag 'drops' is set on line 8 already; expected each flag once"
    # Neither action nor end nor comment tell rules apart.
    assert text[10] == "the same match stands on line 1 already; expected each match once"
    assert text[13] == "the same match stands on line 11 already; expected each match once"


def test_as_many_rules_as_there_can_be(suite):
    most = 131072
    text = "".join(f"allow tcp /usr/bin/program-{number}\n" for number in range(most))
    assert run(suite, "check", "-", given=text.encode()).status == 0
    ended = run(suite, "check", "-", given=(text + "allow udp\n").encode())
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == (f"e7-client: -: line {most + 1}, column 1: the ruleset is too large; "
                         f"expected at most {most} rules\n")


def test_a_hundred_thousand_rules(suite, folder):
    count = 100_000
    file = put(folder, "".join(f"allow tcp /usr/bin/program-{n}\n" for n in range(count)))
    client = start(suite, "load", file)
    assert client.communicate(timeout=300) == (b"", b"") and client.returncode == 0
    paths = [attributes["PATH"] for name, attributes in suite.lane_said if name == "RULE_ADD"]
    assert paths == [b"/usr/bin/program-%d" % number for number in range(count)]
    assert names(suite.lane_said)[-1] == "COMMIT"


def test_an_edit_that_is_refused_aborts(suite, folder):
    file = put(folder, "set mode enabled\nallow tcp\n\nallow udp port 1,2,3\n" + "".join(
        f"block tcp port {n}\n" for n in range(200)))
    suite.lane = lambda name, attributes: (
        [done(ENOENT, b"no room")] if attributes.get("PORT_FIRST") == 2 else None)
    run(suite, "load", file).fails(1, f"{file}: line 4: no room (ENOENT)")
    said = names(suite.lane_said)
    assert said[-1] == "ABORT" and "COMMIT" not in said and "FLAG_SET" not in said
    # What was on its way then, two answers later, and no more.
    assert said.count("RULE_ADD") <= 64 + 2


def test_the_lane_goes_on_after_an_abort(suite):
    suite.lane = lambda name, attributes: (
        [done(ENOENT, b"no room")] if attributes.get("PORT_FIRST") == 2 else None)
    ended = run(suite, given=b"allow tcp port 1,2,3\nallow udp\n")
    assert (ended.status, ended.out) == (0, "ok: rule 7, generation 10\n")
    assert ended.err == "e7-client: port 2: no room (ENOENT)\n"
    assert names(suite.lane_said) == [
        "HELLO", "BEGIN", "RULE_ADD", "RULE_ADD", "RULE_ADD", "ABORT", "RULE_ADD"]


def test_load_that_somebody_else_overtakes(suite):
    for edit, text in (("BEGIN", b"changed"), ("COMMIT", b"another socket has changed")):
        suite.lane_said.clear()
        suite.lane = lambda name, _, edit=edit, text=text: (
            [done(ESTALE, text)] if name == edit else None)
        run(suite, "load", "-", given=b"set mode block\nallow tcp\n").fails(
            1, f"-: {text.decode()} (ESTALE)")
        assert "FLAG_SET" not in names(suite.lane_said)


def test_load_that_breaks_off(suite):
    suite.lane = lambda name, _: CLOSE if name == "RULE_ADD" else None
    run(suite, "load", "-", given=b"\nallow tcp\n").fails(
        1, "-: line 2: nothing was changed: connection lost")
    suite.lane = lambda name, _: CLOSE if name == "COMMIT" else None
    run(suite, "load", "-", given=b"allow tcp\n").fails(
        1, "-: nothing was changed: connection lost")

    def commits(name, _):
        suite.generation = 10 if name == "COMMIT" else 9
        return CLOSE if name == "COMMIT" else None

    suite.lane = commits
    suite.rules = [{"ID": 4, "ACTION": 1, "PROT": 6}]
    assert run(suite, "load", "-", given=b"allow tcp\n").status == 0
    suite.generation = 9
    run(suite, "load", "-", given=b"allow udp\n").fails(
        1, "-: outcome unknown, others change rules too: connection lost")
    suite.console = lambda name, _: [done(EPERM, b"not you")] if name == "LANE" else None
    run(suite, "load", "-", given=b"allow tcp\n").fails(1, "-: not you (EPERM)")


def test_a_flag_that_is_refused_when_the_rules_are_there(suite):
    suite.lane = lambda name, _: [done(EPERM, b"no")] if name == "FLAG_SET" else None
    run(suite, "load", "-", given=b"allow tcp\nset mode block\n").fails(
        1, "-: line 2: no (EPERM); the rules are in force, "
           "this flag and those behind it are as they were")
    assert "COMMIT" in names(suite.lane_said)


def test_a_client_that_is_killed_changes_nothing(suite, folder):
    file = put(folder, "".join(f"block tcp port {n}\n" for n in range(1000)))
    suite.lane = lambda name, attributes: (
        SILENCE if name == "RULE_ADD" and attributes["PORT_FIRST"] >= 500 else None)
    client = start(suite, "load", file)
    eventually(lambda: names(suite.lane_said).count("RULE_ADD") > 500)
    client.kill()
    client.wait()
    time.sleep(0.2)
    # Its lane is closed, which takes the edits with it.
    assert "COMMIT" not in names(suite.lane_said)
    assert client.communicate()[1] == b""


def test_standard_input_is_read_once(suite, folder):
    text = "standard input is where the commands come from; expected another file than -"
    for command in ("load", "check", "diff"):
        ended = run(suite, given=f"{command} -\nallow tcp\n".encode())
        assert (ended.status, ended.err) == (0, f"e7-client: {text}\n")
        run(suite, "-f", "-", given=f"{command} -\n".encode()).fails(1, f"-: line 1: {text}")
    assert "BEGIN" not in names(suite.lane_said)
    # In a file it may come from there.
    file = put(folder, "load -\n", "script")
    assert run(suite, "-f", file, given=b"allow tcp\n").status == 0
    assert names(suite.lane_said)[-3:] == ["BEGIN", "RULE_ADD", "COMMIT"]


def test_a_script_ends_at_a_file_that_is_wrong(suite, folder):
    wrong = put(folder, "allow tpc\n")
    for command in ("load", "check", "diff"):
        suite.lane_said.clear()
        script = put(folder, f"{command} {wrong}\nset mode block\n", "script")
        ended = run(suite, "-f", script)
        assert (ended.status, ended.out) == (1, "")
        assert ended.err.startswith(f"e7-client: {wrong}: line 1, column 7: unknown protocol 'tpc'")
        assert suite.lane_said == []


# check


def test_check_asks_nobody(folder):
    file = put(folder, "allow tcp\nset mode enabled\n")
    ended = run("/nowhere", "check", file)
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert run("/nowhere", "check", "-", given=b"allow tcp\nallow tpc\n").status == 1
    missing = str(folder / "missing")
    run("/nowhere", "check", missing).fails(
        1, f"cannot read {missing}: No such file or directory (ENOENT)")
    run("/nowhere", "check", str(folder)).fails(
        1, f"cannot read {folder}: Is a directory (EISDIR)")
    run("/nowhere", "check", "/dev/zero").fails(
        1, f"/dev/zero is too long: expected at most {64 << 20} bytes")


# save


SAVED = """\
set mode enabled
block tcp /usr/bin/curl
reject quick tcp /opt/x to 10.0.0.0/8 port 80-443 user root for 2h comment "the \\"web\\""
allow any from 2001:db8:: port 22 user 4000000000
block any in for 61s
"""


def test_save_writes_what_load_reads(suite, folder):
    suite.mode = 1
    suite.rules = [CURL, FULL, SIX, IN]
    file = folder / "rules"
    ended = run(suite, "save", str(file))
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert file.read_text() == SAVED
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert os.listdir(folder) == ["rules"]
    assert run(suite, "load", str(file)).status == 0
    unsaid = ("ID", "HITS", "LAST_HIT")
    added = [attributes for name, attributes in suite.lane_said if name == "RULE_ADD"]
    assert added == [
        {"PROT": 256, **{k: v for k, v in rule.items() if k not in unsaid}} for rule in suite.rules]
    assert suite.lane_said[-1] == ("FLAG_SET", {"FLAG": FLAGS["MODE"], "VALUE": 1})


def test_save_keeps_the_mode_and_replaces_the_file(suite, folder):
    file = folder / "rules"
    file.write_text("x" * 10_000)
    file.chmod(0o600)
    inode = file.stat().st_ino
    assert run(suite, "save", str(file)).status == 0
    assert file.read_text() == "set mode disabled\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and file.stat().st_ino != inode


def test_save_refuses_what_is_no_regular_file(suite, folder):
    (folder / "target").write_text("stays")
    (folder / "link").symlink_to("target")
    os.mkfifo(folder / "fifo")
    for path in (folder, folder / "link", folder / "fifo", "/dev/null"):
        run(suite, "save", str(path)).fails(1, f"{path} is no regular file")
    run(suite, "save", f"{folder}/no/rules").fails(
        1, f"cannot save to {folder}/no/rules: open: No such file or directory (ENOENT)")
    run(suite, "save", "-").fails(1, "- is no file to save to; `query` prints the rules")
    assert (folder / "target").read_text() == "stays"
    assert sorted(os.listdir(folder)) == ["fifo", "link", "target"]


def test_save_alone_is_for_e7_priv_to_write(suite):
    suite.rules = [{"ID": 4, "ACTION": 2, "PROT": 17}]
    assert run(suite, "save").status == 0
    assert suite.lane_said[-1][0] == "SAVE"
    part = suite.lane_said[-1][1]
    assert part["GENERATION"] == 9 and part["LAST"] == b"" and b"\nblock udp\n" in part["PART"]


def test_save_alone_goes_in_parts(suite):
    suite.rules = [{"ID": 1 + n, "ACTION": 2, "PROT": 6, "PATH": b"/%04d" % n + b"x" * 90}
                   for n in range(700)]
    assert run(suite, "save").status == 0
    parts = [attributes for name, attributes in suite.lane_said if name == "SAVE"]
    assert [len(part["PART"]) for part in parts[:-1]] == [32768] * (len(parts) - 1) and len(parts) > 2
    assert ["LAST" in part for part in parts] == [False] * (len(parts) - 1) + [True]
    assert b"".join(part["PART"] for part in parts).count(b"\nblock tcp /") == 700


def test_save_alone_that_is_refused_says_why(suite):
    suite.lane = lambda name, _: [done(EPERM, b"not you")] if name == "SAVE" else None
    run(suite, "save").fails(1, "not you (EPERM)")


def test_save_that_fails_leaves_the_file_as_it_was(suite, folder):
    file = folder / "rules"
    file.write_text("old")
    # As a path that prints as more than a line can hold.
    suite.rules = [CURL, {"ID": 9, "ACTION": 1, "PATH": b"/" + b"\xff" * 4094}]
    run(suite, "save", str(file)).fails(
        1, f"rule 9 does not fit a line of 8192 bytes; {file} is as it was")
    suite.console = lambda name, _: [done(EPERM, b"no")] if name == "FLAG_GET" else None
    suite.rules = []
    run(suite, "save", str(file)).fails(1, "no (EPERM)")
    assert file.read_text() == "old" and os.listdir(folder) == ["rules"]


def test_save_on_the_console(suite, folder):
    ended = run(suite, given=f'save "{folder}/a b"\n'.encode())
    assert (ended.status, ended.out, ended.err) == (0, "ok\n", "")
    assert (folder / "a b").read_text() == "set mode disabled\n"


# diff


def test_diff_is_what_load_would_change(suite, folder):
    suite.mode = 1
    suite.rules = [CURL, BIN, FULL, SIX, IN]
    file = put(folder, SAVED + "allow any /usr/bin/\n")
    assert run(suite, "diff", file).out == ""
    # Of a rule that ends it does not matter when, of all others everything does.
    file = put(
        folder,
        "set mode block\nallow tcp /usr/bin/curl\nblock any in for 7d\nblock udp port 1,2\n"
        "allow any from 2001:db8:: port 22 user 4000000000 comment new\n"
        "reject quick tcp /opt/x to 10.0.0.0/8 port 80-443 user root\n")
    ended = run(suite, "diff", file)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == (
        "clear any /usr/bin/\n"
        "allow tcp /usr/bin/curl\n"
        "block udp port 1\n"
        "block udp port 2\n"
        'allow any from 2001:db8:: port 22 user 4000000000 comment "new"\n'
        "reject quick tcp /opt/x to 10.0.0.0/8 port 80-443 user root\n"
        "set mode block\n")
    # It is a script, and its rules are one change.
    assert suite.lane_said == []
    assert run(suite, "-f", "-", given=ended.out.encode()).status == 0
    assert names(suite.lane_said) == [
        "HELLO", "BEGIN", "RULE_DEL"] + ["RULE_ADD"] * 5 + ["COMMIT", "FLAG_SET"]
    told = [json.loads(line) for line in run(suite, "--json", "diff", file).out.splitlines()]
    assert told[0] == {"type": "command", "line": "clear any /usr/bin/"} and len(told) == 7


def test_diff_names_a_rule_that_fits_no_line_by_its_number(suite):
    suite.rules = [{"ID": 9, "ACTION": 1, "PATH": b"/" + b"\xff" * 4094}]
    assert run(suite, "diff", "-", given=b"").out == "clear id 9\n"


# why


FLOW = "tcp /usr/bin/curl to 10.1.2.3 port 443 user root".split()


def matching(suite, *rules, **flags):
    """Has the suite answer WHY with these rules, and flags with these values."""
    def console(name, attributes):
        if name == "WHY":
            return [("WHY", rule) for rule in rules] + [done(GENERATION=9)]
        number = attributes.get("FLAG")
        for flag, value in flags.items():
            if name == "FLAG_GET" and number == FLAGS[flag]:
                return [("FLAG_GET", {"FLAG": number, "VALUE": value}), done()]
        return None

    suite.console = console
    suite.mode = 1


def test_why_asks_about_one_flow(suite):
    matching(suite, BIN, UNKRULE=1, UNKPROC=1, UNKPROT=1)
    four, six = bytes((10, 1, 2, 3)), bytes((0x20, 1, 0xd, 0xb8)) + bytes(11) + b"\1"
    for words, flow in [
        (FLOW, {"PROT": 6, "PATH": b"/usr/bin/curl", "DIRECTION": 2, "REMOTE": four,
                "PORT_FIRST": 443, "UID": 0}),
        ("udp out to 10.1.2.3 port 53".split(),
         {"PROT": 17, "DIRECTION": 2, "REMOTE": four, "PORT_FIRST": 53}),
        ("sctp foreign /a from 2001:db8::1 port 1".split(),
         {"PROT": 132, "CLASS": 2, "PATH": b"/a", "DIRECTION": 1, "REMOTE": six, "PORT_FIRST": 1}),
        ("icmp6 kernel from 2001:db8::1".split(),
         {"PROT": 58, "CLASS": 5, "DIRECTION": 1, "REMOTE": six}),
        ("200 unknown in from 10.1.2.3".split(),
         {"PROT": 200, "CLASS": 6, "DIRECTION": 1, "REMOTE": four}),
    ]:  # fmt: skip
        suite.said.clear()
        ended = run(suite, "why", *words)
        assert (ended.status, ended.err) == (0, ""), words
        assert ("WHY", flow) in suite.said
    assert suite.lane_said == []


NET = {"ID": 4, "ACTION": 1, "PROT": 6, "PATH": b"/usr/bin/curl", "DIRECTION": 2,
       "REMOTE": bytes((10, 0, 0, 0)), "PREFIX": 8}


def test_why_tells_the_rule_and_what_decided(suite):
    matching(suite, NET, CURL, BIN, {"ID": 5, "ACTION": 1}, UNKRULE=2)
    ended = run(suite, "why", *FLOW)
    assert ended.out.splitlines() == [
        "decides:      allow tcp /usr/bin/curl to 10.0.0.0/8  # id 4, 0 hits",
        "decided by:   remote",
        "next best:    block tcp /usr/bin/curl  # id 3, 0 hits",
        "also beaten:  allow any /usr/bin/  # id 1, 0 hits",
        "also beaten:  allow any  # id 5, 0 hits",
    ]
    matching(suite, CURL, UNKRULE=2)
    assert run(suite, "why", *FLOW).out.splitlines() == [
        "decides:      block tcp /usr/bin/curl  # id 3, 0 hits",
        "decided by:   the only rule that matches",
    ]
    matching(suite, FULL, CURL, UNKRULE=2)
    assert run(suite, "why", *FLOW).out.splitlines()[:2] == [
        f"decides:      {FULL_LINE}", "decided by:   quick"]


def test_why_tells_the_flag_where_no_rule_matches(suite):
    matching(suite, UNKRULE=2, UNKPROC=3, UNKPROT=1)
    for words, flag in [
        ("tcp to 10.1.2.3 port 1", "unkrule block"), ("icmp to 10.1.2.3", "unkrule block"),
        ("icmp6 deleted to ::1", "unkrule block"), ("tcp kernel to ::1 port 1", "unkproc reject"),
        ("tcp unknown to ::1 port 1", "unkproc reject"), ("gre to 10.1.2.3", "unkprot allow"),
        ("200 foreign to 10.1.2.3", "unkprot allow"), ("200 kernel to ::1", "unkproc reject"),
    ]:
        assert run(suite, "why", *words.split()).out.splitlines() == [
            f"decides:      set {flag}", "decided by:   no rule matches"], words


def test_why_tells_that_it_would_ask(suite):
    matching(suite, UNKRULE=4)
    assert run(suite, "why", *FLOW).out.splitlines()[0] == "decides:      set unkrule ask"
    matching(suite, dict(CURL, ACTION=4), BIN, UNKRULE=2)
    assert run(suite, "why", *FLOW).out.splitlines() == [
        "decides:      ask tcp /usr/bin/curl  # id 3, 0 hits",
        "decided by:   program",
        "next best:    allow any /usr/bin/  # id 1, 0 hits",
    ]


def test_why_tells_of_a_mode_that_looks_at_no_rule(suite):
    matching(suite, CURL, UNKRULE=2)
    suite.mode = 2
    assert run(suite, "why", *FLOW).out.splitlines()[0] == (
        "mode:         block: drop all packets but loopback's; if it were enabled:")


def test_why_as_json(suite):
    matching(suite, NET, CURL, UNKRULE=2)
    told = [json.loads(line) for line in run(suite, "--json", "why", *FLOW).out.splitlines()]
    assert told[0] == {"type": "decision", "verdict": "allow", "reason": "rule", "rule": 4,
                       "field": "remote", "beaten": 1, "mode": "enabled"}
    assert [(record["type"], record.get("id")) for record in told[1:]] == [
        ("rule", 4), ("rule", 3), ("done", None)]
    assert told[-1]["generation"] == 9
    matching(suite, UNKRULE=2)
    told = [json.loads(line) for line in run(suite, "--json", "why", *FLOW).out.splitlines()]
    assert told[0] == {"type": "decision", "verdict": "block", "reason": "unkrule", "beaten": 0,
                       "mode": "enabled"}


def test_why_on_the_console_and_in_a_script(suite):
    matching(suite, CURL, UNKRULE=2)
    line = f"why {' '.join(FLOW)}\n".encode()
    text = run(suite, "why", *FLOW).out
    assert run(suite, given=line).out == text == run(suite, "-f", "-", given=line).out


def test_what_is_no_flow(suite):
    for words, text in [
        ("", "word 2: missing protocol; expected a protocol's name or a number 0…255 behind 'why'"),
        ("/a to ::1", "word 2: no protocol before '/a'; expected a protocol's name"),
        ("any to ::1 port 1", "word 2: 'any' is no protocol of a flow; expected a protocol's name"),
        ("tcp", "word 3: missing address of the other end; expected 'to ADDRESS' for a flow that "
         "this machine begins, or 'from ADDRESS'"),
        ("tcp out port 1", "word 6: missing address of the other end; "
         "expected 'to ADDRESS', where it goes"),
        ("tcp in port 1", "word 6: missing address of the other end; "
         "expected 'from ADDRESS', where it comes from"),
        ("tcp to 10.0.0.0/8 port 1", "word 4: '10.0.0.0/8' is a network; expected one address"),
        ("tcp to ::1", "word 5: missing port; expected 'port N', the flow's destination port"),
        ("tcp to ::1 port 1-2", "word 6: '1-2' is more than one port; expected 'port N'"),
        ("tcp port 1,2 to ::1", "word 4: '1,2' is more than one port; expected 'port N'"),
        ("icmp to 10.0.0.1 port 1", "word 5: protocol 'icmp' has no ports"),
        ("quick tcp to ::1 port 1", "word 2: a flow has no 'quick'; expected a flow without"),
        ("tcp to ::1 port 1 for 5m", "word 8: a flow has no 'for'; expected a flow without"),
        ("tcp to ::1 comment x port 1", "word 6: a flow has no 'comment'; expected a flow without"),
        ("tcp /usr/bin/ to ::1 port 1", "word 3: '/usr/bin/' is a folder; "
         "expected the path of one executable"),
        ("tcp host to ::1 port 1", "word 3: rules do not name class 'host'"),
    ]:  # fmt: skip
        ended = run(suite, "why", *words.split())
        assert (ended.status, ended.out) == (2, ""), words
        assert ended.err.startswith(f"e7-client: {text}"), ended.err
    ended = run(suite, "query", "--all")
    assert ended.status == 2 and "--all belongs to the command 'why'" in ended.err
    ended = run(suite, "why", "tcp", "--all")
    assert ended.status == 2 and "--all belongs to the command 'why'" in ended.err
    assert suite.said == []


def test_why_all_tells_the_rules_that_can_never_decide(suite):
    quick = {"ID": 5, "ACTION": 2, "QUICK": b"", "PATH": b"/usr/bin/"}
    suite.rules = [quick, CURL, BIN, {"ID": 6, "ACTION": 1, "PROT": 6}]
    ended = run(suite, "why", "--all")
    assert (ended.status, ended.err) == (0, "")
    by = "because of:   block quick any /usr/bin/  # id 5, 0 hits"
    assert ended.out.splitlines() == [
        "never:        block tcp /usr/bin/curl  # id 3, 0 hits", by,
        "never:        allow any /usr/bin/  # id 1, 0 hits", by,
    ]
    assert run(suite, given=b"why --all\n").out == ended.out
    told = [json.loads(line) for line in run(suite, "--json", "why", "--all").out.splitlines()]
    assert [(record["rule"]["id"], record["by"]["id"]) for record in told[:-1]] == [(3, 5), (1, 5)]
    assert told[0]["type"] == "shadowed" and told[-1]["type"] == "done"


def test_wrong_words(suite):
    for words, text in [
        (("load",), "word 2: missing file; expected the name of a file"),
        (("check", ""), "word 2: '' is no name of a file"),
        (("diff", "a", "b"), "word 3: unexpected 'b'; expected the end of the line"),
        (("save", "a", "b"), "word 3: unexpected 'b'; expected the end of the line"),
    ]:
        ended = run(suite, *words)
        assert (ended.status, ended.out) == (2, "") and ended.err.startswith(f"e7-client: {text}")
    assert suite.said == []
