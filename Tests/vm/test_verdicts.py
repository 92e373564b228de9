# SPDX-License-Identifier: GPL-2.0-or-later
"""Each shape of rule × each protocol × both families × both directions, on real programs.

`out` is this machine's program asking a peer across a veth pair; `in` is this machine's program
being asked from there. `loop` is both at once.
"""

import os
import shutil
import socket
import subprocess
import time

import pytest

from kit import defs, genl, net

SHAPES = ("exact", "folder", "far folder", "protocol", "path", "both any")


@pytest.fixture(scope="session")
def ping_program(peer):
    path = f"{net.FOLDER}/ping"
    shutil.copy2(shutil.which("ping"), path)
    return path


def match(shape, prot, path):
    """PROT and PATH of a rule of this shape for a program."""
    return {
        "exact": (prot, path),
        "folder": (prot, net.FOLDER + "/"),
        "far folder": (prot, "/run/e7-scenarios/"),
        "protocol": (prot, None),
        "path": (None, path),
        "both any": ("any", None),
    }[shape]


DIRECTIONS = {
    # Who asks, who answers, and where.
    "out": {"server": net.NAMESPACE, "client": None, "address": net.PEER},
    "in": {"server": None, "client": net.NAMESPACE, "address": net.LOCAL},
    "loop": {"server": None, "client": None, "address": net.LOOPBACK},
}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("family", (4, 6))
@pytest.mark.parametrize("prot", ("tcp", "udp"))
def test_each_shape(e7, peer, prot, family, direction):
    where = DIRECTIONS[direction]
    address, client = where["address"][family], where["client"]
    with net.echo(prot, namespace=where["server"]):
        assert net.exchange(prot, address, namespace=client)
        for shape in SHAPES:
            e7.block(*match(shape, prot, net.TALK))
            assert net.blocked(prot, address, namespace=client), shape
            e7.clear()
        assert net.exchange(prot, address, namespace=client)
        # Only what both ends run is allowed, all else is not.
        e7.set("unkrule", "block")
        assert net.blocked(prot, address, namespace=client)
        e7.allow(prot, net.TALK)
        e7.allow(prot, net.PEER_TALK)
        assert net.exchange(prot, address, namespace=client)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("family", (4, 6))
def test_each_shape_of_ping(e7, peer, ping_program, family, direction):
    where = DIRECTIONS[direction]
    prot = {4: "icmp", 6: "icmp6"}[family]
    works = lambda: net.ping(family, where["address"][family], namespace=where["client"],
                             program="ping" if where["client"] else ping_program)
    assert works()
    for shape in SHAPES:
        # A request that comes in is answered by the kernel, not by a program.
        if direction == "in" and shape not in ("protocol", "both any"):
            continue
        e7.block(*match(shape, prot, ping_program))
        assert not works(), shape
        e7.clear()
    assert works()


@pytest.mark.parametrize("family", (4, 6))
def test_other_programs_and_protocols_are_not_meant(e7, peer, family):
    e7.block("udp", net.TALK)
    e7.block("tcp", "/run/e7-scenarios/other/")
    other = net.build_talk("/run/e7-other")
    with net.echo("tcp"), net.echo("udp"):
        assert net.exchange("tcp", net.PEER[family])
        assert net.blocked("udp", net.PEER[family])
        assert net.exchange("udp", net.PEER[family], program=other)


@pytest.mark.parametrize("rules, expected", [
    ([("block", "tcp", "{path}"), ("allow", None, "{folder}")], False),
    ([("allow", "tcp", "{path}"), ("block", None, "{folder}")], True),
    ([("allow", None, "{folder}"), ("block", None, "/run/")], True),
    ([("block", None, "{folder}"), ("allow", None, "/run/")], False),
    ([("allow", None, "/run/"), ("block", "tcp", None)], True),
    ([("block", "tcp", None), ("allow", "any", None)], False),
    ([("allow", "tcp", "{path}"), ("block", None, "{path}")], True),
    ([("block", "tcp", "{path}"), ("allow", None, "{path}")], False),
    ([("block", "udp", "{path}"), ("allow", None, "/")], True),
])
@pytest.mark.parametrize("reverse", (False, True))
def test_precedence_whatever_the_order(e7, peer, rules, expected, reverse):
    # Both of the peer's directions pass, whatever else is said.
    e7.allow("tcp", net.PEER_TALK)
    for action, prot, path in reversed(rules) if reverse else rules:
        path = path and path.format(path=net.TALK, folder=net.FOLDER + "/")
        e7.rule(action, prot, path)
    with net.echo("tcp"):
        if expected:
            assert net.exchange("tcp", net.PEER[4])
        else:
            assert net.blocked("tcp", net.PEER[4])


@pytest.mark.parametrize("family", (4, 6))
def test_modes(e7, peer, family):
    e7.block("tcp")
    with net.echo("tcp"), net.echo("tcp", namespace=None, port=7001):
        assert net.blocked("tcp", net.PEER[family])
        e7.set("mode", "disabled")
        assert net.exchange("tcp", net.PEER[family])
        e7.set("mode", "block")
        assert net.blocked("tcp", net.PEER[family])
        assert net.exchange("tcp", net.LOOPBACK[family], port=7001)
        e7.clear()
        assert net.blocked("tcp", net.PEER[family])
        e7.set("mode", "enabled")
        assert net.exchange("tcp", net.PEER[family])


