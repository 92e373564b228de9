# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of attacks.txt, and what holds a file of tests to it."""

import pathlib

TABLE = pathlib.Path(__file__).with_name("attacks.txt")


def rows(*borders):
    """(border, case) → outcome of the table's rows at these borders."""
    found = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        border, case, outcome = (part.strip() for part in line.split(" | "))
        assert (border, case) not in found, line
        if border in borders:
            found[border, case] = outcome
    return found


class Cases(dict):
    """(border, case) → the function that tries it and returns the outcome."""

    def __call__(self, border, case):
        def add(function):
            assert (border, case) not in self
            self[border, case] = function
            return function
        return add
