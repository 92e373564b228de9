# SPDX-License-Identifier: GPL-2.0-or-later
"""Each action on real packets of TCP, UDP and ICMP, of both families, in both directions; and the
decisions that docs/rules.md works out, each with the packets that it is about.
"""

import contextlib
import errno
import shutil
import socket

import pytest

from kit import act, defs, net
from kit.act import A, Act
from kit.service import SOON, Service, asks, outcome

families = pytest.mark.parametrize("family", (4, 6))
kinds = pytest.mark.parametrize("kind", ("tcp", "udp", "icmp"))
actions = pytest.mark.parametrize("action", ("allow", "block", "reject"))

# What comes of it for who asks, by direction, action and kind.  That a netfilter hook dropped what it
# sends, Linux does not tell an ICMPv6 socket.
OUTCOMES = {
    "out": {
        "allow": {"tcp": "passes", "udp": "passes", "icmp": "passes"},
        "block": {"tcp": "hangs", "udp": "EPERM", "icmp": "EPERM"},
        "reject": {"tcp": "ECONNREFUSED", "udp": "ECONNREFUSED", "icmp": "ECONNREFUSED"},
    },
    "in": {
        "allow": {"tcp": "passes", "udp": "passes", "icmp": "passes"},
        "block": {"tcp": "hangs", "udp": "hangs", "icmp": "hangs"},
        "reject": {"tcp": "ECONNREFUSED", "udp": "ECONNREFUSED", "icmp": "ECONNREFUSED"},
    },
}


@pytest.fixture(scope="module")
def pinging(peer):
    """Sockets that send echo requests and get their answers alone, icmp(7)."""
    for inside in ([], ["ip", "netns", "exec", net.NAMESPACE]):
        net.run(*inside, "sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647")
    yield
    for inside in ([], ["ip", "netns", "exec", net.NAMESPACE]):
        net.run(*inside, "sysctl", "-qw", "net.ipv4.ping_group_range=1 0")


def pings(program, family, address):
    """The outcome of one echo request."""
    prot = {4: socket.IPPROTO_ICMP, 6: socket.IPPROTO_ICMPV6}[family]
    fd = program("socket", act.FAMILY[family], socket.SOCK_DGRAM, prot)

    def talk():
        program("patience", fd, SOON)
        program("connect", fd, address, 0)
        program("bytes", fd, {4: "0800000000000001", 6: "8000000000000001"}[family])
        program("read", fd, 8)

    try:
        return outcome(talk)
    finally:
        program("close", fd)


def hits(e7, number):
    return {rule["ID"]: rule.get("HITS", 0) for rule in e7.rules()}[number]


@families
@kinds
@actions
def test_what_goes_out(e7, echoes, pinging, a, action, kind, family):
    """Against a flag that does the opposite, so that it is the rule."""
    address = net.PEER[family]
    e7.set("unkrule", "allow" if action != "allow" else "block")
    # The other end.
    e7.allow(path=net.PEER_TALK)
    e7.allow(of="kernel")
    if kind == "icmp":
        number = e7.rule(action, {4: "icmp", 6: "icmp6"}[family], A, began="out")["ID"]
        silent = action == "block" and family == 6
        assert pings(a, family, address) == ("hangs" if silent else OUTCOMES["out"][action][kind])
    else:
        number = e7.rule(action, kind, A, began="out")["ID"]
        assert asks(a, kind, address) == OUTCOMES["out"][action][kind]
    assert hits(e7, number) > 0


@families
@kinds
@actions
def test_what_comes_in(e7, pinging, a, there, action, kind, family):
    e7.set("unkrule", "allow" if action != "allow" else "block")
    expected = OUTCOMES["in"][action][kind]
    # The other end.
    e7.allow(path=act.PEER)
    if kind == "icmp":
        # The kernel answers.
        number = e7.rule(
            action, {4: "icmp", 6: "icmp6"}[family], of="kernel", began="in")["ID"]
        assert pings(there, family, net.LOCAL[family]) == expected
    else:
        number = e7.rule(action, kind, A, began="in")["ID"]
        service = Service(a, kind, family)
        assert service.asked(there) == expected
    assert hits(e7, number) > 0