def test_unknown_rule_process_and_protocol(e7, peer):
    assert net.ping(4, net.PEER[4])
    # An echo request that comes in has no program.
    e7.set("unkproc", "block")
    assert not net.ping(4, net.LOCAL[4], namespace=net.NAMESPACE)
    e7.allow("icmp")
    assert net.ping(4, net.LOCAL[4], namespace=net.NAMESPACE), "rules without a path match it"
    e7.clear()
    e7.set("unkproc", "allow")
    e7.set("unkrule", "block")
    assert not net.ping(4, net.PEER[4])
    e7.set("unkrule", "allow")
    # IP protocol 253 is RFC 3692's for experiments.
    raw = ("import socket; s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 253); "
           f"s.sendto(b'x', ('{net.PEER[4]}', 0))")
    sends = lambda: subprocess.run([net.python(), "-c", raw], capture_output=True).returncode == 0
    assert sends()
    e7.set("unkprot", "block")
    assert not sends()
    e7.allow(253, net.python())
    assert sends(), "a rule by number"


def test_loopback_flag(e7):
    e7.block("icmp")
    assert not net.ping(4, net.LOOPBACK[4])
    e7.set("loopback", "allow")
    assert net.ping(4, net.LOOPBACK[4])


@pytest.mark.parametrize("family", (4, 6))
def test_a_live_connection_feels_a_change(e7, peer, family):
    with net.echo("tcp"), socket.create_connection(
            (net.PEER[family], net.PORT), timeout=1) as connection:
        connection.sendall(b"one")
        assert connection.recv(10) == b"one"
        e7.block("tcp", net.python())
        connection.sendall(b"two")
        with pytest.raises(TimeoutError):
            connection.recv(10)
        e7.clear()
        connection.settimeout(10)
        assert connection.recv(10) == b"two", "the same connection goes on"


def test_neighbour_discovery_is_not_judged(e7, peer):
    e7.block("icmp6")
    net.run("ip", "-6", "neigh", "flush", "dev", "e7a")
    with net.echo("udp"):
        assert net.exchange("udp", net.PEER[6])


def test_malformed_packets_meet_flag_fail(e7, peer):
    """A raw socket writes a TCP header whose offset points outside the packet."""
    raw = ("import socket; s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 6); "
           f"s.sendto(bytes(12) + b'\\xf0' + bytes(7), ('{net.PEER[4]}', 0))")
    sends = lambda: subprocess.run([net.python(), "-c", raw], capture_output=True).returncode == 0
    assert sends()
    e7.set("fail", "block")
    assert not sends()


# ---- events ----


def drop_event(e7, listener, action):
    e7.set("drops", "enabled")
    action()
    return [a for c, a in listener.events() if c == defs.CMD["EVENT"]
            and defs.EVENT[a["KIND"]] == "drop"]


@pytest.mark.parametrize("family", (4, 6))
def test_an_event_says_who_and_where(e7, peer, family):
    rule = e7.block("udp", net.TALK)["ID"]
    with genl.Family() as listener:
        listener.join("events")
        found = drop_event(e7, listener, lambda: net.blocked(
            "udp", net.PEER[family], port=7009))
    assert len(found) == 1
    event = found[0]
    assert event["PATH"] == net.TALK
    assert (event["REMOTE"], event["RPORT"]) == (net.PEER[family], 7009)
    assert event["LOCAL"] == net.LOCAL[family]
    assert event["ID"] == rule and event["UID"] == 0 and event["PID"] > 0
    assert defs.DIRECTION[event["DIRECTION"]] == "out"
    assert defs.REASON[event["REASON"]] == "rule"
    assert event["NETNS"] == os.stat("/proc/self/ns/net").st_ino
    assert event["CGROUP"] > 0


def test_squelch_counts_what_it_leaves_out(e7, peer):
    def send():
        net.burst(net.PEER[4], 50)
        time.sleep(1.1)
        net.burst(net.PEER[4], 1)

    e7.block("udp", net.TALK)
    with genl.Family() as listener:
        listener.join("events")
        found = drop_event(e7, listener, send)
        assert 2 <= len(found) <= 4
        assert sum(a.get("LEFTOUT", 0) for a in found) + len(found) == 51
        e7.set("squelch", "disabled")
        assert len(drop_event(e7, listener, send)) == 51


def test_lost_events_are_counted(e7, peer):
    """More at once than a ring holds: what is told and what is lost add up."""
    e7.block("udp", net.TALK)
    e7.set("squelch", "disabled")
    with genl.Family() as listener:
        listener.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        listener.join("events")
        lost = e7.get("qlost")
        found = drop_event(e7, listener, lambda: net.burst(net.PEER[4], 20_000))
        assert len(found) + e7.get("qlost") - lost == 20_000


def test_accepts_and_norule(e7, peer):
    with genl.Family() as listener:
        listener.join("events")
        e7.set("accepts", "enabled")
        e7.allow("icmp")
        assert net.ping(4, net.PEER[4])
        kinds = {defs.EVENT[a["KIND"]] for c, a in listener.events() if c == defs.CMD["EVENT"]}
        assert "accept" in kinds
        e7.clear()
        assert net.ping(4, net.PEER[4])
        found = [a for c, a in listener.events() if c == defs.CMD["EVENT"]]
        assert {defs.EVENT[a["KIND"]] for a in found} == {"norule"}
        assert any("ping" in a.get("PATH", "") for a in found)
        e7.set("norule", "disabled")
        assert net.ping(4, net.PEER[4])
        assert [a for c, a in listener.events() if c == defs.CMD["EVENT"]] == []
