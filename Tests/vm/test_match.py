# SPDX-License-Identifier: GPL-2.0-or-later
"""Each part of a match, on real packets: who began, the remote end, the port, the user, quick; and
what a rule carries besides.  A is the program, the peer is a host across a veth pair.
"""

import errno
import pwd
import time

import pytest

from kit import act, genl, net
from kit.act import A, B, Act
from kit.service import SOON, Service, asks

families = pytest.mark.parametrize("family", (4, 6))
kinds = pytest.mark.parametrize("kind", ("tcp", "udp"))
NETWORK = {4: "10.77.0.0/24", 6: "fd77::/64"}
ELSEWHERE = {4: "10.78.0.0/24", 6: "fd78::/64"}
WHOLE = {4: "0.0.0.0/0", 6: "::/0"}
OTHER = net.PORT + 1


@pytest.fixture(scope="module")
def servers(peer):
    """Echo servers of both kinds on two ports of the peer."""
    with net.echo("tcp"), net.echo("udp"), net.echo("tcp", OTHER), net.echo("udp", OTHER):
        yield


@pytest.fixture(params=("quiet", "told"))
def rules(request, e7):
    """With and without an event for each decision, since what is told is not remembered."""
    word = "enabled" if request.param == "told" else "disabled"
    for flag in ("norule", "drops", "accepts"):
        e7.set(flag, word)
    return e7


def stopped(kind):
    """What block comes to: sendto(2) fails as netfilter has it, connect(2) sends again."""
    return {"tcp": "hangs", "udp": "EPERM"}[kind]


@families
@kinds
def test_remote_end(rules, a, servers, kind, family):
    address = net.PEER[family]
    for network, expected in ((NETWORK[family], stopped(kind)), (address, stopped(kind)),
                              (WHOLE[family], stopped(kind)), (ELSEWHERE[family], "passes"),
                              (WHOLE[10 - family], "passes")):
        rules.block(kind, A, to=network)
        assert asks(a, kind, address) == expected, network
        rules.clear()
    # Somebody there began nothing.
    rules.block(kind, A, sender=NETWORK[family])
    assert asks(a, kind, address) == "passes"


@families
@kinds
def test_longer_prefix_decides(rules, a, servers, kind, family):
    rules.block(kind, A, to=WHOLE[family])
    rules.allow(kind, A, to=NETWORK[family])
    assert asks(a, kind, net.PEER[family]) == "passes"
    rules.block(kind, A, to=net.PEER[family])
    assert asks(a, kind, net.PEER[family]) == stopped(kind)


@families
@kinds
def test_port(rules, a, servers, kind, family):
    address = net.PEER[family]
    for _ in range(2):
        assert [asks(a, kind, address, port) for port in (net.PORT, OTHER)] == ["passes"] * 2
    rules.block(kind, A, port=(0, 65535))
    rules.allow(kind, A, port=net.PORT)
    for _ in range(2):
        assert asks(a, kind, address) == "passes"
        assert asks(a, kind, address, OTHER) == stopped(kind)
    rules.allow(kind, A, port=(net.PORT, OTHER))
    assert asks(a, kind, address, OTHER) == "passes"


@families
@kinds
def test_one_socket_and_many_ends(rules, a, servers, family, kind):
    """What holds for one remote end of a socket is no answer for another one."""
    rules.allow(kind, A, port=net.PORT)
    rules.block(kind, A)
    if kind == "udp":
        fd = a.socket(kind, family)
        a("patience", fd, SOON)
        for _ in range(3):
            a("sendto", fd, 10, 0, net.PEER[family], net.PORT), a("read", fd, 10)
            with pytest.raises(PermissionError):
                a("sendto", fd, 10, 0, net.PEER[family], OTHER)
    else:
        fd, _ = a.dial(kind, net.PEER[family])
        a("write", fd, 10), a("read", fd, 10)
        a("unconnect", fd)
        a("patience", fd, SOON)
        with pytest.raises(OSError) as told:
            a("connect", fd, net.PEER[family], OTHER)
        assert told.value.errno in (errno.EAGAIN, errno.EINPROGRESS)


