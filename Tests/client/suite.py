# SPDX-License-Identifier: GPL-2.0-or-later
"""A broker and an e7-priv for tests of e7-client: they answer as a test tells them to.

Written from docs/protocol.md and kmod/uapi/defs.x, not from the Swift that it tests.
"""

import contextlib
import os
import re
import socket
import struct
import threading

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

with open(f"{TOP}/kmod/uapi/defs.x", encoding="utf-8") as _file:
    _rows = re.findall(r"^E7_(\w+)\((\w+),\s*\w+,\s*(\d+),\s*(\w+)?", _file.read(), re.M)
TYPES = {name: int(number) for kind, name, number, _ in _rows if kind in ("CMD", "MSG")}
ATTRS = {name: (int(number), type_) for kind, name, number, type_ in _rows if kind.endswith("ATTR")}
FLAGS = {name: int(number) for kind, name, number, _ in _rows if kind in ("FLAG", "NUMBER", "COUNTER")}
_TYPE_NAMES = {number: name for name, number in TYPES.items()}
_ATTR_NAMES = {number: (name, type_) for name, (number, type_) in ATTRS.items()}
_WIDTHS = {"U8": "<B", "U16": "<H", "U32": "<I", "U64": "<Q"}

EPERM, ENOENT, EAGAIN, EBUSY, ENODEV, EPROTO, ECONNREFUSED = 1, 2, 11, 16, 19, 71, 111


def encode(name, sequence, attributes=None, major=1, minor=0):
    body = b""
    for attribute, value in (attributes or {}).items():
        number, type_ = ATTRS[attribute]
        if type_ in _WIDTHS:
            payload = struct.pack(_WIDTHS[type_], value)
        elif type_ == "STRING":
            payload = value + b"\0"
        else:
            payload = value
        body += struct.pack("<HH", len(payload) + 4, number) + payload
        body += b"\0" * (-len(body) % 4)
    header = struct.pack(
        "<4sBBHIII", b"\xe7\x00E7", major, minor, TYPES[name], 0, sequence, 20 + len(body)
    )
    return header + body


def decode(datagram):
    magic, major, _, type_, reserved, sequence, length = struct.unpack("<4sBBHIII", datagram[:20])
    assert (magic, major, reserved, length) == (b"\xe7\x00E7", 1, 0, len(datagram))
    attributes = {}
    at = 20
    while at < len(datagram):
        count, number = struct.unpack_from("<HH", datagram, at)
        name, kind = _ATTR_NAMES[number]
        payload = datagram[at + 4 : at + count]
        if kind in _WIDTHS:
            attributes[name] = struct.unpack(_WIDTHS[kind], payload)[0]
        elif kind == "STRING":
            assert payload.endswith(b"\0")
            attributes[name] = payload[:-1]
        else:
            attributes[name] = payload
        at += (count + 3) & ~3
    return _TYPE_NAMES[type_], sequence, attributes


def done(error=0, text=b"", **more):
    attributes = {"ERROR": error}
    if text:
        attributes["TEXT"] = text
    return ("DONE", {**attributes, **more})


CLOSE = "close"
SILENCE = "silence"


class Suite:
    """Listens at `path`; `console` and `lane` map a message to the parts of its answer.

    Each is called with (name, attributes) and returns a list of (name, attributes), or CLOSE, or
    SILENCE, or bytes to send as they are.
    """

    def __init__(self, path):
        self.path = path
        self.said = []
        self.lane_said = []
        self.rules = []
        self.mode = 0
        self.generation = 9
        self.told = []
        self.consoles = []
        self.console = lambda name, attributes: None
        self.lane = lambda name, attributes: None
        self.greeting = None
        self.lane_answers_as = None
        self.listener = None
        self.listen()

    def listen(self):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                console, _ = listener.accept()
                self.consoles.append(console)
                threading.Thread(target=self.serve, args=(console,), daemon=True).start()

    def drop(self):
        """Closes every console, as a broker that dies; the listener stays."""
        for console in self.consoles:
            with contextlib.suppress(OSError):
                console.shutdown(socket.SHUT_RDWR)
            console.close()
        self.consoles = []

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)
        self.drop()

    def serve(self, console):
        with contextlib.suppress(OSError):
            while True:
                datagram, passed, _, _ = socket.recv_fds(console, 65536, 1)
                if not datagram:
                    return
                name, sequence, attributes = decode(datagram)
                self.said.append((name, attributes))
                answer = self.console(name, attributes)
                if answer is None:
                    answer = self.answer(name, attributes, passed)
                if not self.send(console, sequence, answer):
                    return
                if name == "SUBSCRIBE":
                    for told in self.told:
                        console.send(encode(told[0], 0, told[1]))

    def send(self, peer, sequence, answer):
        if answer == CLOSE:
            peer.shutdown(socket.SHUT_RDWR)
            peer.close()
            return False
        if isinstance(answer, bytes):
            peer.send(answer)
        elif answer != SILENCE:
            for name, attributes in answer:
                peer.send(encode(name, sequence, attributes))
        return True

    def answer(self, name, attributes, passed):
        if name == "HELLO":
            return self.greeting or [("HELLO", {"MINOR": 0, "ROLE": 3}), done()]
        if name == "FLAG_GET":
            number = attributes.get("FLAG")
            if number in (None, FLAGS["MODE"]):
                return [("FLAG_GET", {"FLAG": 1, "VALUE": self.mode}), done()]
            return [("FLAG_GET", {"FLAG": number, "VALUE": 42}), done()]
        if name == "STATUS":
            return [("STATUS", {"VERSION": 1, "INSTANCE": 5, "GENERATION": self.generation}), done()]
        if name == "RULE_GET":
            return [("RULE_GET", rule) for rule in self.rules] + [done(GENERATION=9)]
        if name == "LANE":
            lane = socket.socket(fileno=passed[0])
            threading.Thread(target=self.serve_lane, args=(lane,), daemon=True).start()
        return [done()]

    def serve_lane(self, lane):
        credentials = socket.CMSG_SPACE(struct.calcsize("3i"))
        with contextlib.suppress(OSError):
            while True:
                datagram, ancillary, _, _ = lane.recvmsg(65536, credentials)
                if not datagram:
                    return
                assert [(level, kind) for level, kind, _ in ancillary] == [
                    (socket.SOL_SOCKET, socket.SCM_CREDENTIALS)
                ]
                if not self.answer_lane(lane, datagram):
                    return

    def answer_lane(self, lane, message):
        name, sequence, attributes = decode(message)
        self.lane_said.append((name, attributes))
        answer = self.lane(name, attributes)
        if answer is None:
            answer = [done(GENERATION=10, ID=7) if name == "RULE_ADD" else done(GENERATION=10)]
            if name == "HELLO":
                answer = [("HELLO", {"MINOR": 0}), done()]
        if self.lane_answers_as is not None and name != "HELLO":
            self.answer_as(lane, sequence, answer)
            return True
        return self.send(lane, sequence, answer)

    def answer_as(self, lane, sequence, answer):
        """Answers from a process of another user, as a thief of the descriptor would."""
        child = os.fork()
        if child == 0:
            os.setgroups([])
            os.setgid(self.lane_answers_as)
            os.setuid(self.lane_answers_as)
            self.send(lane, sequence, answer)
            os._exit(0)
        os.waitpid(child, 0)


