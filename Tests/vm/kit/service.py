# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of kit/act.py that ask servers and are asked, and what comes of it, in a word."""

import errno

from . import net

# Milliseconds in which what is to come has surely come, and a SYN has not been sent again.
SOON = 800


def outcome(talk):
    """What comes of a function that talks: "passes", "hangs", or the name of an error."""
    try:
        talk()
        return "passes"
    except OSError as error:
        # EAGAIN is the end of patience, EINPROGRESS that of connect(2).
        hangs = error.errno in (errno.EAGAIN, errno.EINPROGRESS)
        return "hangs" if hangs else errno.errorcode[error.errno]


def asks(program, kind, address, port=net.PORT, answer=None):
    """The outcome of asking a server that echoes ten bytes; answer() is called between."""
    fd = program.socket(kind, 6 if ":" in address else 4)

    def talk():
        program("patience", fd, SOON)
        program("connect", fd, address, port)
        program("write", fd, 10)
        if answer:
            answer()
        program("read", fd, 10)

    try:
        return outcome(talk)
    finally:
        program("close", fd)


class Service:
    """A server of this machine, for one question at a time."""

    def __init__(self, program, kind, family, port=0, **options):
        self.program, self.kind, self.family = program, kind, family
        self.fd, self.port = program.serve(kind, family, port, **options)
        program("patience", self.fd, SOON)

    def asked(self, there):
        """The outcome of asking it, from the peer."""
        return asks(there, self.kind, net.LOCAL[self.family], self.port, lambda: outcome(self._answer))

    def _answer(self):
        if self.kind == "udp":
            self.program("reply", self.fd, 10)
            return
        child = self.program("accept", self.fd)
        try:
            self.program("patience", child, SOON)
            self.program("write", child, self.program("read", child, 10))
        finally:
            self.program("close", child)

    def close(self):
        self.program("close", self.fd)
