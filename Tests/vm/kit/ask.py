# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions about flows that are held, as a console gets them."""

import socket
import time

from . import defs, genl

_SO_RCVBUFFORCE = 33


class Questions:
    """Every question and every end of one, from its making on."""

    def __init__(self):
        self.family = genl.Family()
        self.family.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
        self.family.join("events")
        self.asked = {}  # number → its event, in order
        self.again = {}  # number → how often it was told
        self.over = {}  # number → (verdict, reason)
        self.failed = []  # what was said of flows that could not be held

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.family.close()

    def _take(self, event):
        kind, number = defs.EVENT[event["KIND"]], event.get("QUESTION")
        if kind == "ask":
            self.asked.setdefault(number, event)
            self.again[number] = self.again.get(number, 0) + 1
        elif kind == "asked":
            verdict = _word(defs.ACTION, event["VERDICT"]), defs.REASON[event["REASON"]]
            if number is None:
                self.failed.append(event)
            else:
                self.over[number] = verdict

    def look(self, is_enough, seconds=60.0):
        """Reads until that is so; whether it came true in time."""
        end = time.monotonic() + seconds
        while not is_enough():
            left = end - time.monotonic()
            message = self.family.next(max(0, left))
            if message is None:
                return is_enough()
            if message[0] == defs.CMD["EVENT"]:
                self._take(message[1])
        return True

    def next(self, known=()):
        """The next question that is none of these and not over."""
        found = []

        def is_there():
            found[:] = [n for n in self.asked if n not in known and n not in self.over]
            return bool(found)

        assert self.look(is_there), "no question came"
        return found[0]

    def ends(self, number):
        """(verdict, reason) of a question, once it is over."""
        assert self.look(lambda: number in self.over), "the question is not over"
        return self.over[number]

    def settle(self, seconds=1.0):
        """Reads what comes in so many seconds."""
        self.look(lambda: False, seconds)


def _word(table, number):
    return next(word for word, known in table.items() if known == number)
