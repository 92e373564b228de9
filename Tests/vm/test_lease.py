# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that hold as long as a control socket lives: parameter lease."""

import pytest

from kit import defs, genl, module, net
from test_role import claim, log, notice, told, until  # noqa: F401

pytestmark = pytest.mark.usefixtures("no_suite")
LIMIT = defs.LIMIT["LEASE"]


@pytest.fixture
def leased():
    """The module with a lease of two seconds and what else is asked for, in mode enabled."""
    with module.unloaded():
        def load(*parameters):
            done = module.insmod("lease=2", "mode=enabled", *parameters)
            assert done.returncode == 0, done.stderr
            return genl.Family()
        yield load


def passes():
    return net.exchange("udp", net.PEER[4])


@pytest.fixture(autouse=True)
def server(peer):
    with net.echo("udp"), net.echo("tcp"):
        yield


def lapses(family):
    until(lambda: family.get("lapsed") == 1)


@pytest.mark.parametrize("fail, rule, kept", [("block", None, True), ("allow", "block", False)])
def test_it_falls_and_recovers(leased, log, fail, rule, kept):  # noqa: F811
    """On the next packet of a live flow, too, and of one whose verdict is remembered."""
    with leased(f"fail={fail}") as family, genl.Family() as told:  # noqa: F811
        told.join("notices")
        if rule:
            family.block("udp", net.TALK)
        with genl.Family() as control:
            claim(control)
            assert passes() is kept and passes() is kept
            assert family.get("lapsed") == 0
        notice(told, "release")
        assert notice(told, "lease")["VALUE"] == 1
        assert family.get("lapsed") == 1
        before = family.stats()["lapsed"]
        assert passes() is not kept and passes() is not kept
        assert family.stats()["lapsed"] > before
        with genl.Family() as control:
            claim(control)
            assert notice(told, "lease")["VALUE"] == 0
            assert family.get("lapsed") == 0
            assert passes() is kept
        lines = log()
        assert f"no control socket for 2 s: flag fail decides, which says {fail}" in lines
        assert "a control socket lives again" in lines


def test_a_live_connection_falls_and_recovers(leased, programs, a):
    with leased("fail=block") as family:
        control = genl.Family()
        claim(control)
        fd, _ = a.dial("udp", net.PEER[4])
        a("patience", fd, 300)
        assert a("write", fd, 10) == a("read", fd, 10) == 10
        control.close()
        lapses(family)
        with pytest.raises(OSError):
            a("write", fd, 10)
        with genl.Family() as control:
            claim(control)
            a("patience", fd, 60000)
            assert a("write", fd, 10) == a("read", fd, 10) == 10
        a("close", fd)


def test_it_begins_with_the_load(leased):
    with leased("fail=block") as family:
        assert passes()
        lapses(family)
        assert not net.exchange("udp", net.PEER[4], milliseconds=600)


def test_what_fail_says_meanwhile_counts(leased):
    with leased("fail=block") as family:
        lapses(family)
        assert net.blocked("udp", net.PEER[4])
        family.set("fail", "allow")
        assert passes()


@pytest.mark.parametrize("mode", ["disabled", "block"])
def test_what_is_not_judged_stays_as_it_is(leased, mode):
    with leased("fail=block" if mode == "disabled" else "fail=allow") as family:
        lapses(family)
        family.set("mode", mode)
        assert net.exchange("udp", net.PEER[4], milliseconds=600) is (mode == "disabled")


def test_a_view_or_any_other_socket_is_no_lease(leased):
    with leased() as family, genl.Family() as other:
        claim(other, "view", LISTEN=True)
        lapses(family)


def test_without_it_nothing_lapses(e7):
    assert e7.get("lapsed") == 0
    with open("/sys/module/e7/parameters/lease", encoding="ascii") as file:
        assert file.read() == "0\n"


@pytest.mark.parametrize("value, fits", [
    (0, True), (1, True), (LIMIT - 1, True), (LIMIT, True), (LIMIT + 1, False), (-1, False),
    ("", False), ("5s", False), (1 << 32, False)])
def test_its_range(log, value, fits):  # noqa: F811
    with module.unloaded():
        done = module.insmod(f"lease={value}")
        assert (done.returncode == 0) is fits, done.stderr
        if not fits:
            assert f"parameter lease={value}: expected seconds, or 0 for no lease, from 0 to {LIMIT}" in log()
