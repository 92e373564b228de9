# SPDX-License-Identifier: GPL-2.0-or-later
"""A generic-netlink client of the e7 family, independent of the Swift one."""

import errno
import ipaddress
import os
import select
import socket
import struct
import time

from . import defs

NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_DUMP_INTR = 1, 2, 4, 16
NLM_F_DUMP, NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x300, 0x100, 0x200
NLMSG_ERROR, NLMSG_DONE = 2, 3
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NETLINK_EXT_ACK, NETLINK_CAP_ACK = 270, 1, 11, 10


class Refused(OSError):
    """The kernel said no: errno, its text, and the attribute it names."""

    def __init__(self, number, text, attribute):
        super().__init__(number, os.strerror(number))
        self.text, self.attribute = text, attribute

    def __str__(self):
        return f"{errno.errorcode[self.errno]}: {self.text} ({self.attribute})"


def pack(number, payload):
    """One attribute with its padding."""
    head = struct.pack("=HH", len(payload) + 4, number)
    return head + payload + bytes(-len(payload) % 4)


def unpack(data):
    """(number, payload) of each attribute."""
    while len(data) >= 4:
        length, number = struct.unpack_from("=HH", data)
        if length < 4:
            return
        yield number & 0x3FFF, data[4:length]
        data = data[(length + 3) & ~3 :]


_FORMAT = {"U8": "=B", "U16": "=H", "U32": "=I", "U64": "=Q"}


def encode(attributes):
    """Attributes of the schema, by name, with natural values."""
    data = b""
    for name, value in attributes.items():
        kind = defs.ATTR_TYPE[name]
        if kind in _FORMAT:
            payload = struct.pack(_FORMAT[kind], value)
        elif kind == "STRING":
            payload = value.encode() + b"\0" if isinstance(value, str) else value
        elif kind == "ADDR":
            payload = ipaddress.ip_address(value).packed if isinstance(value, str) else value
        else:
            payload = b""
        data += pack(defs.ATTR[name], payload)
    return data


def match(prot=None, path=None, of=None, *, quick=False, began=None, to=None, sender=None,
          port=None, user=None):
    """Attributes of what a rule matches; of is a class of programs, began in or out."""
    attributes = {}
    if quick:
        attributes["QUICK"] = True
    if prot is not None:
        attributes["PROT"] = defs.PROT.get(prot, prot)
    if of is not None:
        attributes["CLASS"] = defs.CLASS.get(of, of)
    if path is not None:
        attributes["PATH"] = path
    if to or sender:
        began = "out" if to else "in"
        network = ipaddress.ip_network(to or sender)
        attributes |= {"REMOTE": str(network.network_address), "PREFIX": network.prefixlen}
    if began:
        attributes["DIRECTION"] = defs.BEGAN[began]
    if port is not None:
        first, last = port if isinstance(port, tuple) else (port, port)
        attributes |= {"PORT_FIRST": first, "PORT_LAST": last}
    if user is not None:
        attributes["UID"] = user
    return attributes


def decode(data):
    """The opposite of encode; addresses as text."""
    found = {}
    for number, payload in unpack(data):
        name = defs.ATTR_NAME.get(number, number)
        kind = defs.ATTR_TYPE.get(name)
        if kind in _FORMAT:
            found[name] = struct.unpack(_FORMAT[kind], payload)[0]
        elif kind == "STRING":
            found[name] = payload[:-1].decode()
        elif kind == "ADDR":
            family = socket.AF_INET if len(payload) == 4 else socket.AF_INET6
            found[name] = socket.inet_ntop(family, payload)
        elif kind != "PAD":
            found[name] = payload
    return found


