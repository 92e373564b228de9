# SPDX-License-Identifier: GPL-2.0-or-later
"""Each protocol by rule and by name, fragments, extension headers, and packets that are no packets.

What a rule about a program meets is what that program sends; where the kernel can tell for whom a
packet is that comes in, the scenarios of test_verdicts.py look at that too.
"""

import contextlib
import errno
import socket
import struct
import subprocess

import pytest

from kit import defs, genl, net

TRANSPORTS = ("udplite", "sctp", "dccp")
UDP, ROUTING, FRAGMENT, DESTINATION = 17, 43, 44, 60
# IP protocol 253 is RFC 3692's for experiments.
NUMBERS = (253, defs.PROT["gre"], defs.PROT["esp"])
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


@pytest.fixture
def transports(prot):
    """The protocol, where the kernel has it."""
    if not net.has(prot):
        pytest.skip(f"the kernel has no {prot}")


@contextlib.contextmanager
def told(e7, flag, kind):
    """The events of a kind that come while the block runs."""
    found = []
    with genl.Family() as listener:
        listener.join("events")
        e7.set(flag, "enabled")
        yield found
        found += [a for c, a in listener.events() if c == defs.CMD["EVENT"]
                  and defs.EVENT[a["KIND"]] == kind]


# ---- transports ----


@pytest.mark.parametrize("family", (4, 6))
@pytest.mark.parametrize("prot", TRANSPORTS)
def test_rules_by_program_and_protocol(e7, peer, transports, prot, family):
    address = net.PEER[family]
    # DCCP still says goodbye for the exchange before, which would be told in place of the next one.
    e7.set("squelch", "disabled")
    with net.echo(prot):
        assert net.exchange(prot, address)
        for match in ((prot, net.TALK), (None, net.TALK), (prot, net.FOLDER + "/"), (prot, None)):
            rule = e7.block(*match)["ID"]
            with told(e7, "drops", "drop") as events:
                assert net.blocked(prot, address), match
            ours = [a for a in events if a.get("PATH") == net.TALK and a["REMOTE"] == address
                    and defs.DIRECTION[a["DIRECTION"]] == "out"]
            assert ours, (match, events)
            for event in ours:
                assert event["PROT"] == defs.PROT[prot] and event["ID"] == rule
                assert event["RPORT"] == net.PORT
                assert event["LOCAL"] == net.LOCAL[family] and event["LPORT"] > 0
            e7.clear()
        # Another protocol's rule, and another program's.
        e7.block("tcp", net.TALK)
        e7.block(prot, "/run/e7-other")
        assert net.exchange(prot, address)
        e7.clear()
        e7.set("unkrule", "block")
        assert net.blocked(prot, address)
        e7.allow(prot)
        assert net.exchange(prot, address)


@pytest.mark.parametrize("family", (4, 6))
@pytest.mark.parametrize("prot", TRANSPORTS)
def test_a_server_behind_a_rule_by_protocol(e7, peer, transports, prot, family):
    tried = lambda how: how(prot, net.LOCAL[family], namespace=net.NETWORK)
    with net.echo(prot, namespace=None):
        assert tried(net.exchange)
        # The peer may send what is then dropped on its way in.
        e7.allow(prot, net.PEER_TALK)
        e7.block(prot)
        with told(e7, "drops", "drop") as events:
            assert tried(net.blocked)
        assert any(a["PROT"] == defs.PROT[prot] and a.get("LPORT") == net.PORT
                   and defs.DIRECTION[a["DIRECTION"]] == "in" for a in events), events


@pytest.mark.parametrize("family", (4, 6))
@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_without_a_submodule(e7, peer, number, family):
    address = net.PEER[family]
    assert net.send(number, address)
    for match in ((number, net.TALK), (number, None), (None, net.TALK)):
        rule = e7.block(*match)["ID"]
        with told(e7, "drops", "drop") as events:
            assert not net.send(number, address), match
        assert [(a["PATH"], a["PROT"], a["ID"], a["REMOTE"]) for a in events] == [
            (net.TALK, number, rule, address)]
        assert "RPORT" not in events[0]
        e7.clear()
    e7.block(252, net.TALK)
    assert net.send(number, address), "another number"
    e7.set("unkprot", "block")
    assert not net.send(number, address)
    e7.allow(number, net.TALK)
    assert net.send(number, address)


@pytest.mark.parametrize("family", (4, 6))
def test_a_number_that_comes_in(e7, peer, family):
    with socket.socket(FAMILIES[family], socket.SOCK_RAW, 253) as receiver:
        receiver.bind((net.LOCAL[family], 0))
        receiver.settimeout(10)
        assert net.send(253, net.LOCAL[family], namespace=net.NETWORK)
        assert receiver.recv(100).endswith(b"12345678")
        e7.allow(253, net.PEER_TALK)
        e7.block(253)
        receiver.settimeout(1)
        assert net.send(253, net.LOCAL[family], namespace=net.NETWORK)
        with pytest.raises(TimeoutError):
            receiver.recv(100)


