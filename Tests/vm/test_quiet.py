# SPDX-License-Identifier: GPL-2.0-or-later
"""Flows of which nothing is told: their packets pass at a glance (kmod/glance.h), the first ones by
what is remembered of the program.  A is allowed and B is blocked, so that a packet which passes on
somebody else's account is seen to.
"""

import pytest

from kit import net
from kit.act import A, B, PEER

families = pytest.mark.parametrize("family", (4, 6))
kinds = pytest.mark.parametrize("kind", ("tcp", "udp"))
# Milliseconds in which a packet that is to come has surely come, and a SYN not been sent again.
SOON = 800


@pytest.fixture
def rules(e7):
    e7.set("norule", "disabled")
    for path in (A, PEER):
        e7.allow(path=path)
    e7.block(path=B)
    return e7


class Server:
    def __init__(self, program, kind, family, port=0, **options):
        self.program, self.kind, self.family = program, kind, family
        self.fd, self.port = program.serve(kind, family, port, **options)
        program("patience", self.fd, SOON)

    def answers(self, there):
        """Whether it gets what the peer sends, and the peer its answer."""
        fd = there.socket(self.kind, self.family)
        try:
            there("patience", fd, SOON)
            there("connect", fd, net.LOCAL[self.family], self.port)
            there("write", fd, 10)
            self._answer()
            return there("read", fd, 10) == 10
        except (BlockingIOError, PermissionError):
            return False
        finally:
            there("close", fd)

    def _answer(self):
        if self.kind == "udp":
            self.program("reply", self.fd, 10)
            return
        child = self.program("accept", self.fd)
        try:
            self.program("patience", child, SOON)
            self.program("read", child, 10)
            self.program("write", child, 10)
        finally:
            self.program("close", child)

    def close(self):
        self.program("close", self.fd)


@families
@kinds
def test_port_goes_to_another_program(rules, a, b, there, kind, family):
    first = Server(a, kind, family)
    for _ in range(3):
        assert first.answers(there)
    first.close()
    second = Server(b, kind, family, first.port)
    for _ in range(3):
        assert not second.answers(there)
    second.close()
    third = Server(a, kind, family, first.port)
    for _ in range(3):
        assert third.answers(there)


@families
def test_listener_ends_before_its_connections(rules, a, b, there, family):
    listener, port = a.serve("tcp", family)
    fd, _ = there.dial("tcp", net.LOCAL[family], port)
    child = a("accept", listener)
    a("close", listener)
    second = Server(b, "tcp", family, port)
    assert not second.answers(there)
    for _ in range(3):
        there("write", fd, 10), a("read", child, 10)
        a("write", child, 10), there("read", fd, 10)


@families
def test_listener_disconnects(rules, a, b, there, family):
    """connect(2) to AF_UNSPEC: the socket stays, and listens no more."""
    first = Server(a, "tcp", family)
    assert first.answers(there)
    a("unconnect", first.fd)
    second = Server(b, "tcp", family, first.port)
    assert not second.answers(there)


@families
def test_port_within_a_vrf(rules, a, b, there, family):
    """One port, and two sockets: of a VRF and of all that is in none."""
    first = Server(a, "udp", family)
    assert first.answers(there)
    with net.vrf("e7vrf", 77):
        second = Server(b, "udp", family, first.port, device="e7vrf")
        for _ in range(3):
            assert not second.answers(there)
        rules.allow(path=B)
        for _ in range(3):
            assert second.answers(there)
        rules.block(path=A)
        for _ in range(3):
            assert second.answers(there)
    for _ in range(3):
        assert not first.answers(there)


@families
@kinds
def test_new_sockets_meet_new_rules(rules, a, echoes, kind, family):
    for _ in range(3):
        a.talk(family, kind)
    rules.block(kind, A)
    fd = a.socket(kind, family)
    a("patience", fd, SOON)
    with pytest.raises((PermissionError, BlockingIOError)):
        a("connect", fd, net.PEER[family], net.PORT)
        a("write", fd, 10)
    rules.allow(kind, A)
    a.talk(family, kind)


def test_nobody_takes_the_probes_away(rules):
    """Without them the end of a socket would not be told, and its port stay its program's."""
    with pytest.raises(OSError), open("/proc/sys/kernel/ftrace_enabled", "wb", 0) as file:
        file.write(b"0")
