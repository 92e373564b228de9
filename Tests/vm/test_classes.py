# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules about classes of programs, and statistics, through the whole chain."""

import errno
import json
import subprocess
import time

import pytest

from kit import defs, genl, ipc, net
from test_commands import client

ALLOW, BLOCK = defs.ACTION["allow"], defs.ACTION["block"]
FOREIGN, DELETED, MEMFD, KERNEL = (
    defs.CLASS[word] for word in ("foreign", "deleted", "memfd", "kernel"))


def rules(e7):
    """(action, protocol, class, path) of each rule in force, None for what a rule does not say."""
    return [(r["ACTION"], r.get("PROT"), r.get("CLASS"), r.get("PATH")) for r in e7.rules()]


def lines(*words):
    """What `query` prints, without the numbers of the rules."""
    status, out, error = client("query", *words, user="alice")
    assert (status, error) == (0, "")
    return [line.split("  #")[0] for line in out.splitlines()]


# ---- the language ----


@pytest.mark.parametrize("line, rule, printed", [
    ("block foreign", (BLOCK, None, FOREIGN, None), "block any foreign"),
    ("allow tcp foreign", (ALLOW, 6, FOREIGN, None), "allow tcp foreign"),
    ("allow tcp foreign /usr/sbin/nginx", (ALLOW, 6, FOREIGN, "/usr/sbin/nginx"),
     "allow tcp foreign /usr/sbin/nginx"),
    ("block foreign /opt/", (BLOCK, None, FOREIGN, "/opt/"), "block any foreign /opt/"),
    ("allow udp kernel", (ALLOW, 17, KERNEL, None), "allow udp kernel"),
    ("block memfd", (BLOCK, None, MEMFD, None), "block any memfd"),
    ("block deleted", (BLOCK, None, DELETED, None), "block any deleted")])
def test_each_is_added_listed_and_removed(e7, line, rule, printed):
    words = line.split()
    status, out, _ = client(*words, user="alice")
    assert status == 1 and out == "" and rules(e7) == []
    assert client(*words) == (0, "", "")
    assert rules(e7) == [rule]
    assert lines() == ["set mode enabled", printed]
    assert client(*words) == (0, "", "") and len(rules(e7)) == 1, "twice is once"
    status, out, _ = client("--json", "query", user="alice")
    told = json.loads(next(text for text in out.splitlines() if '"rule"' in text))
    assert told["class"] == defs.CLASS_NAME[rule[2]] and told.get("path") == rule[3]
    assert client("clear", *words[1:]) == (0, "", "")
    assert rules(e7) == []


def test_classes_are_no_part_of_each_other(e7):
    """A rule about a path, about a class, and about both: three matches, each removed alone."""
    for line in ("block tcp /opt/a", "block tcp foreign /opt/a", "block tcp foreign",
                 "block tcp kernel", "block tcp"):
        assert client(*line.split())[0] == 0
    assert lines() == ["set mode enabled", "block tcp /opt/a", "block tcp foreign /opt/a",
                       "block tcp foreign", "block tcp kernel", "block tcp"]
    assert lines("foreign") == ["block tcp foreign /opt/a", "block tcp foreign"]
    assert lines("tcp", "foreign", "/opt/a") == ["block tcp foreign /opt/a"]
    assert lines("/opt/a") == ["block tcp /opt/a", "block tcp foreign /opt/a"]
    for line, left in (("tcp /opt/a", 4), ("tcp foreign", 3), ("tcp", 2), ("tcp kernel", 1)):
        assert client("clear", *line.split())[0] == 0
        assert len(rules(e7)) == left
    assert rules(e7) == [(BLOCK, 6, FOREIGN, "/opt/a")]
    status, _, error = client("clear", "tcp", "/opt/a")
    assert status == 1 and "no rule has exactly this match" in error


