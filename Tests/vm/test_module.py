# SPDX-License-Identifier: GPL-2.0-or-later
"""The family as any program may speak to it: questions, changes, refusals, notices."""

import errno
import os
import struct
import subprocess

import pytest

from kit import defs, genl, net


def refused(call, number, text, attribute=None):
    """The call fails with this errno, these words and, if given, this attribute."""
    with pytest.raises(genl.Refused) as caught:
        call()
    assert (errno.errorcode[caught.value.errno], text) == (
        errno.errorcode[number], text if text in caught.value.text else caught.value.text)
    if attribute:
        assert caught.value.attribute is not None, str(caught.value)


def test_status_and_version(e7):
    status = e7.do("STATUS")
    assert status["VERSION"] == e7.version == 1
    assert status["INSTANCE"] != 0
    assert set(e7.groups) == set(defs.GROUP)


def test_every_flag_is_read_and_set(e7):
    assert {f["FLAG"] for f in e7.dump("FLAG_GET")} == set(defs.FLAG.values())
    for flag in defs.SETTABLE:
        before = e7.get(flag)
        for value in (0, 1, 2, 3, 1 << 16, 1 << 63, before):
            try:
                e7.do("FLAG_SET", FLAG=defs.FLAG[flag], VALUE=value)
                assert e7.get(flag) == value
            except genl.Refused as error:
                assert error.errno == errno.EINVAL and "expected" in error.text


@pytest.mark.parametrize("flag", defs.COUNTER)
def test_counters_are_only_read(e7, flag):
    refused(lambda: e7.do("FLAG_SET", FLAG=defs.FLAG[flag], VALUE=1), errno.EINVAL, "only read",
            "FLAG")


def test_counters_count_truly(e7, peer):
    packets, drops = e7.get("qpackets"), e7.get("qdrops")
    assert net.ping(4, net.PEER[4])
    # Out and in, here and in the peer's namespace.
    assert e7.get("qpackets") - packets >= 4
    assert e7.get("qdrops") == drops
    e7.block("icmp")
    assert not net.ping(4, net.PEER[4])
    assert e7.get("qdrops") == drops + 1
    assert e7.get("rules") == 1
    assert e7.get("uptime") >= 1
    generation = e7.get("generation")
    e7.block("tcp")
    assert e7.get("generation") == generation + 1
    e7.block("tcp")
    assert e7.get("generation") == generation + 1, "no change, no generation"


def test_rules_add_change_remove(e7):
    first = e7.block("tcp", "/usr/bin/curl")["ID"]
    assert e7.allow("tcp", "/usr/bin/curl")["ID"] == first, "changed in place"
    second = e7.block(None, "/usr/bin/")["ID"]
    third = e7.allow("udp")["ID"]
    assert [(r["ID"], r.get("PATH"), r.get("PROT")) for r in e7.rules()] == [
        (first, "/usr/bin/curl", 6), (second, "/usr/bin/", None), (third, None, 17)]
    e7.do("RULE_DEL", ID=second)
    refused(lambda: e7.do("RULE_DEL", ID=second), errno.ENOENT, "no rule has this id", "ID")
    refused(lambda: e7.do("RULE_DEL", PROT=6), errno.ENOENT, "exactly this match")
    e7.do("RULE_DEL", PATH="/usr/bin/curl", PROT=6)
    e7.do("RULE_DEL", PROT=17)
    assert e7.rules() == []


def test_what_is_direct_goes_beside_the_transaction(e7):
    old = e7.block("tcp")["ID"]
    e7.do("BEGIN")
    e7.block("udp")
    e7.do("RULE_DEL", ID=old, DIRECT=True)
    assert e7.rules() == []
    e7.do("RULE_ADD", ACTION=defs.ACTION["block"], PROT=132, DIRECT=True)
    assert [rule["PROT"] for rule in e7.rules()] == [132]
    e7.do("ABORT")
    # Where there is none it changes nothing.
    e7.do("RULE_DEL", PROT=132, DIRECT=True)
    assert e7.rules() == []


def test_clear_by_action(e7):
    for n in range(20):
        e7.rule("allow" if n % 2 else "block", "tcp", f"/opt/{n}")
    e7.do("RULE_CLEAR", ACTION=defs.ACTION["allow"])
    assert len(e7.rules()) == 10
    assert {r["ACTION"] for r in e7.rules()} == {defs.ACTION["block"]}


@pytest.mark.parametrize("path, words", [
    ("usr/bin/curl", "not absolute"), ("", "not absolute"), ("/a//b", "//"),
    ("/a/./b", ". or .."), ("/a/../b", ". or .."), ("/..", ". or .."), ("/a\nb", "control"),
    ("/a\x7f", "control")])
def test_paths_of_no_file_are_refused(e7, path, words):
    refused(lambda: e7.block("tcp", path), errno.EINVAL, words, "PATH")
    assert e7.rules() == []