class Family:
    """A socket that speaks to one family; one that is given may be of another namespace."""

    def __init__(self, name="e7", given=None):
        self.socket = given or socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.socket.bind((0, 0))
        for option in (NETLINK_EXT_ACK, NETLINK_CAP_ACK):
            self.socket.setsockopt(SOL_NETLINK, option, 1)
        self.sequence = 0
        self.interrupted = False
        reply = self._transact(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1,
                               pack(2, name.encode() + b"\0"))[0]
        attributes = dict(unpack(reply[4:]))
        self.id = struct.unpack("=H", attributes[1])[0]
        self.version = struct.unpack("=I", attributes[3])[0]
        self.groups = {}
        for _, group in unpack(attributes.get(7, b"")):
            fields = dict(unpack(group))
            self.groups[fields[1][:-1].decode()] = struct.unpack("=I", fields[2])[0]

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, kind, command, version, payload, flags):
        """One request as it is, however wrong."""
        self.socket.sendto(self._request(kind, command, version, payload, NLM_F_ACK | flags), (0, 0))

    def _request(self, kind, command, version, payload, flags):
        self.sequence += 1
        return struct.pack("=IHHIIBBH", 20 + len(payload), kind, NLM_F_REQUEST | flags, self.sequence, 0,
                           command, version, 0) + payload

    def together(self, requests):
        """Sends several (command, attributes as bytes) in one datagram, of which each is done by itself.

        The errors of those that are refused, by place.
        """
        first = self.sequence + 1
        message = b""
        for place, (command, payload) in enumerate(requests):
            # Who is refused is told of it even so.
            ack = NLM_F_ACK if place + 1 == len(requests) else 0
            message += self._request(self.id, defs.CMD[command], 1, payload, ack)
        self.socket.sendto(message, (0, 0))
        refused = {}
        while True:
            answer = self.socket.recv(1 << 17)
            kind, _, sequence = struct.unpack_from("=HHI", answer, 4)
            if kind != NLMSG_ERROR or sequence < first:
                continue
            if number := -struct.unpack_from("=i", answer, 16)[0]:
                refused[sequence - first] = number
            if sequence == self.sequence:
                return refused

    def _transact(self, kind, command, version, payload, flags=0):
        self.send(kind, command, version, payload, flags)
        return self.receive()

    def receive(self):
        """The replies to the last request, to its acknowledgement or end."""
        replies = []
        self.interrupted = False
        while True:
            data = self.socket.recv(1 << 17)
            while len(data) >= 16:
                length, kind, flags, sequence, _ = struct.unpack_from("=IHHII", data)
                body, data = data[16:length], data[(length + 3) & ~3 :]
                if sequence != self.sequence:
                    continue
                self.interrupted |= bool(flags & NLM_F_DUMP_INTR)
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    self._raise(kind, flags, body)
                    return replies
                replies.append(body)

    def _raise(self, kind, flags, body):
        number = -struct.unpack_from("=i", body)[0]
        if number <= 0:
            return
        text, attribute = "", None
        if flags & NLM_F_ACK_TLVS:
            skip = 4 if kind == NLMSG_DONE else 20
            if kind == NLMSG_ERROR and not flags & NLM_F_CAPPED:
                skip = 4 + struct.unpack_from("=I", body, 4)[0]
            for code, payload in unpack(body[skip:]):
                if code == 1:
                    text = payload[:-1].decode()
                elif code == 2:
                    attribute = struct.unpack("=I", payload)[0]
        raise Refused(number, text, attribute)

    def do(self, command, **attributes):
        """Asks or changes; the attributes of the reply, if there is one."""
        replies = self._transact(self.id, defs.CMD[command], 1, encode(attributes))
        return decode(replies[0][4:]) if replies else {}

    def dump(self, command, **attributes):
        """All of a list; again where a change overtook it."""
        while True:
            replies = self._transact(self.id, defs.CMD[command], 1, encode(attributes), NLM_F_DUMP)
            if not self.interrupted:
                return [decode(reply[4:]) for reply in replies]

    def join(self, group):
        """Events or notices from now on."""
        self.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, self.groups[group])

    def next(self, seconds=10.0):
        """(command number, attributes) of the next event or notice, or None."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return None
        data = self.socket.recv(1 << 17)
        return data[16], decode(data[20:])

    def events(self, seconds=1.0, at_most=30.0):
        """All events and notices until none comes for so long, or for so long at most.

        A DCCP socket whose goodbye is blocked says it twice a second for ever
        (Linux 6.1, net/dccp/timer.c, dccp_retransmit_timer).
        """
        end = time.monotonic() + at_most
        while time.monotonic() < end and (message := self.next(seconds)) is not None:
            yield message

    # What most scenarios do.

    def allow(self, *match, **more):
        return self.rule("allow", *match, **more)

    def block(self, *match, **more):
        return self.rule("block", *match, **more)

    def reject(self, *match, **more):
        return self.rule("reject", *match, **more)

    def ask(self, *match, **more):
        return self.rule("ask", *match, **more)

    def answer(self, question, action, **more):
        """Decides about a held flow, once without FOR or ALWAYS."""
        return self.do("ANSWER", QUESTION=question, ACTION=defs.ACTION[action], **more)

    def rule(self, action, *words, seconds=None, comment=None, **more):
        """Adds a rule of this match()."""
        attributes = {"ACTION": defs.ACTION[action]} | match(*words, **more)
        if seconds is not None:
            attributes["FOR"] = seconds
        if comment is not None:
            attributes["COMMENT"] = comment
        return self.do("RULE_ADD", **attributes)

    def drop(self, *words, **more):
        """Removes the rule of this match()."""
        self.do("RULE_DEL", **match(*words, **more))

    def set(self, flag, value):
        """Sets a flag by the words of the rule language."""
        words = {"MODE": defs.MODE, "SWITCH": defs.SWITCH, "SCOPE": defs.SCOPE}.get(
            defs.FLAG_KIND.get(flag), defs.ACTION)
        self.do("FLAG_SET", FLAG=defs.FLAG[flag], VALUE=words.get(value, value))

    def get(self, flag):
        return self.do("FLAG_GET", FLAG=defs.FLAG[flag])["VALUE"]

    def stats(self):
        """Statistic, by word → value."""
        return {defs.STAT_NAME[row["STAT"]]: row["VALUE"] for row in self.dump("STAT_GET")}

    def rules(self):
        return self.dump("RULE_GET")

    def clear(self):
        self.do("RULE_CLEAR")
