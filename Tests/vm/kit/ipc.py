# SPDX-License-Identifier: GPL-2.0-or-later
"""E7IPC as docs/protocol.md has it, independent of the Swift one: consoles, lanes, lines."""

import array
import contextlib
import os
import pathlib
import pwd
import re
import select
import socket
import struct
import time
from typing import NamedTuple

from . import defs, genl

SOCKET = "/run/e7/console.sock"
SO_PASSCRED, SCM_CREDENTIALS = 16, 2
_HEADER = struct.Struct("=4sBBHIII")
_E7_H = (pathlib.Path(__file__).parents[3] / "kmod/uapi/e7.h").read_text()


def _constant(name):
    return int(re.search(rf"^#define {name} (\w+)", _E7_H, re.M)[1], 0)


MAGIC = _constant("E7_IPC_MAGIC").to_bytes(4, "little")
MAJOR, MINOR = _constant("E7_IPC_MAJOR"), _constant("E7_IPC_MINOR")
TYPE = defs.CMD | defs.MSG
TYPE_NAME = {number: name for name, number in TYPE.items()}


class Message(NamedTuple):
    """One datagram, read."""

    name: str
    sequence: int
    attributes: dict


class Refused(Exception):
    """A DONE with an errno and a text for people."""

    def __init__(self, attributes):
        self.errno, self.text = attributes["ERROR"], attributes.get("TEXT", "")
        super().__init__(f"{os.strerror(self.errno)}: {self.text}")


def encode(name, sequence=1, major=MAJOR, minor=MINOR, **attributes):
    """The bytes of a message; name may be a number that names none."""
    body = genl.encode(attributes)
    return _HEADER.pack(MAGIC, major, minor, TYPE.get(name, name), 0, sequence,
                        _HEADER.size + len(body)) + body


def decode(datagram):
    """The opposite of encode, strict about the header."""
    magic, major, _, kind, reserved, sequence, length = _HEADER.unpack_from(datagram)
    assert (magic, major, reserved, length) == (MAGIC, MAJOR, 0, len(datagram))
    return Message(TYPE_NAME[kind], sequence, genl.decode(datagram[_HEADER.size:]))


@contextlib.contextmanager
def user(name):
    """Connects as another user: the kernel notes who a socket's maker is at that moment."""
    entry = pwd.getpwnam(name)
    groups, gid = os.getgroups(), os.getegid()
    os.setgroups(os.getgrouplist(name, entry.pw_gid))
    os.setegid(entry.pw_gid)
    os.seteuid(entry.pw_uid)
    try:
        yield entry
    finally:
        os.seteuid(0)
        os.setegid(gid)
        os.setgroups(groups)


class Peer:
    """A SEQPACKET socket with datagrams on it."""

    def __init__(self, peer):
        self.socket = peer
        self.sequence = 0
        self.unasked = []

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, datagram, descriptors=()):
        """One datagram as it is, however wrong."""
        passed = array.array("i", descriptors)
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)] if descriptors else []
        self.socket.sendmsg([datagram], control)

    def receive(self, seconds=10.0):
        """The next datagram; None when none comes in time, empty when the peer has closed."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return None
        try:
            return self.socket.recv(1 << 17)
        except ConnectionResetError:
            # It did not read all that was sent to it; what it said before still waits.
            return self.socket.recv(1 << 17)

    def is_closed(self, seconds=10.0):
        """Whether the peer closes in time; what it still says is passed over."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.receive(left) == b"":
                return True
        return False


class Talker(Peer):
    """A peer that speaks E7IPC."""

    def message(self, seconds=10.0):
        """The next message; None when none comes in time."""
        datagram = self.receive(seconds)
        if datagram == b"":
            raise EOFError("the peer has closed")
        return None if datagram is None else decode(datagram)

    def begin(self, name, descriptors=(), **attributes):
        """Sends a question and returns its sequence number."""
        self.sequence += 1
        self.send(encode(name, self.sequence, **attributes), descriptors)
        return self.sequence

    def end(self, sequence, seconds=60.0):
        """The messages of an answer and its DONE; raises Refused."""
        rows = []
        while (message := self.message(seconds)) is not None:
            if message.sequence == 0 and message.name != "DONE":
                self.unasked.append(message)
                continue
            # Who is not let in is told so before anything is asked.
            assert message.sequence in (sequence, 0), message
            if message.name != "DONE":
                rows.append(message)
            elif message.attributes["ERROR"]:
                raise Refused(message.attributes)
            else:
                return rows, message.attributes
        raise TimeoutError(f"no answer to question {sequence}")

    def ask(self, name, descriptors=(), **attributes):
        """A question and the attributes of each message of its answer."""
        rows, _ = self.end(self.begin(name, descriptors, **attributes))
        return [row.attributes for row in rows]

    def done(self, name, descriptors=(), **attributes):
        """A question and the attributes of the end of its answer."""
        return self.end(self.begin(name, descriptors, **attributes))[1]


class Console(Talker):
    """A console that was greeted."""

    def __init__(self, path=SOCKET):
        super().__init__(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        self.socket.connect(path)
        # Who is not let in may find the socket closed, with the reason waiting in it.
        with contextlib.suppress(BrokenPipeError):
            self.begin("HELLO", MINOR=MINOR)
        self.role = self.end(self.sequence)[0][0].attributes["ROLE"]

    def subscribe(self):
        self.ask("SUBSCRIBE")
        return self

    def next(self, seconds=10.0):
        """The next event, notice or gap; None when none comes in time."""
        return self.unasked.pop(0) if self.unasked else self.message(seconds)

    def events(self, seconds=1.0):
        """Events, notices and gaps until none comes for so long."""
        while (message := self.next(seconds)) is not None:
            yield message

    def rules(self):
        return self.ask("RULE_GET")

    def get(self, flag):
        return self.ask("FLAG_GET", FLAG=defs.FLAG[flag])[0]["VALUE"]

    def lane(self):
        """A lane to e7-priv."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, SO_PASSCRED, 1)
            self.ask("LANE", descriptors=[theirs.fileno()])
        return Lane(ours)


class Lane(Talker):
    """A lane, which believes only the user that e7-priv runs as."""

    def __init__(self, ours):
        super().__init__(ours)
        self.answered_by = None
        self.ask("HELLO", MINOR=MINOR)

    def receive(self, seconds=10.0):
        if not select.select([self.socket], [], [], seconds)[0]:
            return None
        datagram, control, _, _ = self.socket.recvmsg(1 << 17, 64)
        for level, kind, payload in control:
            if (level, kind) == (socket.SOL_SOCKET, SCM_CREDENTIALS):
                self.answered_by = struct.unpack("=iII", payload[:12])[1]
        if datagram:
            assert self.answered_by == pwd.getpwnam("_e7-priv").pw_uid
        return datagram


class Lines(Peer):
    """A console of lines, as a person has it with socat."""

    def __init__(self, path=SOCKET):
        super().__init__(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        self.socket.connect(path)

    def type(self, text, answers=1):
        """Sends text and returns the lines that come, to the end of so many answers."""
        self.socket.send(text.encode())
        lines = []
        while answers and (line := self.receive()):
            lines.append(line.decode().removesuffix("\n"))
            answers -= lines[-1] == "ok" or lines[-1].startswith("error: ")
        return lines