def test_what_query_prints_is_read_back(e7):
    text = ("allow tcp foreign \"/opt/a b/\"\nblock any foreign\nallow udp kernel\n"
            "block any memfd\nblock tcp /opt/a\nblock any deleted\n")
    assert client("-f", "-", stdin=text)[0] == 0
    first = client("query")[1]
    assert client("clear")[0] == 0 and client("-f", "-", stdin=first)[0] == 0
    assert [line.split("  #")[0] for line in first.splitlines()] == lines()
    assert sorted(lines()[1:]) == sorted(text.splitlines())


@pytest.mark.parametrize("line, words", [
    ("block kernel /usr/bin/curl", "class 'kernel' takes no path"),
    ("block tcp memfd /usr/bin/curl", "class 'memfd' takes no path"),
    ("clear deleted /usr/", "class 'deleted' takes no path"),
    ("allow host", "rules do not name class 'host'"),
    ("allow host /usr/bin/curl", "rules do not name class 'host'"),
    ("query unknown", "rules do not name class 'unknown'"),
    ("block forein", "did you mean 'foreign'?"),
    ("block foreign usr/bin/curl", "is not absolute"),
    ("block foreign /a//b", "holds '//'"),
    ("block foreign tcp", "unexpected 'tcp'; expected an absolute path, in, out, to, from, port, "
                          "user, for, comment or the end of the line"),
    ("block foreign kernel", "unexpected 'kernel'"),
    ("block /usr/bin/curl foreign", "unexpected 'foreign'")])
def test_wrong_words(e7, line, words):
    status, out, error = client(*line.split())
    assert (status, out) == (2, "") and words in error and error.count("\n") == 1
    status, _, error = client("-f", "-", stdin=f"block tcp\n{line}\n")
    assert status == 1 and "line 2, " in error and words in error
    assert rules(e7) == []


# ---- those who do not speak the language ----

WRONG = [
    ({"CLASS": defs.CLASS["host"]}, "class host"),
    ({"CLASS": defs.CLASS["host"], "PATH": "/a"}, "class host"),
    ({"CLASS": defs.CLASS["unknown"], "PROT": 6}, "foreign"),
    ({"CLASS": KERNEL, "PATH": "/a"}, "path"),
    ({"CLASS": MEMFD, "PATH": "/a", "PROT": 6}, "path"),
    ({"CLASS": DELETED, "PATH": "/"}, "path"),
]


@pytest.mark.parametrize("command, more", [("RULE_ADD", {"ACTION": BLOCK}), ("RULE_DEL", {})])
@pytest.mark.parametrize("attributes, words", WRONG + [
    ({"CLASS": 0}, "expected class foreign (2), deleted (3), memfd (4) or kernel (5)"),
    ({"CLASS": 7}, "expected class foreign (2)"), ({"CLASS": 255}, "expected class foreign (2)"),
    ({"CLASS": FOREIGN, "PATH": "a"}, "not absolute")])
def test_the_kernel_refuses_them(e7, command, more, attributes, words):
    with pytest.raises(genl.Refused) as caught:
        e7.do(command, **more, **attributes)
    assert caught.value.errno == errno.EINVAL and words in caught.value.text
    assert caught.value.attribute is not None
    assert e7.rules() == []


def test_the_kernel_takes_an_id_or_a_match(e7):
    number = e7.block(of="kernel")["ID"]
    with pytest.raises(genl.Refused, match="ID alone"):
        e7.do("RULE_DEL", ID=number, CLASS=KERNEL)
    e7.do("RULE_DEL", CLASS=KERNEL)
    assert e7.rules() == []