# ---- fragments ----


@pytest.mark.parametrize("direction", ("out", "in"))
@pytest.mark.parametrize("family", (4, 6))
def test_fragments_of_a_large_datagram(e7, peer, family, direction):
    where = {"out": (net.PEER, net.NETWORK, None), "in": (net.LOCAL, None, net.NETWORK)}
    addresses, server, client = where[direction]
    tried = lambda how: how("udp", addresses[family], namespace=client, size=60000)
    # A whole datagram, its first fragment and a later one: none is malformed, none is stray.
    for flag in ("unkrule", "unkproc", "unkprot", "fail"):
        e7.set(flag, "block")
    e7.allow("udp", net.TALK)
    e7.allow("udp", net.PEER_TALK)
    e7.allow("icmp6")
    with net.echo("udp", namespace=server):
        assert tried(net.exchange)
        e7.block("udp", net.TALK)
        with told(e7, "drops", "drop") as events:
            assert tried(net.blocked)
        assert {(a["PATH"], a["PROT"]) for a in events} == {(net.TALK, UDP)}
        assert all(net.PORT in (a["LPORT"], a["RPORT"]) for a in events)


# ---- extension headers ----

# One option that nobody knows, to be skipped: longer than any buffer of a parser.
OPTION = bytes([0, 31, 0x1E, 252]) + bytes(252)
SEGMENT = socket.inet_pton(socket.AF_INET6, net.PEER[6])
HEADERS = {
    "hop-by-hop options": (54, OPTION),
    "destination options": (59, OPTION),
    # RFC 8754, with no segment left.
    "routing": (57, bytes([0, 2, 4, 0, 0, 0, 0, 0]) + SEGMENT),
}


def headed(*names, port=net.PORT):
    """A UDP socket whose packets carry these extension headers."""
    sender = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    for name in names:
        sender.setsockopt(socket.IPPROTO_IPV6, *HEADERS[name])
    sender.settimeout(10)
    sender.connect((net.PEER[6], port))
    return sender


@pytest.mark.parametrize("names", [(name,) for name in HEADERS] + [tuple(HEADERS)])
def test_extension_headers_hide_nothing(e7, peer, names):
    for device in ("all", "e7b"):
        net.run("ip", "netns", "exec", net.NAMESPACE, "sysctl", "-qw",
                f"net.ipv6.conf.{device}.seg6_enabled=1")
    e7.set("fail", "block")
    with net.echo("udp"), headed(*names) as sender:
        sender.send(b"through")
        assert sender.recv(100) == b"through"
        rule = e7.block("udp", net.python())["ID"]
        with told(e7, "drops", "drop") as events:
            with pytest.raises(PermissionError):
                sender.send(b"stopped")
        assert [(a["PROT"], a["RPORT"], a["ID"]) for a in events] == [(UDP, net.PORT, rule)]


def test_extension_headers_that_come_in(e7, peer):
    """The same from the peer's side: judged on the way in by what stands behind them."""
    program = ("import socket; s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); "
               f"s.setsockopt(41, 59, {OPTION!r}); s.connect(('{net.LOCAL[6]}', {net.PORT})); "
               "s.settimeout(2); s.send(b'hello'); s.recv(100)")
    words = ["ip", "netns", "exec", net.NAMESPACE, net.python(), "-c", program]
    asks = lambda: subprocess.run(words, capture_output=True).returncode == 0
    e7.set("fail", "block")
    with net.echo("udp", namespace=None):
        assert asks()
        e7.block("udp", net.TALK)
        with told(e7, "drops", "drop") as events:
            assert not asks()
        assert [(a["PATH"], a["PROT"], a["LPORT"]) for a in events] == [(net.TALK, UDP, net.PORT)]


# ---- what is no packet ----