@families
def test_what_is_remembered_is_the_owners(rules, a, b, servers, family):
    """A socket of two programs: what one may, the other one may not."""
    rules.allow("udp", A, port=net.PORT)
    rules.block("udp", B, port=net.PORT)
    fd = a.socket("udp", family)
    for _ in range(2):
        a("sendto", fd, 10, 0, net.PEER[family], net.PORT), a("read", fd, 10)
    theirs = a.hand(fd, b)
    for _ in range(3):
        with pytest.raises(PermissionError):
            b("sendto", theirs, 10, 0, net.PEER[family], net.PORT)
        a("sendto", fd, 10, 0, net.PEER[family], net.PORT), a("read", fd, 10)


@families
def test_what_is_remembered_is_the_instances(rules, a, servers, family):
    """Another program in the same process, with the same socket."""
    rules.allow("udp", A, port=net.PORT)
    rules.block("udp", B, port=net.PORT)
    fd = a.socket("udp", family)
    for _ in range(2):
        a("sendto", fd, 10, 0, net.PEER[family], net.PORT), a("read", fd, 10)
    a.exec(B)
    with pytest.raises(PermissionError):
        a("sendto", fd, 10, 0, net.PEER[family], net.PORT)


@families
@kinds
def test_who_began(rules, a, there, servers, kind, family):
    service = Service(a, kind, family)
    address = net.PEER[family]
    assert (service.asked(there), asks(a, kind, address)) == ("passes", "passes")
    rules.block(kind, A, began="out")
    assert (service.asked(there), asks(a, kind, address)) == ("passes", stopped(kind))
    rules.clear()
    rules.block(kind, A, began="in")
    assert (service.asked(there), asks(a, kind, address)) == ("hangs", "passes")


@families
@kinds
def test_served_port_is_the_local_one(rules, a, there, servers, kind, family):
    service = Service(a, kind, family)
    rules.block(kind, A)
    rules.allow(kind, A, sender=NETWORK[family], port=service.port)
    assert service.asked(there) == "passes"
    assert asks(a, kind, net.PEER[family]) == stopped(kind)
    rules.allow(kind, A, sender=NETWORK[family], port=service.port + 1)
    rules.block(kind, A, sender=NETWORK[family], port=service.port)
    assert service.asked(there) == "hangs"


@families
@kinds
def test_user(rules, servers, kind, family):
    alice = pwd.getpwnam("alice").pw_uid
    with Act(A) as root, Act(A, user="alice") as hers:
        rules.block(kind, A, user=alice)
        assert asks(root, kind, net.PEER[family]) == "passes"
        assert asks(hers, kind, net.PEER[family]) == stopped(kind)
        # Her own rule is more specific than one about where to.
        rules.allow(kind, A, to=net.PEER[family])
        assert asks(hers, kind, net.PEER[family]) == stopped(kind)
        rules.block(kind, A, user=0)
        rules.allow(kind, A, user=alice)
        assert asks(root, kind, net.PEER[family]) == stopped(kind)
        assert asks(hers, kind, net.PEER[family]) == "passes"


@families
def test_quick(rules, a, b, servers, family):
    rules.block(quick=True, to=net.PEER[family], port=OTHER)
    for program in (A, B):
        rules.allow("tcp", program, to=net.PEER[family], port=OTHER)
    for program in (a, b):
        assert asks(program, "tcp", net.PEER[family], OTHER) == "hangs"
        assert asks(program, "tcp", net.PEER[family]) == "passes"
    # Among quick ones the program decides first, as ever.
    rules.allow(path=A, quick=True)
    assert asks(a, "tcp", net.PEER[family], OTHER) == "passes"
    assert asks(b, "tcp", net.PEER[family], OTHER) == "hangs"


@families
def test_who_began_with_ping(e7, peer, family):
    """An echo reply is part of the flow that its request began."""
    prot = {4: "icmp", 6: "icmp6"}[family]
    ask = {"address": net.LOCAL[family], "namespace": net.NAMESPACE}
    e7.block(prot, net.PING, began="in")
    assert net.ping(family, net.PEER[family])
    e7.block(prot, net.PING, began="out")
    assert not net.ping(family, net.PEER[family])
    e7.clear()
    # The kernel answers.
    e7.block(prot, of="kernel", began="out")
    assert net.ping(family, **ask)
    e7.block(prot, of="kernel", began="in")
    assert not net.ping(family, **ask)


# ---- rules that change under open connections ----


