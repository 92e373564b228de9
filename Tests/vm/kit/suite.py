# SPDX-License-Identifier: GPL-2.0-or-later
"""The suite that tools/vm has started, out of the way of a scenario's own."""

import contextlib
import os
import pathlib
import signal
import subprocess

from . import ipc, net

PROGRAM = "/usr/sbin/e7-priv"
# What it makes room for, as root starts it.
SUPERVISOR = "/usr/sbin/e7-supervisor"
LOG = "/run/suite.log"


def supervisor():
    """The process that runs the suite in this mount namespace, or None."""
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if (entry.name.isdigit() and os.readlink(entry / "exe") == SUPERVISOR
                    and os.readlink(entry / "ns/mnt") == os.readlink("/proc/self/ns/mnt")):
                return int(entry.name)
    return None


def answers():
    try:
        with ipc.Console() as console:
            return bool(console.ask("STATUS"))
    except (OSError, EOFError, ipc.Refused):
        return False


def _is_over(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@contextlib.contextmanager
def aside():
    """Without it: of control sockets there is one. It runs again afterwards."""
    pid = supervisor()
    if pid is None:
        yield
        return
    os.kill(pid, signal.SIGTERM)
    assert net.wait_until(lambda: _is_over(pid), 60)
    try:
        yield
    finally:
        with open(LOG, "a", encoding="ascii") as log:
            subprocess.Popen([PROGRAM], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                             start_new_session=True)
        assert net.wait_until(answers, 60)
