# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios run as root in the VM that tools/vm boots, with the module loaded."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from kit import defs, genl, net  # noqa: E402


@pytest.fixture(scope="session")
def peer():
    """A host at the other end of a veth pair."""
    net.build_talk(net.TALK)
    net.build_talk(net.PEER_TALK)
    with net.peer():
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
