# SPDX-License-Identifier: GPL-2.0-or-later
"""Flows of which nothing is told: their packets pass at a glance (kmod/glance.h), the first ones by
what is remembered of the program.  A is allowed and B is blocked, so that a packet which passes on
somebody else's account is seen to.
"""

import pytest

from kit import net
from kit.act import A, B, PEER
from kit.service import SOON, Service

families = pytest.mark.parametrize("family", (4, 6))
kinds = pytest.mark.parametrize("kind", ("tcp", "udp"))
@pytest.fixture
def rules(e7):
    e7.set("norule", "disabled")
    for path in (A, PEER):
        e7.allow(path=path)
    e7.block(path=B)
    return e7


def answers(service, there):
    return service.asked(there) == "passes"


@families
@kinds
def test_port_goes_to_another_program(rules, a, b, there, kind, family):
    first = Service(a, kind, family)
    for _ in range(3):
        assert answers(first, there)
    first.close()
    second = Service(b, kind, family, first.port)
    for _ in range(3):
        assert not answers(second, there)
    second.close()
    third = Service(a, kind, family, first.port)
    for _ in range(3):
        assert answers(third, there)


@families
def test_listener_ends_before_its_connections(rules, a, b, there, family):
    listener, port = a.serve("tcp", family)
    fd, _ = there.dial("tcp", net.LOCAL[family], port)
    child = a("accept", listener)
    a("close", listener)
    second = Service(b, "tcp", family, port)
    assert not answers(second, there)
    for _ in range(3):
        there("write", fd, 10), a("read", child, 10)
        a("write", child, 10), there("read", fd, 10)


@families
def test_listener_disconnects(rules, a, b, there, family):
    """connect(2) to AF_UNSPEC: the socket stays, and listens no more."""
    first = Service(a, "tcp", family)
    assert answers(first, there)
    a("unconnect", first.fd)
    second = Service(b, "tcp", family, first.port)
    assert not answers(second, there)


@families
def test_port_within_a_vrf(rules, a, b, there, family):
    """One port, and two sockets: of a VRF and of all that is in none."""
    first = Service(a, "udp", family)
    assert answers(first, there)
    with net.vrf("e7vrf", 77):
        second = Service(b, "udp", family, first.port, device="e7vrf")
        for _ in range(3):
            assert not answers(second, there)
        rules.allow(path=B)
        for _ in range(3):
            assert answers(second, there)
        rules.block(path=A)
        for _ in range(3):
            assert answers(second, there)
    for _ in range(3):
        assert not answers(first, there)


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