@families
@kinds
@pytest.mark.parametrize("action", ("block", "reject"))
def test_open_connection(rules, a, servers, action, kind, family):
    fd, _ = a.dial(kind, net.PEER[family])
    a("patience", fd, SOON)

    def passes():
        try:
            a("write", fd, 10)
            return a("read", fd, 10) == 10
        except OSError:
            return False

    assert passes() and passes()
    rules.rule(action, kind, A, to=net.PEER[family], port=net.PORT)
    assert not passes()
    rules.clear()
    if kind == "udp" or action == "block":
        # What was written meanwhile comes as well.
        assert net.wait_until(passes, 60)


@families
def test_accepted_connection(rules, a, there, family):
    service = Service(a, "tcp", family)
    fd, _ = there.dial("tcp", net.LOCAL[family], service.port)
    child = a("accept", service.fd)
    there("patience", fd, SOON)
    there("write", fd, 10), a("write", child, a("read", child, 10)), there("read", fd, 10)
    rules.block("tcp", A, sender=net.PEER[family], port=service.port)
    a("patience", child, SOON)
    there("write", fd, 10)
    with pytest.raises(BlockingIOError):
        a("read", child, 10)
    rules.clear()
    a("patience", child, 60000)
    assert a("read", child, 10) == 10


# ---- reject ----


@families
@kinds
def test_reject_out(rules, a, servers, kind, family):
    rules.reject(kind, A)
    assert asks(a, kind, net.PEER[family]) == "ECONNREFUSED"


@families
@kinds
def test_reject_in(rules, a, there, kind, family):
    service = Service(a, kind, family)
    rules.reject(kind, A, began="in")
    fd = there.socket(kind, family)
    there("patience", fd, 60000)
    with pytest.raises(ConnectionRefusedError):
        there("connect", fd, net.LOCAL[family], service.port)
        there("write", fd, 10)
        there("read", fd, 10)


@families
def test_reject_open_connection_tells(rules, a, servers, family):
    fd, _ = a.dial("tcp", net.PEER[family])
    a("write", fd, 10), a("read", fd, 10)
    rules.reject("tcp", A)
    a("write", fd, 10)
    with pytest.raises(ConnectionRefusedError):
        a("read", fd, 10)


@families
def test_reject_ping(e7, peer, family):
    e7.reject({4: "icmp", 6: "icmp6"}[family], began="out")
    assert not net.ping(family, net.PEER[family])


@families
def test_reject_without_a_rule(e7, a, servers, family):
    e7.set("unkrule", "reject")
    e7.allow(path=act.PEER)
    assert asks(a, "tcp", net.PEER[family]) == "ECONNREFUSED"


# ---- what a rule carries besides ----


def test_rule_ends(e7, a, servers):
    e7.block("tcp", A, seconds=2)
    (rule,) = e7.rules()
    assert 1 <= rule["FOR"] <= 2
    assert asks(a, "tcp", net.PEER[4]) == "hangs"
    assert net.wait_until(lambda: not e7.rules(), 60)
    assert asks(a, "tcp", net.PEER[4]) == "passes"


@pytest.mark.parametrize("step", (-7200, 7200))
def test_rule_ends_whatever_the_time_of_day(e7, a, servers, step):
    e7.block("tcp", A, seconds=4)
    e7.block("udp", A, seconds=3600)
    time.clock_settime(time.CLOCK_REALTIME, time.time() + step)
    try:
        assert asks(a, "tcp", net.PEER[4]) == "hangs"
        assert net.wait_until(lambda: len(e7.rules()) == 1, 60)
        assert asks(a, "tcp", net.PEER[4]) == "passes"
        # The other one's hour is not over for that.
        assert asks(a, "udp", net.PEER[4]) == "EPERM" and e7.rules()[0]["FOR"] > 3000
    finally:
        time.clock_settime(time.CLOCK_REALTIME, time.time() - step)


def test_rules_end_one_by_one(e7):
    for seconds in (1, 2, 600):
        e7.block("tcp", f"/{seconds}", seconds=seconds)
    e7.block("tcp", "/never")
    assert net.wait_until(lambda: len(e7.rules()) == 2, 60)
    assert sorted(rule["PATH"] for rule in e7.rules()) == ["/600", "/never"]
    # Given once more, it lasts longer; without, for good.
    e7.block("tcp", "/600", seconds=1000)
    assert max(rule.get("FOR", 0) for rule in e7.rules()) > 900
    e7.block("tcp", "/600")
    assert not any("FOR" in rule for rule in e7.rules())


