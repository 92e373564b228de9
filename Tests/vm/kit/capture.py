# SPDX-License-Identifier: GPL-2.0-or-later
"""What is on the wire: packets that reach the other end of the veth pair."""

import select
import subprocess

from . import net

# A line a packet: family, IP protocol, and both ports, or ICMP's type and code.
_SCRIPT = """
import socket, struct, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
wire.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
wire.bind(('e7b', 3))
print('ready', flush=True)
while True:
    data, (_, kind, way, _, _) = wire.recvfrom(2048)
    if way == socket.PACKET_OUTGOING or kind not in (0x800, 0x86dd):
        continue
    if kind == 0x800:
        prot, rest = data[9], data[(data[0] & 15) * 4:]
    else:
        prot, rest = data[6], data[40:]
    if prot in (6, 17):
        one, two = struct.unpack_from('!HH', rest)
    else:
        one, two = rest[0], rest[1]
    print(4 if kind == 0x800 else 6, prot, one, two, flush=True)
"""


class Capture:
    """All that arrives at the peer from its making on."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", net.NAMESPACE, net.python(), "-u", "-c", _SCRIPT],
            stdout=subprocess.PIPE, text=False, bufsize=0)
        assert self.process.stdout.readline() == b"ready\n"
        self.packets = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def seen(self, family, prot, one=None, two=None):
        """How many packets of this protocol, with these ports or this type and code."""
        while select.select([self.process.stdout], [], [], 0.3)[0]:
            self.packets.append(tuple(map(int, self.process.stdout.readline().split())))
        return sum(packet[:2] == (family, prot) and one in (None, packet[2])
                   and two in (None, packet[3]) for packet in self.packets)
