# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios run as root in the VM that tools/vm boots, with the module loaded."""

import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from kit import act, defs, genl, net, suite, watch  # noqa: E402


@pytest.fixture(scope="session")
def peer():
    """A host at the other end of a veth pair."""
    net.build_talk(net.TALK)
    os.makedirs(os.path.dirname(net.PEER_TALK), exist_ok=True)
    shutil.copy2(net.TALK, net.PEER_TALK)
    with net.peer():
        yield


@pytest.fixture(scope="module")
def no_suite():
    """Who claims the role control has it to itself."""
    with suite.aside():
        yield


@pytest.fixture
def e7():
    """The family, in mode enabled without rules; as it was loaded afterwards."""
    with genl.Family() as family:
        preset = {flag: family.get(flag) for flag in defs.SETTABLE}
        family.clear()
        family.set("mode", "enabled")
        yield family
        for flag, value in preset.items():
            family.set(flag, value)
        family.clear()


@pytest.fixture(scope="session")
def programs(peer):
    """The files of kit/act.py."""
    with act.programs():
        yield


@pytest.fixture(scope="module")
def echoes(peer):
    """Echo servers of both kinds on the peer's side."""
    with net.echo("tcp"), net.echo("udp"):
        yield


@pytest.fixture
def seen(e7):
    """Each packet's event, from now on."""
    e7.set("squelch", "disabled")
    with watch.Watch(e7) as watching:
        yield watching


@pytest.fixture
def a(programs):
    with act.Act(act.A) as program:
        yield program


@pytest.fixture
def b(programs):
    with act.Act(act.B) as program:
        yield program


@pytest.fixture
def there(programs):
    """A program on the peer's side."""
    with act.Act(act.PEER, namespace=net.NAMESPACE) as program:
        yield program