def test_path_at_its_limit(e7):
    limit = defs.LIMIT["PATH"]
    for length in (limit - 1, limit):
        e7.block("tcp", "/" + "a" * (length - 1))
    with pytest.raises(genl.Refused):
        e7.block("tcp", "/" + "a" * limit)
    assert sorted(len(r["PATH"]) for r in e7.rules()) == [limit - 1, limit]


@pytest.mark.parametrize("command, attributes, words", [
    ("RULE_ADD", {}, "ACTION is missing"),
    ("RULE_ADD", {"ACTION": 1}, "expected a match"),
    ("RULE_ADD", {"ACTION": 9, "PROT": 6}, "no such action"),
    ("RULE_ADD", {"ACTION": 1, "PROT": 6, "VALUE": 1}, "does not belong"),
    ("RULE_ADD", {"ACTION": 1, "PROT": 6, "ID": 1}, "does not belong"),
    ("RULE_ADD", {"ACTION": 1, "DIRECT": True}, "expected a match"),
    ("RULE_DEL", {}, "expected ID, or a match"),
    ("RULE_DEL", {"DIRECT": True}, "expected ID, or a match"),
    ("RULE_DEL", {"ID": 1, "PROT": 6}, "ID alone"),
    ("FLAG_SET", {"FLAG": 1}, "VALUE is missing"),
    ("FLAG_SET", {"VALUE": 1}, "FLAG is missing"),
    ("FLAG_SET", {"FLAG": 200, "VALUE": 1}, "no such flag"),
    ("FLAG_GET", {"FLAG": 0}, "no such flag"),
    ("STATUS", {"FLAG": 1}, "does not belong"),
    ("COMMIT", {}, "no transaction open"),
    ("ABORT", {}, "no transaction open"),
])
def test_wrong_requests_say_why(e7, command, attributes, words):
    refused(lambda: e7.do(command, **attributes), errno.EINVAL, words)
    assert e7.rules() == []


def test_protocol_at_its_limit(e7):
    for prot in (0, 255, 256):
        e7.do("RULE_ADD", ACTION=1, PROT=prot)
    with pytest.raises(genl.Refused) as caught:
        e7.do("RULE_ADD", ACTION=1, PROT=257)
    assert caught.value.errno == errno.ERANGE


@pytest.mark.parametrize("payload", [
    genl.pack(defs.ATTR["ACTION"], b"\1\0"), genl.pack(defs.ATTR["PROT"], b"\6"),
    genl.pack(defs.ATTR["PATH"], b"/no/nul"), genl.pack(9999, b""), b"\x03\0\1\0",
    genl.pack(defs.ATTR["PAD"], b""), b"\xff\xff\7\0\1"])
def test_malformed_attributes_are_refused(e7, payload):
    e7.send(e7.id, defs.CMD["RULE_ADD"], 1, payload, 0)
    with pytest.raises(genl.Refused):
        e7.receive()
    assert e7.rules() == []


def test_attribute_soup_changes_nothing(e7):
    """Random attributes, as root, at every command: refused or obeyed, never believed."""
    import random
    seed = int.from_bytes(os.urandom(4), "little")
    chance = random.Random(seed)
    for _ in range(2000):
        payload = b"".join(
            genl.pack(chance.randrange(0, 40), chance.randbytes(chance.choice((0, 1, 2, 4, 8, 30))))
            for _ in range(chance.randrange(5)))
        if chance.random() < 0.2:
            payload = payload[:chance.randrange(len(payload) + 1)]
        e7.send(e7.id, chance.randrange(0, 20), 1, payload, chance.choice((0, 0, genl.NLM_F_DUMP)))
        try:
            e7.receive()
        except genl.Refused:
            pass
    for rule in e7.rules():
        assert rule["ACTION"] in defs.ACTION.values(), seed
    for flag in defs.SETTABLE:
        words = {"NUMBER": range(1, 4097)}.get(defs.FLAG_KIND[flag], range(5))
        assert e7.get(flag) in words, (flag, seed)


def test_a_transaction_is_one_change(e7):
    e7.allow("tcp", "/opt/old")
    generation = e7.get("generation")
    with genl.Family() as other:
        e7.do("BEGIN", REPLACE=b"")
        for n in range(100):
            e7.block("udp", f"/opt/{n}")
        assert [r["PATH"] for r in other.rules()] == ["/opt/old"]
        refused(lambda: other.do("BEGIN"), errno.EBUSY, "another socket")
        refused(lambda: e7.do("BEGIN"), errno.EBUSY, "this socket")
        refused(lambda: other.do("COMMIT"), errno.EINVAL, "no transaction")
        e7.do("COMMIT")
        assert len(other.rules()) == 100
        assert other.get("generation") == generation + 1