@pytest.mark.parametrize("attributes, words", WRONG)
def test_e7_priv_refuses_them(e7, attributes, words):
    with ipc.Console() as console, console.lane() as lane:
        for command, more in (("RULE_ADD", {"ACTION": BLOCK}), ("RULE_DEL", {})):
            with pytest.raises(ipc.Refused) as caught:
                lane.ask(command, **more, **attributes)
            assert caught.value.errno == errno.EINVAL and words in caught.value.text
        with pytest.raises(ipc.Refused) as caught:
            lane.ask("RULE_ADD", ACTION=BLOCK, CLASS=7)
        assert caught.value.errno == errno.EINVAL and "CLASS" in caught.value.text
        lane.ask("RULE_ADD", ACTION=BLOCK, CLASS=FOREIGN, PATH="/a")
    assert rules(e7) == [(BLOCK, None, FOREIGN, "/a")]


# ---- verdicts ----


@pytest.mark.parametrize("line", [
    f"block any foreign {net.TALK}", "block any foreign /", "block any foreign",
    "block any kernel", "block any memfd", "block any deleted"])
def test_a_program_of_the_host_is_of_none_of_them(e7, peer, line):
    """Its own rule, and none about another class, decides about it."""
    e7.set("unkrule", "block")
    with net.echo("tcp", namespace=None, program=net.PEER_TALK):
        e7.allow(None, net.PEER_TALK)
        assert net.blocked("tcp", net.LOOPBACK[4])
        assert client("allow", "any", net.FOLDER + "/")[0] == 0
        assert client(*line.split())[0] == 0
        assert net.exchange("tcp", net.LOOPBACK[4])
        assert client("block", "any", net.TALK)[0] == 0
        assert net.blocked("tcp", net.LOOPBACK[4])


# The words of a program that becomes net.TALK in such a way that it is of the class.
_EXECUTED = "import os, shutil, sys; {}; os.execve(fd, sys.argv[1:], os.environ)"
BECOMES = {
    "host": [],
    "foreign": ["unshare", "--mount", "bash", "-ec",
                f"mount -t tmpfs none {net.FOLDER}; cp {net.PEER_TALK} {net.TALK}; exec $0 $*"],
    "memfd": [net.python(), "-c", _EXECUTED.format(
        "fd = os.memfd_create('talk'); os.write(fd, open(sys.argv[1], 'rb').read())")],
    "deleted": [net.python(), "-c", _EXECUTED.format(
        "copy = sys.argv[1] + '.copy'; shutil.copy(sys.argv[1], copy); "
        "fd = os.open(copy, os.O_RDONLY); os.unlink(copy)")],
}
STRANGERS = ("foreign", "memfd", "deleted")


def gets_through(of, milliseconds=60000):
    """Whether net.TALK, as a program of the class, gets its bytes echoed by the peer in time."""
    words = [*BECOMES[of], net.TALK, "tcp", "ask", net.PEER[4], str(net.PORT), str(milliseconds)]
    return subprocess.run(words, capture_output=True).returncode == 0


def is_blocked(of):
    return not gets_through(of, milliseconds=600)


@pytest.mark.parametrize("of", STRANGERS)
def test_a_class_is_blocked_and_nobody_else(e7, peer, of):
    with net.echo("tcp"):
        # The path of a rule is the host's, whatever a stranger calls itself.
        e7.block("tcp", net.TALK)
        assert is_blocked("host") and gets_through(of)
        e7.clear()
        assert client("block", "tcp", of)[0] == 0
        assert is_blocked(of) and gets_through("host")
        for other in STRANGERS:
            assert other == of or gets_through(other)
        assert client("allow", "tcp", of)[0] == 0
        e7.block("tcp", net.TALK)
        e7.block("tcp")
        e7.allow("tcp", net.PEER_TALK)
        assert gets_through(of) and is_blocked("host")


def test_paths_of_foreign_programs(e7, peer):
    with net.echo("tcp"):
        for path, hits in ((net.TALK, True), (net.FOLDER + "/", True), ("/", True),
                           (net.PEER_TALK, False), (net.FOLDER + "/tal", False), ("/usr/", False)):
            assert client("block", "tcp", "foreign", path)[0] == 0
            assert is_blocked("foreign") == hits and gets_through("host"), path
            e7.clear()
        assert client("block", "foreign")[0] == 0
        assert client("allow", "tcp", "foreign", net.FOLDER + "/")[0] == 0
        assert gets_through("foreign")
        assert client("block", "tcp", "foreign", net.TALK)[0] == 0
        assert is_blocked("foreign")


