# SPDX-License-Identifier: GPL-2.0-or-later
"""The suite under a service manager: the socket for consoles is handed over and outlives it."""

import os
import pathlib
import signal
import socket
import subprocess
import tempfile

import pytest

from kit import ipc

pytestmark = pytest.mark.usefixtures("no_suite")


class Manager:
    """What systemd does for e7-priv.service."""

    def __init__(self, folder):
        self.path = str(folder / "console.sock")
        self.console = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.console.bind(self.path)
        self.console.listen(16)
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.bind(str(folder / "notify"))
        self.notified.settimeout(60)
        pathlib.Path("/run/e7").mkdir(exist_ok=True)

    def start(self):
        script = (
            f"exec 3<&{self.console.fileno()}; export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=console "
            f"NOTIFY_SOCKET={self.notified.getsockname()} WATCHDOG_USEC=2000000; "
            "exec unshare --mount --propagation private bash -c "
            "'mount -t tmpfs -o mode=755 none /run/e7; exec /usr/sbin/e7-priv'")
        self.process = subprocess.Popen(["bash", "-c", script], pass_fds=[self.console.fileno()])

    def hears(self, word):
        """Waits for a word, whatever comes before it."""
        while self.notified.recv(64) != word:
            pass

    def silent(self, word):
        """Whether a word has not come so far."""
        self.notified.setblocking(False)
        try:
            while self.notified.recv(64) != word:
                pass
            return False
        except BlockingIOError:
            return True
        finally:
            self.notified.settimeout(60)

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def manager():
    with tempfile.TemporaryDirectory() as folder:
        manager = Manager(pathlib.Path(folder))
        manager.start()
        yield manager
        if manager.process.poll() is None:
            manager.end()


def test_ready_is_said_once_and_life_again_and_again(manager):
    manager.hears(b"READY=1")
    for _ in range(3):
        manager.hears(b"WATCHDOG=1")
    assert manager.silent(b"READY=1")
    assert manager.end() == 0
    manager.hears(b"STOPPING=1")


def test_a_console_that_comes_while_the_suite_is_down_is_served(manager):
    manager.hears(b"READY=1")
    with ipc.Console(manager.path) as console:
        console.get("mode")
    assert manager.end(signal.SIGKILL) == -signal.SIGKILL
    assert os.path.exists(manager.path)
    waiting = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    waiting.connect(manager.path)
    waiting.settimeout(60)
    manager.start()
    waiting.send(b"get mode")
    assert waiting.recv(65536)
    assert manager.end() == 0
    assert os.path.exists(manager.path)