def test_hits(e7, a, servers):
    e7.set("accepts", "enabled")
    e7.allow("tcp", A, port=net.PORT)
    (rule,) = e7.rules()
    assert "HITS" not in rule and "LAST_HIT" not in rule
    before = time.time_ns()
    assert asks(a, "tcp", net.PEER[4]) == "passes"
    (rule,) = e7.rules()
    assert rule["HITS"] > 0 and before <= rule["LAST_HIT"] <= time.time_ns()
    # They stay with the rule when it changes.
    e7.block("tcp", A, port=net.PORT)
    assert e7.rules()[0]["HITS"] >= rule["HITS"]


def test_comment(e7):
    e7.block("tcp", A, comment="x" * 128)
    assert e7.rules()[0]["COMMENT"] == "x" * 128
    e7.block("tcp", A, comment="\N{GREEK SMALL LETTER EPSILON}7")
    assert e7.rules()[0]["COMMENT"] == "\N{GREEK SMALL LETTER EPSILON}7"
    e7.block("tcp", A)
    assert "COMMENT" not in e7.rules()[0]


# ---- one form for one match ----

MATCHES = [
    {"prot": "tcp"}, {"prot": 253}, {"path": A}, {"path": "/usr/bin/"}, {"of": "kernel"},
    {"of": "foreign", "path": A}, {"began": "in"}, {"began": "out"}, {"to": "10.0.0.0/8"},
    {"sender": "10.0.0.0/8"}, {"to": "0.0.0.0/0"}, {"to": "::/0"}, {"to": "fd00::/8"},
    {"to": "fd00::1"}, {"sender": "192.0.2.1"}, {"port": 0}, {"port": 65535},
    {"port": (0, 65535)}, {"port": (7, 9)}, {"user": 0}, {"user": 4294967294}, {"quick": True},
    {"quick": True, "prot": "udp", "path": A, "sender": "fd77::/64", "port": (1, 2), "user": 5},
]


def test_each_match_there_and_back(e7):
    """What is asked for, listed, found again and removed."""
    ids = set()
    for match in MATCHES:
        ids.add(e7.block(**match)["ID"])
    assert len(ids) == len(MATCHES) == len(e7.rules())
    for match in MATCHES:
        wanted = genl.match(**match)
        assert any({name: rule[name] for name in rule if name in wanted} ==
                   {name: b"" if value is True else value for name, value in wanted.items()}
                   for rule in e7.rules()), match
        assert e7.reject(**match)["ID"] in ids
    for match in MATCHES:
        e7.drop(**match)
    assert not e7.rules()


REMOTE = {"REMOTE": "10.0.0.0", "PREFIX": 8, "DIRECTION": 2}


@pytest.mark.parametrize("attributes, words", (
    ({"REMOTE": "10.0.0.0", "DIRECTION": 2}, "go together"),
    ({"PREFIX": 8, "DIRECTION": 2}, "go together"),
    ({"REMOTE": "10.0.0.0", "PREFIX": 8}, "goes with DIRECTION"),
    (REMOTE | {"PREFIX": 33}, "behind the prefix"),
    (REMOTE | {"PREFIX": 6}, "behind the prefix"),
    (REMOTE | {"REMOTE": "fd00::1", "PREFIX": 127}, "behind the prefix"),
    (REMOTE | {"REMOTE": b"\1\2\3\4\5"}, "4 or 16"),
    (REMOTE | {"REMOTE": b""}, "4 or 16"),
    ({"PORT_FIRST": 1}, "go together"),
    ({"PORT_LAST": 1}, "go together"),
    ({"PORT_FIRST": 2, "PORT_LAST": 1}, "before it begins"),
    ({"DIRECTION": 0}, "in (1) or out (2)"),
    ({"DIRECTION": 3}, "in (1) or out (2)"),
    ({"UID": 4294967295}, "4294967295"),
    ({"PROT": 6, "FOR": 0}, "31536000"),
    ({"PROT": 6, "FOR": 31536001}, "31536000"),
    ({"PROT": 6, "COMMENT": "a\nb"}, "control character"),
    ({"PROT": 6, "COMMENT": "a\x7fb"}, "control character"),
    ({"PROT": 6, "COMMENT": "a\x9fb"}, "control character"),
    ({"PROT": 6, "COMMENT": b"a\xff\0"}, "not UTF-8"),
    ({"PROT": 6, "COMMENT": b"\xc3\0"}, "not UTF-8"),
    ({"PROT": 1, "PORT_FIRST": 1, "PORT_LAST": 1}, "no ports"),
    ({"PROT": 47, "PORT_FIRST": 1, "PORT_LAST": 1}, "no ports"),
    (REMOTE | {"PROT": 58}, "other address family"),
    (REMOTE | {"PROT": 1, "REMOTE": "fd00::", "PREFIX": 8}, "other address family"),
    (REMOTE | {"REMOTE": b"\0" * 10 + b"\xff\xff\x0a\0\0\1", "PREFIX": 128}, "its own form"),
    ({"FOR": 5}, "expected a match"),
    ({"COMMENT": "x"}, "expected a match"),
))
def test_refused(e7, attributes, words):
    with pytest.raises(genl.Refused) as refused:
        e7.do("RULE_ADD", ACTION=1, **attributes)
    assert refused.value.errno == errno.EINVAL and words in str(refused.value)
    assert not e7.rules()


