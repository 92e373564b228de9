# SPDX-License-Identifier: GPL-2.0-or-later
"""Netlink that no honest program sends, from root: refused or bounded, never believed."""

import errno
import os
import resource
import socket
import struct

import pytest

from kit import defs, genl

WIDTH = {"U8": 1, "U16": 2, "U32": 4, "U64": 8, "FLAG": 0}
COMMANDS = ("STATUS", "FLAG_SET", "RULE_ADD", "RULE_DEL", "RULE_CLEAR", "BEGIN", "COMMIT", "ABORT",
            "CONFIRM", "REVERT")
# What would be a right rule without the attribute that is wrong.
RIGHT = {"ACTION": defs.ACTION["block"], "PROT": 6}
NLA_F_NESTED = 0x8000


def state(e7):
    return e7.rules(), [e7.get(flag) for flag in defs.SETTABLE], e7.get("generation")


@pytest.fixture
def e7(e7):
    """With a rule to lose; as it was afterwards, and without a transaction."""
    e7.allow("tcp", "/opt/stays")
    before = state(e7)
    yield e7
    assert state(e7) == before
    e7.do("BEGIN")
    e7.do("ABORT")


def refused(e7, command, payload):
    """The errno of a request as it is."""
    e7.send(e7.id, defs.CMD[command], 1, payload, 0)
    with pytest.raises(genl.Refused) as caught:
        e7.receive()
    return caught.value.errno


def rest_of(attribute):
    return genl.encode({name: value for name, value in RIGHT.items() if name != attribute})


@pytest.mark.parametrize("command", COMMANDS)
def test_wrong_widths(e7, command):
    for name, kind in defs.ATTR_TYPE.items():
        if kind not in WIDTH or defs.ATTR[name] > 63:
            continue
        for width in {0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 255} - {WIDTH[kind]}:
            wrong = genl.pack(defs.ATTR[name], b"\1" * width)
            for payload in (wrong, rest_of(name) + wrong, wrong + rest_of(name)):
                assert refused(e7, command, payload) in (errno.EINVAL, errno.ERANGE), (name, width)


TEXTS = {
    "without its end": b"/opt/x", "empty": b"", "its end alone": b"\0",
    "one byte too long": b"/" + b"a" * defs.LIMIT["PATH"] + b"\0", "of 60,000 bytes": b"/" * 60000,
}


@pytest.mark.parametrize("name", ("PATH", "COMMENT"))
@pytest.mark.parametrize("text", TEXTS)
def test_wrong_texts(e7, name, text):
    if name == "COMMENT" and text == "its end alone":
        pytest.skip("an empty comment is none")
    payload = genl.encode(RIGHT) + genl.pack(defs.ATTR[name], TEXTS[text])
    assert refused(e7, "RULE_ADD", payload) in (errno.EINVAL, errno.ERANGE)


@pytest.mark.parametrize("width", (0, 1, 3, 5, 8, 15, 17, 255))
def test_wrong_addresses(e7, width):
    payload = genl.encode(RIGHT | {"DIRECTION": 2, "PREFIX": 0}) + genl.pack(
        defs.ATTR["REMOTE"], bytes(width))
    assert refused(e7, "RULE_ADD", payload) in (errno.EINVAL, errno.ERANGE)


@pytest.mark.parametrize("name", [name for name in defs.ATTR_TYPE if defs.ATTR[name] < 64])
def test_nested_attributes(e7, name):
    """No attribute has others in it."""
    payload = bytes(WIDTH.get(defs.ATTR_TYPE[name], 4))
    assert refused(e7, "RULE_ADD", genl.encode(RIGHT) + genl.pack(
        defs.ATTR[name] | NLA_F_NESTED, payload)) in (errno.EINVAL, errno.ERANGE)


@pytest.mark.parametrize("depth", (2, 10, 1000, 15000))
def test_nested_to_depth(e7, depth):
    payload = b""
    size = 4 * depth
    # From outside in; each length counts all that is in it, as far as 16 bits go.
    for n in range(depth):
        payload += struct.pack("=HH", min(size - 4 * n, 0xFFFC), defs.ATTR["PATH"] | NLA_F_NESTED)
    assert refused(e7, "RULE_ADD", genl.encode(RIGHT) + payload) in (errno.EINVAL, errno.ERANGE)


@pytest.mark.parametrize("payload", (
    b"\0", b"\0\0\0", struct.pack("=HH", 0, 7), struct.pack("=HH", 3, 7), struct.pack("=HH", 5, 7),
    struct.pack("=HH", 0xFFFF, 7), genl.encode(RIGHT) + b"\1\2\3",
    genl.pack(0, b""), genl.pack(63, b"\0" * 4), genl.pack(0x3FFF, b"")))
def test_lengths_that_lie(e7, payload):
    assert refused(e7, "RULE_ADD", payload) in (errno.EINVAL, errno.ERANGE)


def test_the_same_attribute_a_thousand_times(e7):
    """The last one counts, as ever in netlink, and is judged like any other."""
    many = genl.pack(defs.ATTR["ACTION"], b"\1") * 1000 + genl.pack(defs.ATTR["ACTION"], b"\x63")
    assert refused(e7, "RULE_ADD", genl.encode({"PROT": 6}) + many) == errno.EINVAL