def test_a_transaction_ends_with_its_socket(e7):
    other = genl.Family()
    other.do("BEGIN")
    other.block("tcp")
    other.close()
    assert e7.rules() == []
    e7.do("BEGIN")
    e7.do("ABORT")


def test_of_two_changes_one_wins(e7):
    with genl.Family() as other:
        e7.do("BEGIN")
        e7.block("tcp")
        other.block("udp")
        refused(lambda: e7.do("COMMIT"), errno.ESTALE, "another socket has changed")
        assert [r["PROT"] for r in e7.rules()] == [17]
    stale = e7.get("generation") - 1
    refused(lambda: e7.do("RULE_CLEAR", GENERATION=stale), errno.ESTALE, "has changed", "GENERATION")
    e7.do("RULE_CLEAR", GENERATION=stale + 1)
    assert e7.rules() == []


def test_ten_thousand_rules(e7):
    e7.do("BEGIN", REPLACE=b"")
    for n in range(10_000):
        e7.rule("allow" if n % 3 else "block", "tcp", f"/opt/folder{n % 100}/program{n}")
    e7.do("COMMIT")
    rules = e7.rules()
    assert len(rules) == 10_000 == e7.get("rules")
    assert [r["PATH"] for r in rules] == sorted(r["PATH"] for r in rules)
    e7.block("tcp", "/opt/one/more")
    assert e7.get("rules") == 10_001


def test_a_dump_that_a_change_overtakes_says_so(e7):
    e7.do("BEGIN", REPLACE=b"")
    for n in range(3000):
        e7.allow("tcp", f"/opt/{n}")
    e7.do("COMMIT")
    with genl.Family() as other:
        e7.send(e7.id, defs.CMD["RULE_GET"], 1, b"", genl.NLM_F_DUMP)
        other.block("udp")
        e7.receive()
        assert e7.interrupted


def test_notices_reach_everybody(e7):
    pipe = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgid(61000), os.setuid(61000)
            with genl.Family() as alice:
                alice.join("notices")
                os.write(pipe[1], b"x")
                kinds = [defs.NOTICE[a["KIND"]] for _, a in alice.events(2)]
                status = 0 if kinds[:2] == ["rules", "flag"] else 1
        finally:
            os._exit(status)
    os.read(pipe[0], 1)
    e7.block("tcp")
    e7.set("unkrule", "block")
    e7.set("unkrule", "allow")
    assert os.waitpid(child, 0)[1] == 0


def test_rchngq_silences_ruleset_notices(e7):
    with genl.Family() as listener:
        listener.join("notices")
        e7.set("rchngq", "disabled")
        e7.block("tcp")
        e7.set("rchngq", "enabled")
        e7.block("udp")
        assert [defs.NOTICE[a["KIND"]] for _, a in listener.events()] == ["flag", "flag", "rules"]


_AS_ALICE = """
import os, sys, errno
sys.path.insert(0, {path!r})
from kit import genl, defs
os.setgid(61000); os.setuid(61000)
{prelude}
with genl.Family() as alice:
    def eperm(call):
        try:
            call()
        except OSError as error:
            assert error.errno == errno.EPERM, error
        else:
            raise AssertionError('was not refused')
    eperm(lambda: alice.rule('block', 'tcp'))
    eperm(lambda: alice.do('RULE_DEL', PROT=6))
    eperm(lambda: alice.do('RULE_CLEAR'))
    eperm(lambda: alice.do('FLAG_SET', FLAG=1, VALUE=0))
    eperm(lambda: alice.do('BEGIN'))
    eperm(lambda: alice.do('COMMIT'))
    eperm(lambda: alice.do('ABORT'))
    eperm(lambda: alice.join('events'))
    # Lists are e7-broker's to give: test_role.py.
    eperm(alice.rules)
    alice.get('mode'); alice.do('STATUS'); alice.join('notices')
"""


@pytest.mark.parametrize("prelude", [
    "", "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
], ids=["alice", "root of alice's user namespace"])
def test_an_ordinary_user_looks_and_changes_nothing(e7, prelude):
    e7.block("tcp", "/opt/x")
    before = (e7.rules(), e7.dump("FLAG_GET")[:12])
    script = _AS_ALICE.format(path=os.path.dirname(__file__), prelude=prelude)
    done = subprocess.run([net.python(), "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (e7.rules(), e7.dump("FLAG_GET")[:12]) == before


def test_asking_changes_nothing_for_others(e7, peer):
    """The predecessor gave the event stream to whoever asked last."""
    with genl.Family() as listener, genl.Family() as asker:
        listener.join("events")
        e7.set("drops", "enabled")
        e7.block("icmp")
        for _ in range(10):
            asker.rules(), asker.get("mode")
        net.ping(4, net.PEER[4])
        assert [a["KIND"] for _, a in listener.events()].count(2) >= 1
