# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules files and why through the whole chain: what load, save and diff make of a thousand rules, and
that why foretells what packets meet.
"""

import json
import subprocess

import pytest

from kit import net
from test_commands import CLIENT, client


def lines(count):
    """So many rules, with a bit of everything."""
    matches = (
        "tcp /opt/program{0}", "udp /opt/folder{0}/", "quick any foreign /opt/program{0}",
        "tcp in port {0}", "any to 10.{1}.{2}.0/24 user root", "tcp from fd00:{0}::/32 port 80-443",
        'udp port {0} comment "number {0}"', "tcp kernel out user 4000{0}")
    actions = ("allow", "block", "reject")
    return [f"{actions[n % 3]} {matches[n % 8].format(n, n // 256, n % 256)}" for n in range(count)]


def listing():
    """What query prints, without what rules did."""
    status, out, error = client("query")
    assert (status, error) == (0, "")
    return [line.split("  #")[0] for line in out.splitlines()]


@pytest.fixture(name="file")
def _file(tmp_path):
    return tmp_path / "rules"


def test_a_thousand_rules_there_and_back(e7, file):
    e7.block("tcp", "/opt/goes")
    wanted = lines(1000)
    generation = e7.get("generation")
    file.write_text("set drops enabled\n" + "\n".join(wanted) + "\n")
    assert client("check", str(file)) == (0, "", "")
    assert client("load", str(file)) == (0, "", "")
    assert e7.get("generation") == generation + 1, "one change"
    assert e7.get("rules") == 1000 and e7.get("drops") == 1
    listed = listing()
    assert sorted(listed[1:]) == sorted(wanted)
    # What query prints is loaded, to the same.
    assert client("load", "-", stdin=client("query")[1]) == (0, "", "")
    assert listing() == listed
    # What save writes too, byte for byte.
    saved = [file.with_name(name) for name in ("first", "second")]
    assert client("save", str(saved[0])) == (0, "", "")
    assert client("load", str(saved[0])) == (0, "", "")
    assert client("save", str(saved[1])) == (0, "", "")
    assert saved[0].read_bytes() == saved[1].read_bytes()
    assert client("diff", str(saved[0])) == (0, "", "")
    assert client("load", "-") == (0, "", "") and e7.rules() == []


def test_an_error_in_the_middle_changes_nothing(e7, file):
    e7.block("tcp", "/opt/stays")
    before = e7.rules(), e7.get("generation"), e7.get("mode")
    wanted = lines(300)
    wanted[150] = "block tcp /opt//x"
    file.write_text("set mode block\n" + "\n".join(wanted) + "\nblock\n")
    for command in ("load", "check", "diff"):
        status, out, error = client(command, str(file))
        assert (status, out) == (1, "") and error.count("\n") == 2
        assert "line 152, column 11" in error and "line 302, column 1" in error
    # Nor does a right one while somebody else has a change open, or as alice.
    file.write_text("set mode block\nallow tcp\n")
    e7.do("BEGIN")
    status, _, error = client("load", str(file))
    assert status == 1 and "transaction open" in error
    e7.do("ABORT")
    status, _, error = client("load", "-", user="alice", stdin="allow tcp\n")
    assert status == 1 and "EPERM" in error
    assert (e7.rules(), e7.get("generation"), e7.get("mode")) == before


@pytest.mark.parametrize("victim", ("e7-client", "_e7-priv", "_e7-broker"))
def test_a_load_that_is_killed_changes_nothing(e7, file, victim):
    e7.block("tcp", "/opt/stays")
    before = e7.rules(), e7.get("generation")
    file.write_text("".join(f"allow tcp /opt/program{n}\n" for n in range(100_000)))
    loading = subprocess.Popen([CLIENT, "load", str(file)], stderr=subprocess.PIPE, text=True)

    def has_begun():
        try:
            e7.do("BEGIN")
        except OSError:
            return True
        e7.do("ABORT")
        return False

    assert net.wait_until(has_begun, 60)
    assert loading.poll() is None, "it is in the middle"
    if victim == "e7-client":
        loading.kill()
    else:
        subprocess.run(["pkill", "-KILL", "-U", victim], check=True)
    _, error = loading.communicate(timeout=600)
    if victim == "_e7-broker":
        # It only told where the lane ends: the load goes on to its end.
        assert (loading.returncode, error) == (0, "")
        assert len(e7.rules()) == 100_000 and e7.get("generation") == before[1] + 1
    else:
        # Its lane has closed, and what was collected is forgotten.
        assert net.wait_until(lambda: not has_begun(), 60)
        assert (e7.rules(), e7.get("generation")) == before
    if victim == "_e7-priv":
        assert loading.returncode == 1 and "nothing was changed: connection lost" in error
    assert net.wait_until(lambda: client("get", "mode")[0] == 0, 60), "the suite is back"


def test_diff_applied_is_the_file(e7, file):
    old, new = lines(200), lines(320)[80:]
    changed = [line.replace("allow ", "reject ") if n % 4 == 0 else line for n, line in enumerate(new)]
    client("load", "-", stdin="\n".join(old) + "\n")
    file.write_text("set norule disabled\n" + "\n".join(changed) + "\n")
    status, script, error = client("diff", str(file))
    assert (status, error) == (0, "") and len(script.splitlines()) < len(old) + len(changed)
    generation = e7.get("generation")
    assert client("-f", "-", stdin=script) == (0, "", "")
    assert e7.get("generation") == generation + 1, "one change"
    assert sorted(listing()[1:]) == sorted(changed) and e7.get("norule") == 0
    assert client("diff", str(file)) == (0, "", "")


RULES = """\
allow any {folder}/
block tcp {talk}
allow tcp {talk} to 10.77.0.0/24
reject tcp {talk} to 10.77.0.0/24 user alice
allow tcp {talk} to fd77::2 port 7000
block quick udp to fd77::/64 port 7000-7001
allow udp out
"""
# The flow, with the user that begins it, and what tells the rule that decides from the next.
FLOWS = [
    ("tcp", 4, None, "remote"), ("tcp", 4, "alice", "user"), ("tcp", 6, None, "remote"),
    ("tcp", 6, "alice", "remote"), ("udp", 4, None, "program"), ("udp", 6, None, "quick"),
    ("udp", 4, "alice", "program"),
]


def test_why_foretells_what_packets_meet(e7, echoes):
    text = RULES.format(talk=net.TALK, folder=net.FOLDER)
    assert client("load", "-", stdin=text) == (0, "", "")
    hits = lambda: {rule["ID"]: rule.get("HITS", 0) for rule in e7.rules()}
    for kind, family, user, field in FLOWS:
        flow = [kind, net.TALK, "to", net.PEER[family], "port", str(net.PORT), "user", user or "root"]
        status, out, error = client("--json", "why", *flow, user="alice")
        assert (status, error) == (0, "")
        decision, *matching = [json.loads(line) for line in out.splitlines()]
        assert decision["field"] == field, flow
        before = hits()
        wait = "60000" if decision["verdict"] == "allow" else "600"
        words = [net.TALK, kind, "ask", net.PEER[family], str(net.PORT), wait, "5"]
        if user:
            passes = net.as_user(user, *words).returncode == 0
        else:
            passes = subprocess.run(words, capture_output=True).returncode == 0
        assert passes == (decision["verdict"] == "allow"), flow
        hit = {number for number, count in hits().items() if count > before[number]}
        assert decision["rule"] in hit, flow
        assert not hit & {rule.get("id") for rule in matching[1:]}, "none of those that it beats"
    # A flag where no rule matches, as for a program elsewhere.
    client("clear", "udp", "out")
    for action in ("allow", "block"):
        e7.set("unkrule", action)
        out = client("why", "udp", "/opt/x", "to", "10.77.0.2", "port", "7000")[1]
        assert out.splitlines() == [f"decides:      set unkrule {action}",
                                    "decided by:   no rule matches"]


def test_rules_that_can_never_decide(e7):
    e7.allow(quick=True)
    e7.block("tcp", "/opt/never")
    out = client("why", "--all", user="alice")[1].splitlines()
    assert len(out) == 2 and out[0].startswith("never:        block tcp /opt/never  # id ")
    assert out[1].startswith("because of:   allow quick any  # id ")
