# SPDX-License-Identifier: GPL-2.0-or-later
"""Loading and unloading the module."""

import contextlib
import os
import subprocess

from . import net

FILE = os.environ["E7_KO"]


def insmod(*parameters):
    return subprocess.run(["insmod", FILE, *parameters], capture_output=True, text=True)


def rmmod():
    return subprocess.run(["rmmod", "e7"], capture_output=True, text=True).returncode == 0


@contextlib.contextmanager
def unloaded():
    """Without the module; it is back as it was loaded first afterwards."""
    assert net.wait_until(rmmod)
    try:
        yield
    finally:
        subprocess.run(["rmmod", "e7"], capture_output=True, check=False)
        assert insmod().returncode == 0
