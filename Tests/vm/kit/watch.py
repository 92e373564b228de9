# SPDX-License-Identifier: GPL-2.0-or-later
"""Who was named for each packet of a flow."""

import os
import socket
import time

from . import defs, genl, net

_SO_RCVBUFFORCE = 33
# Nothing more of a flow comes when nothing came for so long.
QUIET = 0.1


def name(event):
    """A program's path on the host, or the class of what it is, with the reason if unknown."""
    kind = defs.CLASS_NAME[event["CLASS"]]
    if kind == "host":
        return event["PATH"]
    if kind == "unknown":
        return f"unknown: {defs.STAT_NAME[event['STAT']]}"
    return kind


def both(*names):
    """What Watch.names() returns of a flow with only these, both ways."""
    return {"in": set(names), "out": set(names)}


def netns(namespace=None):
    """The number of a network namespace, this one's without a name."""
    path = f"/run/netns/{namespace}" if namespace else "/proc/self/ns/net"
    return os.stat(path).st_ino


class Watch:
    """Every packet's event from its making on; of a lossy one, every event that is not lost."""

    def __init__(self, e7, lossy=False):
        self.e7 = e7
        self.lossy = lossy
        self.family = genl.Family()
        self.family.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
        self.family.join("events")
        self.lost = e7.get("qlost")
        self.seen = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.family.close()

    def events(self, enough=None, seconds=20.0, namespace=None, **match):
        """All events with these attributes, until none comes any more.

        Waits for them until there are `enough` in each direction.
        """
        match["NETNS"] = netns(namespace)
        enough = {"in": 1, "out": 1} if enough is None else enough
        fits = lambda event: all(event.get(key) == value for key, value in match.items())
        end = time.monotonic() + seconds

        def found(direction):
            return sum(fits(e) and defs.DIRECTION[e["DIRECTION"]] == direction for e in self.seen)

        while True:
            left = max(QUIET, end - time.monotonic())
            self.seen += [a for _, a in self.family.events(QUIET, at_most=left)]
            if time.monotonic() > end or all(found(d) >= n for d, n in enough.items()):
                break
        assert self.lossy or self.e7.get("qlost") == self.lost, "events were lost"
        return list(filter(fits, self.seen))

    def names(self, enough=None, namespace=None, **match):
        """The names of all packets with these attributes, by direction."""
        found = {}
        for event in self.events(enough, namespace=namespace, **match):
            direction = defs.DIRECTION[event["DIRECTION"]]
            found.setdefault(direction, set()).add(name(event))
            # Told where a scenario fails.
            print(direction, event["PROT"], event.get("LPORT"), event.get("RPORT"), name(event))
        return found

    def client(self, port, **options):
        """The names of the flow that began at this port of this machine."""
        return self.names(LPORT=port, **options)

    def server(self, port, namespace=net.NAMESPACE, **options):
        """The names that the peer's side of it has."""
        return self.names(RPORT=port, namespace=namespace, **options)

    def talk_of(self, program, family, kind="tcp"):
        """program.talk(), again until a work item has resolved its path.

        That takes a moment for a program that does not see the host's files as the host does.
        """
        ports = []

        def is_resolved():
            ports.append(program.talk(family, kind))
            return "unknown: resolving" not in set().union(*self.client(ports[-1]).values())

        assert net.wait_until(is_resolved, 30)
        return ports[-1]

    def forget(self):
        """All packets until now."""
        self.events({})
        self.seen = []