# ---- why ----


def why(e7, address="10.77.0.2", began="out", **flow):
    """Ids of the rules that match a flow, the one that decides first."""
    attributes = {"PROT": 6, "DIRECTION": {"in": 1, "out": 2}[began], "REMOTE": address,
                  "PATH": A, "PORT_FIRST": net.PORT, "UID": 0} | flow
    return [rule["ID"] for rule in e7.dump("WHY", **attributes)]


def test_why(e7, a, servers):
    assert why(e7) == []
    ids = {}
    for name, action, match in (
            ("all", "allow", {"prot": "tcp"}), ("program", "block", {"path": A}),
            ("network", "allow", {"path": A, "to": "10.77.0.0/24"}),
            ("user", "block", {"path": A, "user": 0}),
            ("port", "allow", {"path": A, "user": 0, "port": net.PORT}),
            ("quick", "reject", {"quick": True, "to": "10.77.0.2"}),
            ("elsewhere", "block", {"path": A, "to": "10.78.0.0/24"}),
            ("other", "block", {"path": B})):
        ids[name] = e7.rule(action, **match)["ID"]
    assert why(e7) == [ids[n] for n in ("quick", "port", "user", "network", "program", "all")]
    assert why(e7, UID=1000) == [ids[n] for n in ("quick", "network", "program", "all")]
    assert why(e7, began="in") == [ids[n] for n in ("port", "user", "program", "all")]
    assert why(e7, PATH=B, PROT=17, address="fd77::2") == [ids["other"]]
    # What it says is what a packet meets.
    assert asks(a, "tcp", net.PEER[4]) == "ECONNREFUSED"
    e7.drop(quick=True, to="10.77.0.2")
    assert asks(a, "tcp", net.PEER[4]) == "passes"


@pytest.mark.parametrize("attributes, words", (
    ({}, "PROT, DIRECTION and REMOTE"),
    ({"PROT": 256, "DIRECTION": 2, "REMOTE": "10.0.0.1"}, "one protocol"),
    ({"PROT": 6, "DIRECTION": 3, "REMOTE": "10.0.0.1"}, "in (1) or out (2)"),
    ({"PROT": 6, "DIRECTION": 2, "REMOTE": b"123"}, "4 or 16"),
    ({"PROT": 6, "DIRECTION": 2, "REMOTE": "10.0.0.1", "CLASS": 9}, "no such class"),
    ({"PROT": 6, "DIRECTION": 2, "REMOTE": "10.0.0.1", "PATH": "a"}, "not absolute"),
    ({"PROT": 6, "DIRECTION": 2, "REMOTE": "10.0.0.1", "QUICK": True}, "does not belong"),
))
def test_why_refused(e7, attributes, words):
    # Without a rule there is nothing to look for, but what is wrong is wrong.
    with pytest.raises(genl.Refused) as refused:
        e7.dump("WHY", **attributes)
    assert words in str(refused.value)


def test_limits(e7):
    e7.block("tcp", A, seconds=31536000)
    for attributes in ({"COMMENT": "x" * 129}, {"PREFIX": 129, "REMOTE": "::", "DIRECTION": 1}):
        with pytest.raises(genl.Refused):
            e7.do("RULE_ADD", ACTION=1, PROT=6, **attributes)
