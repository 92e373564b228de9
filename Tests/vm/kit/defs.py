# SPDX-License-Identifier: GPL-2.0-or-later
"""The schema, read from kmod/uapi/defs.x: nothing of it is written again here."""

import pathlib
import re

_TEXT = (pathlib.Path(__file__).parents[3] / "kmod/uapi/defs.x").read_text()


def _rows(macro):
    """(name, number, alias or None) of each row of a macro."""
    pattern = rf"^{macro}\((\w+),\s*\w+,\s*(\d+)(?:,\s*(\w+))?"
    return [(m[1], int(m[2]), m[3]) for m in re.finditer(pattern, _TEXT, re.M)]


def numbers(macro):
    """Name → number."""
    return {name: number for name, number, _ in _rows(macro)}


def aliases(macro):
    """Word of the rule language → number."""
    return {alias: number for _, number, alias in _rows(macro) if alias}


ATTR = numbers("E7_ATTR") | numbers("E7_MSG_ATTR")
ATTR_NAME = {number: name for name, number in ATTR.items()}
ATTR_TYPE = {
    m[1]: m[2] for m in re.finditer(r"^E7_(?:MSG_)?ATTR\((\w+),\s*\w+,\s*\d+,\s*(\w+)", _TEXT, re.M)
}
CMD = numbers("E7_CMD")
MSG = numbers("E7_MSG")
GROUP = aliases("E7_GROUP")
PROT = aliases("E7_PROT")
ACTION = aliases("E7_ACTION")
MODE = aliases("E7_MODE")
SWITCH = aliases("E7_SWITCH")
SCOPE = aliases("E7_SCOPE")
SETTABLE = aliases("E7_FLAG") | aliases("E7_NUMBER")
COUNTER = aliases("E7_COUNTER")
FLAG = SETTABLE | COUNTER
FLAG_KIND = {
    m[1]: m[2]
    for m in re.finditer(r"^E7_FLAG\(\w+,\s*\w+,\s*\d+,\s*(\w+),\s*(\w+)", _TEXT, re.M)
} | dict.fromkeys(aliases("E7_NUMBER"), "NUMBER")
EVENT = {number: alias for alias, number in aliases("E7_EVENT").items()}
NOTICE = {number: alias for alias, number in aliases("E7_NOTICE").items()}
REASON = {number: alias for alias, number in aliases("E7_REASON").items()}
BEGAN = aliases("E7_DIRECTION")
DIRECTION = {number: alias for alias, number in aliases("E7_DIRECTION").items()}
CLASS = aliases("E7_CLASS")
CLASS_NAME = {number: alias for alias, number in CLASS.items()}
STAT = aliases("E7_STAT")
STAT_NAME = {number: alias for alias, number in STAT.items()}
ROLE = aliases("E7_ROLE")
LIMIT = numbers("E7_LIMIT")
