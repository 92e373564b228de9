# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel sends for itself, in whoever's context: a tunnel's packets, a file system's.

They are of class `kernel`; what they carry is its program's.
"""

import contextlib
import itertools
import os
import socket

import pytest

from kit import defs, genl, net, nfs, watch, wireguard
from kit.act import A
from kit.watch import both

families = pytest.mark.parametrize("family", (4, 6))
outers = pytest.mark.parametrize("outer", (4, 6), ids=("over4", "over6"))
NEW = map("file{}".format, itertools.count())


def dropped(listener):
    """(name, protocol, remote port) of each packet on its way out that a rule dropped."""
    return {(watch.name(a), a["PROT"], a.get("RPORT")) for command, a in listener.events()
            if command == defs.CMD["EVENT"] and defs.EVENT[a["KIND"]] == "drop"
            and defs.DIRECTION[a["DIRECTION"]] == "out" and a["NETNS"] == watch.netns()}


def deny(e7, action="block"):
    """What no rule is about, of programs and of the kernel."""
    for flag in ("unkrule", "unkproc"):
        e7.set(flag, action)


# ---- WireGuard ----


@families
@outers
def test_wireguard_is_the_kernels_what_it_carries_is_not(seen, a, there, outer, family):
    with wireguard.tunnel(there, outer):
        server, port = there.serve("udp", family)
        fd, own = a.dial("udp", wireguard.INNER[family][1], port)
        for _ in range(2):
            a("write", fd, 1000), there("reply", server, 1000)
            assert a("read", fd, 1000) == 1000
        assert seen.client(own) == both(A)
        # A handshake, which work items make, and the data, in either namespace.
        for namespace in (None, net.NAMESPACE):
            assert seen.names({"in": 3, "out": 3}, namespace=namespace, PROT=socket.IPPROTO_UDP,
                              LPORT=wireguard.PORT) == both("kernel")


@families
@outers
def test_rules_about_wireguard(e7, there, outer, family):
    address = wireguard.INNER[family][1]
    with wireguard.tunnel(there, outer), net.echo("udp"), genl.Family() as listener:
        assert net.exchange("udp", address)
        e7.set("drops", "enabled")
        listener.join("events")
        for prot in (None, "udp"):
            e7.block(prot, of="kernel")
            assert net.blocked("udp", address)
            assert dropped(listener) == {("kernel", socket.IPPROTO_UDP, wireguard.PORT)}
            e7.clear()
        e7.block(None, net.TALK)
        assert net.blocked("udp", address)
        assert dropped(listener) == {(net.TALK, socket.IPPROTO_UDP, net.PORT)}
        e7.clear()
        # What is not allowed is blocked: the programs at either end, and the tunnel.
        deny(e7)
        e7.allow(None, net.TALK)
        e7.allow(None, net.PEER_TALK)
        assert net.blocked("udp", address)
        e7.allow("udp", of="kernel")
        assert net.exchange("udp", address)


# ---- NFS ----


@pytest.fixture(scope="module")
def served(peer):
    with nfs.server():
        yield


def file_of(count):
    """The path through the mount of a new file of so many bytes: no cache has it."""
    name = next(NEW)
    with open(f"{nfs.SERVED}/{name}", "wb") as file:
        file.write(bytes(count))
    os.chmod(f"{nfs.SERVED}/{name}", 0o666)
    return f"{nfs.MOUNTED}/{name}"


def read(a, count=100_000):
    """Whether a program reads a file that nobody has read."""
    fd = a("open", file_of(count), os.O_RDONLY)
    try:
        return a("read", fd, count + 1) == count
    finally:
        a("close", fd)


@families
def test_nfs_is_the_kernels_whoever_reads(seen, served, a, family):
    with nfs.mounted(family):
        assert read(a)
        fd = a("open", file_of(0), os.O_WRONLY)
        assert a("write", fd, 50_000) == 50_000
        a("close", fd)
    assert seen.names({"in": 10, "out": 10}, PROT=socket.IPPROTO_TCP,
                      RPORT=nfs.PORT) == both("kernel")
    assert seen.names({"in": 10, "out": 10}, namespace=net.NAMESPACE, PROT=socket.IPPROTO_TCP,
                      LPORT=nfs.PORT) == both("kernel")
    assert not any(watch.name(event) == A for event in seen.seen)


@families
def test_rules_about_nfs(e7, served, a, family):
    with genl.Family() as listener:
        deny(e7)
        e7.allow("tcp", of="kernel")
        with nfs.mounted(family):
            assert read(a), "nothing else is allowed"
            deny(e7, "allow")
            e7.clear()
            e7.block(None, A)
            assert read(a), "not the reader's"
            e7.clear()
            e7.set("drops", "enabled")
            listener.join("events")
            e7.block("tcp", of="kernel")
            with pytest.raises(OSError):
                read(a)
            assert dropped(listener) == {("kernel", socket.IPPROTO_TCP, nfs.PORT)}
            e7.clear()

            def again():
                with contextlib.suppress(OSError):
                    return read(a)

            assert net.wait_until(again, 60)