def sends(family, packet):
    """Whether a packet, its IP header with it, leaves."""
    with socket.socket(FAMILIES[family], socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        try:
            raw.sendto(packet, (net.PEER[family], 0))
        except OSError as error:
            assert error.errno == errno.EPERM, error
            return False
        return True


def v4(number, payload, first=0x45, fragment=0):
    return struct.pack("!BBHHHBBH4s4s", first, 0, 20 + len(payload), 1, fragment, 64, number, 0,
                       bytes(4), socket.inet_aton(net.PEER[4])) + payload


def v6(number, payload, first=0x60, length=None):
    return struct.pack("!B3xHBB16s16s", first, len(payload) if length is None else length, number,
                       64, socket.inet_pton(socket.AF_INET6, net.LOCAL[6]),
                       socket.inet_pton(socket.AF_INET6, net.PEER[6])) + payload


def udp(length=8):
    return struct.pack("!HHHH", 5000, net.PORT, length, 0)


def tcp(words=5):
    return struct.pack("!HHIIBBHHH", 5000, net.PORT, 0, 0, words << 4, 2, 0, 0, 0)


def sctp(length=4):
    return struct.pack("!HHII", 5000, net.PORT, 0, 0) + struct.pack("!BBH", 14, 0, length)


def dccp(kind=0, words=5, extended=1):
    return struct.pack("!HHBBHB11x", 5000, net.PORT, words, 0, 0, kind << 1 | extended)


def padding(number, words=0):
    """An extension header, or the first eight bytes of a longer one."""
    return bytes([number, words, 1, 4, 0, 0, 0, 0])


def fragment(number, units, more, payload):
    return struct.pack("!BBHI", number, 0, units << 3 | more, 1) + payload


TRANSPORT = {
    # Each as it should be, and each way in which it is not.
    "tcp": (6, tcp(), [tcp(4), tcp(6), tcp()[:19]]),
    "udp": (17, udp(), [udp(7), udp(9), udp()[:7]]),
    "udplite": (136, udp(0), [udp(7), udp(9), udp()[:7]]),
    "sctp": (132, sctp(), [sctp(3), sctp(5), sctp()[:15]]),
    "dccp": (33, dccp(), [dccp(words=4), dccp(words=6), dccp(10), dccp(extended=0), dccp()[:11]]),
}


@pytest.mark.parametrize("family", (4, 6))
@pytest.mark.parametrize("prot", TRANSPORT)
def test_malformed_transport_headers_meet_flag_fail(e7, peer, prot, family):
    number, right, wrong = TRANSPORT[prot]
    build = {4: v4, 6: v6}[family]
    for payload in (right, *wrong):
        assert sends(family, build(number, payload))
    e7.set("fail", "block")
    assert sends(family, build(number, right))
    for payload in wrong:
        assert not sends(family, build(number, payload)), payload.hex()


WRONG_V4 = {
    "another version": v4(17, udp(), first=0x65),
    "TCP's flags rewritten by a fragment": v4(6, tcp(), fragment=1),
}
WRONG_V6 = {
    "another version": v6(17, udp(), first=0x40),
    "length past the end": v6(17, udp(), length=9),
    "hop-by-hop in second place": v6(DESTINATION, padding(0) + padding(17) + udp()),
    "header past the end": v6(DESTINATION, padding(17, words=1) + udp()[:7]),
    "header cut": v6(ROUTING, bytes([17, 0, 1])),
    "TCP's flags rewritten by a fragment": v6(FRAGMENT, fragment(6, 1, 0, tcp())),
}


@pytest.mark.parametrize("family, name", [(4, name) for name in WRONG_V4]
                         + [(6, name) for name in WRONG_V6])
def test_malformed_ip_headers_meet_flag_fail(e7, peer, family, name):
    packet = {4: WRONG_V4, 6: WRONG_V6}[family][name]
    assert sends(family, packet)
    e7.set("fail", "block")
    assert not sends(family, packet)


SHORT_FIRST = {
    "no transport header (v4)": (4, v4(6, tcp()[:8], fragment=0x2000)),
    "no transport header": (6, v6(FRAGMENT, fragment(6, 0, 1, tcp()[:8]))),
    "no header at all": (6, v6(FRAGMENT, fragment(DESTINATION, 0, 1, b""))),
    "nothing behind the last header": (6, v6(FRAGMENT, fragment(253, 0, 1, b""))),
    "half a header": (6, v6(FRAGMENT, fragment(DESTINATION, 0, 1, padding(17, words=1)))),
}


@pytest.mark.parametrize("name", SHORT_FIRST)
def test_a_first_fragment_must_hold_all_headers(e7, peer, name):
    """Flag fail decides of IPv4's alone: RFC 8200 has the other dropped."""
    family, packet = SHORT_FIRST[name]
    assert sends(family, packet) == (family == 4)
    e7.set("fail", "block")
    assert not sends(family, packet)


@pytest.mark.parametrize("family, packet", [
    (4, v4(17, udp(1000), fragment=0x2000)),
    (4, v4(17, udp(), fragment=0x2003)),
    (4, v4(6, tcp(), fragment=2)),
    (6, v6(FRAGMENT, fragment(17, 0, 1, udp(1000)))),
    (6, v6(FRAGMENT, fragment(17, 3, 1, bytes(8)))),
    (6, v6(FRAGMENT, fragment(DESTINATION, 3, 0, bytes(8)))),
])
def test_fragments_of_raw_sockets_are_judged_by_program(e7, peer, family, packet):
    e7.set("fail", "block")
    assert sends(family, packet), "not malformed"
    e7.block(None, net.python())
    assert not sends(family, packet)
