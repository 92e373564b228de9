# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that make system calls as they are told: programs/act.c and its copies."""

import array
import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess

from . import net

# Files with the same program, on a file system of their own.  Alice may write in her folder.
ROOT = "/run/e7-names"
A, B, PEER = f"{ROOT}/a", f"{ROOT}/b", f"{ROOT}/peer"
ALICE = f"{ROOT}/alice"

# Linux's numbers that Python has no names for.
# RFC 3692 leaves protocol 253 to experiments.
UDPLITE, MPTCP, RAW_TEST = 136, 262, 253
DCCP_TYPE, DCCP, DCCP_LEVEL, DCCP_SERVICE = 6, 33, 269, 2
SO_ZEROCOPY, UDP_CORK, MSG_MORE = 60, 1, 0x8000
MSG_ZEROCOPY, MSG_FASTOPEN = 0x4000000, 0x20000000
TCP_FASTOPEN, SO_REUSEPORT = 23, 15
CLONE_FILES, CLONE_NEWNS, CLONE_NEWUSER = 0x400, 0x20000, 0x10000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
SQPOLL, FIXED_FILE = 2, 1

_SOURCES = pathlib.Path(__file__).parents[1] / "programs"
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
TYPES = {
    "tcp": (socket.SOCK_STREAM, 0), "udp": (socket.SOCK_DGRAM, 0),
    "udplite": (socket.SOCK_DGRAM, UDPLITE), "mptcp": (socket.SOCK_STREAM, MPTCP),
    "sctp": (socket.SOCK_STREAM, socket.IPPROTO_SCTP), "dccp": (DCCP_TYPE, DCCP),
}


def build(path):
    """Compiles act to a path."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    net.run("gcc", "-O1", "-static", "-pthread", "-o", path,
            *map(str, sorted(_SOURCES.glob("act*.c"))))
    return path


def copy(path, mode=0o755, owner=0):
    """Another file with the same program."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shutil.copyfile(A, path)
    os.chown(path, owner, owner)
    os.chmod(path, mode)
    return path


@contextlib.contextmanager
def programs():
    """A, B and PEER."""
    os.makedirs(ROOT)
    net.run("mount", "-t", "tmpfs", "none", ROOT)
    try:
        build(A)
        copy(B), copy(PEER)
        os.mkdir(ALICE)
        shutil.chown(ALICE, "alice")
        yield
    finally:
        net.run("umount", "--lazy", ROOT)
        os.rmdir(ROOT)


class Act:
    """One process, or thread, that does as it is told."""

    def __init__(self, *words, user=None, namespace=None, channel=None, **options):
        self.process = None
        self.channel = channel
        if channel is None:
            self.channel, theirs = _channel()
            if namespace:
                words = ("ip", "netns", "exec", namespace, *words)
            if user:
                entry = pwd.getpwnam(user)
                options |= {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            self.process = subprocess.Popen(words, stdin=theirs, **options)
            theirs.close()
        self.channel.settimeout(60)
        self.answer()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()
        if self.process:
            self.process.kill()
            self.process.wait()

    def __call__(self, verb, *words, fd=None):
        """The result of a verb of act.c; raises OSError."""
        self.begin(verb, *words, fd=fd)
        return self.answer()

    def begin(self, verb, *words, fd=None):
        """Without waiting for an answer."""
        control = [] if fd is None else [
            (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        self.channel.sendmsg([" ".join(map(str, (verb, *words))).encode()], control)

    def answer(self):
        """What it says next."""
        return self._answer()[0]

    def _answer(self):
        data, control, _, _ = self.channel.recvmsg(64, socket.CMSG_SPACE(4))
        if not data:
            raise EOFError("the program has ended")
        result = int(data)
        if result < 0:
            raise OSError(-result, os.strerror(-result))
        return result, control

    def fetch(self, fd):
        """Its descriptor, for the caller to close."""
        self.begin("hand", fd)
        _, ((_, _, data),) = self._answer()
        return array.array("i", data)[0]

    def hand(self, fd, other):
        """Another program gets its descriptor; returns the number there."""
        passing = self.fetch(fd)
        try:
            return other("take", fd=passing)
        finally:
            os.close(passing)

    def fork(self, flags=0):
        """A child that shares what flags of clone(2) say."""
        return self._another("fork", flags)

    def thread(self):
        return self._another("thread")

    def _another(self, verb, *words):
        ours, theirs = _channel()
        with theirs:
            self(verb, *words, fd=theirs.fileno())
        return Act(channel=ours)

    def exec(self, path):
        """The same process runs another program."""
        self("exec", path)

    def end(self):
        """_exit(2), with all that is open."""
        self.begin("exit")
        if self.process:
            self.process.wait()

    # What most scenarios do with sockets.

    def socket(self, kind, family):
        fd = self("socket", FAMILY[family], *TYPES[kind])
        if kind == "dccp":
            # It connects to none that is not asked for by its number.
            self("option", fd, DCCP_LEVEL, DCCP_SERVICE, 42)
        return fd

    def dial(self, kind, address, port=net.PORT):
        """A connected socket and its own port."""
        fd = self.socket(kind, 6 if ":" in address else 4)
        self("connect", fd, address, port)
        return fd, self("port", fd)

    def talk(self, family, kind="tcp"):
        """Its own port, after an exchange with the peer's echo server."""
        fd, port = self.dial(kind, net.PEER[family])
        self("write", fd, 10), self("read", fd, 10)
        self("close", fd)
        return port

    def serve(self, kind, family, port=0, device=None):
        """A bound socket, listening if it can, and its port."""
        fd = self.socket(kind, family)
        if device:
            self("device", fd, device)
        self("option", fd, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self("bind", fd, "::" if family == 6 else "0.0.0.0", port)
        if TYPES[kind][0] != socket.SOCK_DGRAM:
            self("listen", fd, 64)
        return fd, self("port", fd)


def _channel():
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