def test_what_the_kernel_answers_by_itself(e7, peer):
    assert net.ping(4, net.LOCAL[4], namespace=net.NAMESPACE)
    assert client("block", "udp", "kernel")[0] == 0
    assert net.ping(4, net.LOCAL[4], namespace=net.NAMESPACE)
    assert client("block", "icmp", "kernel")[0] == 0
    assert not net.ping(4, net.LOCAL[4], namespace=net.NAMESPACE)
    assert client("clear", "icmp", "kernel")[0] == 0
    assert net.ping(4, net.LOCAL[4], namespace=net.NAMESPACE)


def test_events_name_a_program_as_a_rule_would(e7, peer):
    e7.set("drops", "enabled")
    for of in STRANGERS:
        e7.block("tcp", of=of)
    watchers = [subprocess.Popen(["e7-client", *words, "events", "--count", "3"],
                                 stdout=subprocess.PIPE, text=True) for words in ([], ["--json"])]
    time.sleep(3)
    for of in STRANGERS:
        assert is_blocked(of)
    text, told = (watcher.communicate(timeout=60)[0].splitlines() for watcher in watchers)
    told = [json.loads(line) for line in told]
    assert [event["class"] for event in told] == list(STRANGERS)
    assert told[0]["path"] == net.TALK and net.TALK not in (told[1]["path"], told[2]["path"])
    names = (f"foreign {net.TALK} (mnt {told[0]['mntns']})", 'memfd (called "/memfd:',
             'deleted (called "')
    for line, name in zip(text, names):
        assert f" drop tcp out {name}" in line
    # When a process began is told on the clock that /proc/PID/stat uses.
    now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    assert all(now - 120 * 10**9 < event["start"] < now for event in told)


# ---- statistics ----


def test_stats_are_for_everybody(e7, peer):
    before = e7.stats()
    assert list(before) == list(defs.STAT)
    status, out, error = client("stats", user="alice")
    assert (status, error) == (0, "")
    table = [line.split(maxsplit=2) for line in out.splitlines()]
    assert [row[0] for row in table] == list(defs.STAT)
    assert all(len(row) == 3 and int(row[1]) >= 0 for row in table)
    ends = {line.index(row[1], len(row[0])) + len(row[1])
            for line, row in zip(out.splitlines(), table)}
    assert len(ends) == 1, "the values end below each other"
    status, out, _ = client("--json", "stats", user="alice")
    told = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and [row["statistic"] for row in told] == list(defs.STAT)
    assert all(row["type"] == "statistic" and row["value"] >= 0 for row in told)


def test_stats_as_lines_and_as_messages(e7):
    with ipc.user("alice"):
        console = ipc.Console()
        typed = ipc.Lines()
    with console, typed:
        assert [row["STAT"] for row in console.ask("STAT_GET")] == list(defs.STAT.values())
        with pytest.raises(ipc.Refused):
            console.ask("STAT_GET", STAT=1)
        answer = typed.type("stats\n")
        assert [line.split()[1] for line in answer[:-1]] == list(defs.STAT)
        assert answer[-1] == "ok" and all(line.startswith("# ") for line in answer[:-1])


def test_a_statistic_takes_no_argument_and_no_value(e7):
    e7.send(e7.id, defs.CMD["STAT_GET"], 1, genl.encode({"STAT": 1}), genl.NLM_F_DUMP)
    with pytest.raises(genl.Refused) as caught:
        e7.receive()
    assert caught.value.errno == errno.EINVAL
    status, _, error = client("set", "learnt", "0")
    assert status == 2 and "unknown flag 'learnt'" in error
