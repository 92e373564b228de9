# SPDX-License-Identifier: GPL-2.0-or-later
"""A WireGuard tunnel to the peer, made over generic netlink: no tool of its own is needed."""

import contextlib
import os
import socket
import struct

from . import genl, net

DEVICE, PORT = "e7w", 51820
# This machine's end and the peer's, by family: the tunnel carries both.
INNER = {4: ("10.80.0.1", "10.80.0.2"), 6: ("fd80::1", "fd80::2")}

# linux/wireguard.h
_GET_DEVICE, _SET_DEVICE = 0, 1
_IFNAME, _PRIVATE_KEY, _PUBLIC_KEY, _LISTEN_PORT, _PEERS = 2, 3, 4, 6, 8
_PEER_KEY, _PEER_ENDPOINT, _PEER_ALLOWED = 1, 4, 9
_ALLOWED_FAMILY, _ALLOWED_ADDRESS, _ALLOWED_MASK = 1, 2, 3
_NESTED = 0x8000


def _nest(number, *attributes):
    return genl.pack(number | _NESTED, b"".join(attributes))


def _endpoint(address):
    """A sockaddr."""
    port = socket.htons(PORT)
    if ":" in address:
        return struct.pack("=HHI16sI", socket.AF_INET6, port, 0,
                           socket.inet_pton(socket.AF_INET6, address), 0)
    return struct.pack("=HH4s8x", socket.AF_INET, port, socket.inet_aton(address))


def _anybody(family, size):
    return _nest(0, genl.pack(_ALLOWED_FAMILY, struct.pack("=H", family)),
                 genl.pack(_ALLOWED_ADDRESS, bytes(size)), genl.pack(_ALLOWED_MASK, b"\0"))


class _End:
    """One end's device, in the namespace of its generic-netlink family."""

    def __init__(self, prefix, family, index):
        self.prefix, self.family = prefix, family
        self.ip("link", "add", DEVICE, "type", "wireguard")
        self.set(genl.pack(_PRIVATE_KEY, os.urandom(32)),
                 genl.pack(_LISTEN_PORT, struct.pack("=H", PORT)))
        for width, each in ((24, 4), (64, 6)):
            self.ip("address", "add", f"{INNER[each][index]}/{width}", "dev", DEVICE,
                    *(["nodad"] if each == 6 else []))

    def ip(self, *words):
        net.run("ip", *self.prefix, *words)

    def _ask(self, command, payload, flags=0):
        self.family.send(self.family.id, command, 1,
                         genl.pack(_IFNAME, DEVICE.encode() + b"\0") + payload, flags)
        return self.family.receive()

    def set(self, *attributes):
        self._ask(_SET_DEVICE, b"".join(attributes))

    def key(self):
        """The public one, which the kernel derives."""
        return dict(genl.unpack(self._ask(_GET_DEVICE, b"", genl.NLM_F_DUMP)[0][4:]))[_PUBLIC_KEY]

    def meet(self, other, address):
        """Takes the other end for its only peer, and goes up."""
        self.set(_nest(_PEERS, _nest(
            0, genl.pack(_PEER_KEY, other.key()), genl.pack(_PEER_ENDPOINT, _endpoint(address)),
            _nest(_PEER_ALLOWED, _anybody(socket.AF_INET, 4), _anybody(socket.AF_INET6, 16)))))
        self.ip("link", "set", DEVICE, "up")


@contextlib.contextmanager
def tunnel(there, family):
    """Between this machine and the peer's, where `there` is a program, over one family."""
    net.run("modprobe", "wireguard")
    # A family is reached in the network namespace in which its socket was made.
    channel = there("socket", socket.AF_NETLINK, socket.SOCK_RAW, 16)
    with contextlib.ExitStack() as stack:
        here = stack.enter_context(genl.Family("wireguard"))
        far = stack.enter_context(
            genl.Family("wireguard", socket.socket(fileno=there.fetch(channel))))
        ends = []
        for index, (prefix, each) in enumerate((([], here), (["-n", net.NAMESPACE], far))):
            ends.append(_End(prefix, each, index))
            stack.callback(ends[-1].ip, "link", "del", DEVICE)
        ends[0].meet(ends[1], net.PEER[family])
        ends[1].meet(ends[0], net.LOCAL[family])
        yield