@families
@pytest.mark.parametrize("kind", ("tcp", "udp"))
def test_reject_is_told_by_the_call_itself(e7, echoes, a, kind, family):
    """A socket that waits for nothing: what it is told it is told at once, without a timer."""
    number = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[kind]

    def tries():
        fd = a("socket", act.FAMILY[family], number | socket.SOCK_NONBLOCK, 0)
        try:
            a("connect", fd, net.PEER[family], net.PORT)
            a("write", fd, 10)
        finally:
            a("close", fd)

    e7.reject(kind, A)
    with pytest.raises(ConnectionRefusedError):
        tries()
    e7.block(kind, A)
    with pytest.raises(OSError) as told:
        tries()
    assert told.value.errno == {"tcp": errno.EINPROGRESS, "udp": errno.EPERM}[kind]


# ---- worked decisions ----

ROOT = f"{act.ROOT}/worked"
RULES = (
    ("allow", (None, f"{ROOT}/usr/bin/"), {}),
    ("block", ("tcp", f"{ROOT}/usr/bin/curl"), {}),
    ("allow", ("tcp", f"{ROOT}/usr/bin/curl"), {"to": "10.0.0.0/8", "port": 443}),
    ("block", (), {"quick": True, "to": "10.9.0.0/16"}),
    ("block", ("udp",), {}),
    ("allow", ("udp", f"{ROOT}/usr/bin/dig"), {"port": 53}),
)
# Program, protocol, remote end, its port; the rule that decides, or None for flag unkrule.
FLOWS = (
    ("/usr/bin/ssh", "tcp", "192.0.2.1", 22, 0),
    ("/usr/bin/curl", "tcp", "192.0.2.1", 443, 1),
    ("/usr/bin/curl", "tcp", "10.1.2.3", 443, 2),
    ("/usr/bin/curl", "tcp", "10.1.2.3", 80, 1),
    ("/usr/bin/curl", "tcp", "10.9.2.3", 443, 3),
    ("/usr/bin/dig", "udp", "9.9.9.9", 53, 5),
    ("/usr/bin/ping", "udp", "9.9.9.9", 123, 0),
    ("/opt/app", "udp", "9.9.9.9", 123, 4),
    ("/usr/bin/x/y", "tcp", "192.0.2.1", 1, 0),
    ("/usr/binx/y", "tcp", "192.0.2.1", 1, None),
)
ENDS = sorted({(kind, port) for _, kind, _, port, _ in FLOWS})


@pytest.fixture(scope="module")
def world(programs):
    """The remote ends are the peer's, with a server at each port."""
    addresses = sorted({address for _, _, address, _, _ in FLOWS})
    with contextlib.ExitStack() as stack:
        for address in addresses:
            net.run("ip", "-n", net.NAMESPACE, "address", "add", f"{address}/32", "dev", "lo")
            net.run("ip", "route", "add", address, "via", net.PEER[4])
        # A datagram's answer comes from where it was sent to: all of them went to this one.
        net.run("ip", "-n", net.NAMESPACE, "route", "replace", "10.77.0.0/24", "dev", "e7b",
                "src", "9.9.9.9")
        for kind, port in ENDS:
            stack.enter_context(net.echo(kind, port))
        yield
    net.run("ip", "-n", net.NAMESPACE, "route", "replace", "10.77.0.0/24", "dev", "e7b",
            "src", net.PEER[4])
    for address in addresses:
        net.run("ip", "route", "del", address, "via", net.PEER[4])
        net.run("ip", "-n", net.NAMESPACE, "address", "del", f"{address}/32", "dev", "lo")
    shutil.rmtree(ROOT, ignore_errors=True)


@pytest.mark.parametrize("path, kind, address, port, decides", FLOWS,
                         ids=[" ".join(map(str, flow[:4])) for flow in FLOWS])
def test_worked_decisions(e7, world, path, kind, address, port, decides):
    e7.set("unkrule", "reject")
    ids = [e7.rule(action, *words, **more)["ID"] for action, words, more in RULES]
    # Servers answer from another machine, so to say.
    e7.allow(quick=True, path=net.PEER_TALK)
    with Act(act.copy(ROOT + path)) as program:
        found = asks(program, kind, address, port)
    if decides is None:
        assert found == "ECONNREFUSED", "flag unkrule"
    else:
        action = defs.ACTION[RULES[decides][0]]
        expected = {defs.ACTION["allow"]: "passes"}.get(action) or {
            "tcp": "hangs", "udp": "EPERM"}[kind]
        assert found == expected
    hit = [rule["ID"] for rule in e7.rules() if rule.get("HITS") and rule["ID"] in ids]
    assert hit == ([] if decides is None else [ids[decides]])