def test_commands_that_there_are_not(e7):
    for command in set(range(256)) - set(defs.CMD.values()):
        e7.send(e7.id, command, 1, genl.encode(RIGHT), 0)
        with pytest.raises(genl.Refused) as caught:
            e7.receive()
        assert caught.value.errno == errno.EOPNOTSUPP
    # Nor does the kernel take from others what it says itself.
    for command in ("EVENT", "NOTICE"):
        assert refused(e7, command, b"") == errno.EOPNOTSUPP


def begin(e7, other):
    """errno of BEGIN on a socket that knows the family by another one."""
    message = struct.pack("=IHHIIBBH", 20, e7.id, genl.NLM_F_REQUEST | genl.NLM_F_ACK, 1, 0,
                          defs.CMD["BEGIN"], 1, 0)
    other.send(message)
    while True:
        answer = other.recv(4096)
        if struct.unpack_from("=H", answer, 4)[0] == genl.NLMSG_ERROR:
            return -struct.unpack_from("=i", answer, 16)[0]


def netlink():
    other = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    other.bind((0, 0))
    return other


def test_ten_thousand_transactions_at_once(e7):
    """One is open, whoever asks; it ends with its socket."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (11_000, max(11_000, hard)))
    sockets = []
    try:
        for n in range(10_000):
            sockets.append(netlink())
            assert begin(e7, sockets[-1]) == (errno.EBUSY if n else 0)
        sockets.pop(0).close()
        assert begin(e7, sockets[5000]) == 0
    finally:
        for other in sockets:
            other.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def slab():
    with open("/proc/meminfo", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(("Slab:", "VmallocUsed:")))


def test_ten_thousand_transactions_one_after_another(e7):
    """None is ended but by its socket's end, or by the next one's wish to begin."""
    for _ in range(100):
        with netlink() as other:
            assert begin(e7, other) == 0
    before = slab()
    for _ in range(10_000):
        with netlink() as other:
            assert begin(e7, other) == 0
    assert slab() - before < 8192, "kilobytes"


def test_a_transaction_that_never_ends_is_bounded(e7):
    """It takes as many rules as a ruleset may have; what is beyond is refused."""
    most = defs.LIMIT["RULES"]
    with netlink() as other:
        assert begin(e7, other) == 0
        sequence = 10
        for first in range(0, most, 512):
            datagram = b""
            for n in range(first, min(first + 512, most)):
                sequence += 1
                body = genl.encode(RIGHT | {"PORT_FIRST": n % 65536, "PORT_LAST": n % 65536,
                                            "DIRECTION": 1 + n // 65536})
                flags = genl.NLM_F_REQUEST | (genl.NLM_F_ACK if n % 512 == 511 else 0)
                datagram += struct.pack("=IHHIIBBH", 20 + len(body), e7.id, flags, sequence, 0,
                                        defs.CMD["RULE_ADD"], 1, 0) + body
            other.send(datagram)
            refusals = answers(other, sequence)
            # One is there already: what stays.
            assert refusals == ([] if first + 512 < most else [errno.ENOSPC])
        assert len(e7.rules()) == 1


def answers(other, last):
    """Errors until the message with this number is answered."""
    errors = []
    while True:
        data = other.recv(1 << 16)
        while data:
            length, kind, _, sequence = struct.unpack_from("=IHHI", data)
            if kind == genl.NLMSG_ERROR:
                if (number := -struct.unpack_from("=i", data, 16)[0]):
                    errors.append(number)
                if sequence == last:
                    return errors
            data = data[(length + 3) & ~3:]


def test_who_asks_for_no_answer_gets_refusals_alone(e7):
    with netlink() as other:
        datagram = b""
        for sequence, prot in enumerate((6, 300, 17, 301, 132), start=1):
            body = genl.encode({"PROT": prot, "PATH": "/opt/many"})
            flags = genl.NLM_F_REQUEST | (genl.NLM_F_ACK if sequence == 5 else 0)
            datagram += struct.pack("=IHHIIBBH", 20 + len(body), e7.id, flags, sequence, 0,
                                    defs.CMD["RULE_DEL"], 1, 0) + body
        other.send(datagram)
        assert answers(other, 5) == [errno.ENOENT, errno.ERANGE, errno.ENOENT, errno.ERANGE,
                                     errno.ENOENT]


def test_soup_of_every_attribute(e7):
    """Random attributes at every command but those that may well succeed."""
    import random
    seed = int.from_bytes(os.urandom(4), "little")
    chance = random.Random(seed)
    may_succeed = {defs.CMD[name] for name in ("RULE_CLEAR", "BEGIN")}
    for _ in range(3000):
        payload = b"".join(
            genl.pack(chance.randrange(0, 64) | chance.choice((0, 0, 0, NLA_F_NESTED)),
                      chance.randbytes(chance.choice((0, 1, 2, 4, 8, 16, 300))))
            for _ in range(1 + chance.randrange(8)))
        # Of no kind, so that no rule is made by chance.
        payload += genl.pack(defs.ATTR["PAD"], b"")
        command = chance.choice([c for c in range(24) if c not in may_succeed])
        e7.send(e7.id, command, 1, payload, chance.choice((0, genl.NLM_F_DUMP)))
        with pytest.raises(genl.Refused):
            e7.receive()
