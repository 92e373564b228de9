# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile consoles: each row of attacks.txt at the border client→broker."""

import array
import errno
import pathlib
import socket
import struct
import sys

import pytest

from test_process import TOP, _broker, _folder, _start, ipc, pytestmark  # noqa: F401

sys.path.insert(0, str(pathlib.Path(TOP) / "Tests"))
import attacks  # noqa: E402

ROWS = attacks.rows("client→broker")
case = attacks.Cases()


def outcome(console, datagram=None):
    if datagram is not None:
        console.send(datagram)
    try:
        message = console.message(60)
    except EOFError:
        return "closed"
    return errno.errorcode.get(message.attributes["ERROR"], "passed")


def sends(name, datagram):
    @case("client→broker", name)
    def _(broker):
        with ipc.Console(broker.path) as console:
            return outcome(console, datagram)


def bent(datagram, at, value):
    return datagram[:at] + bytes([value]) + datagram[at + 1:]


ASK = ipc.encode("STATUS", 7)
_wide = struct.pack("<4sBBHIII", b"\xe7\x00E7", 1, 0, ipc.TYPE["FLAG_GET"], 0, 7, 28) \
    + struct.pack("<HHHH", 6, 5, 1, 0)
for _name, _datagram in {
        "a header cut in the middle": ASK[:9],
        "a length that is not the datagram's": ASK + b"\0",
        "an unknown major version": bent(ASK, 4, 9),
        "an unknown type": ipc.encode(999, 7),
        "a type that only the kernel sends": ipc.encode("EVENT", 7),
        "sequence number 0": ipc.encode("STATUS", 0),
        "an attribute that does not belong": ipc.encode("STATUS", 7, ID=1),
        "an attribute of another length": _wide,
        "a flag that does not exist": ipc.encode("FLAG_GET", 7, FLAG=200),
        "an edit": ipc.encode("RULE_ADD", 7, ACTION=1, PROT=6),
        "a part of a rules file": ipc.encode("SAVE", 7, PART="allow\n"),
}.items():
    sends(_name, _datagram)


@case("client→broker", "a message longer than one may be")
def _(broker):
    with ipc.Console(broker.path) as console:
        return outcome(console, b"\xe7\0E7" * 20000)


@case("client→broker", "an empty datagram")
def _(broker):
    with ipc.Console(broker.path) as console:
        console.send(b"")
        return "closed" if console.is_closed(60) else "open"


@case("client→broker", "a lane without a descriptor")
def _(broker):
    with ipc.user("nobody"), ipc.Console(broker.path) as console:
        return outcome(console, ipc.encode("LANE", 7))


@case("client→broker", "a lane, as nobody")
def _(broker):
    with ipc.user("nobody"):
        console = ipc.Console(broker.path)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with console, ours, theirs:
        console.send(ipc.encode("LANE", 7), [theirs.fileno()])
        word = outcome(console)
    broker.priv.setblocking(False)
    with pytest.raises(BlockingIOError):
        broker.priv.recv(1)
    return word


@case("client→broker", "three wrong messages")
def _(broker):
    with ipc.Console(broker.path) as console:
        for _ in range(3):
            console.send(ASK + b"\0")
        return "closed" if console.is_closed(60) else "open"


@case("client→broker", "253 descriptors with a question")
def _(broker):
    with ipc.Console(broker.path) as console, open("/dev/null", "rb") as file:
        before = broker.descriptors()
        console.socket.sendmsg([ipc.encode("SUBSCRIBE", 7)], [
            (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file.fileno()] * 253))])
        outcome(console)
        assert broker.descriptors() == before
        return outcome(console, ipc.encode("SUBSCRIBE", 8))


@case("client→broker", "bytes of text with escape sequences")
def _(broker):
    with ipc.Lines(broker.path) as lines:
        answered = lines.type("\x1b[2J\x07block\n")
        assert answered[-1].startswith("error: ") and "\x1b" not in "".join(answered)
        return "passed" if lines.type("events")[-1] == "ok" else "stuck"


def test_the_table_has_a_test_for_each_row_and_a_row_for_each_test():
    assert set(case) == set(ROWS)


@pytest.mark.parametrize("name", [name for _, name in ROWS])
def test_what_comes_of_it(broker, name):
    with ipc.Console(broker.path):
        pass
    assert case["client→broker", name](broker) == ROWS["client→broker", name]
    # Nobody else notices.
    with ipc.Console(broker.path) as console:
        console.ask("SUBSCRIBE")
    assert all("\x1b" not in line for line in broker.lines())
