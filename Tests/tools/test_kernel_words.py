# SPDX-License-Identifier: GPL-2.0-or-later
"""What tools/kernel-words takes for a complaint, and what it passes over."""

import pathlib
import subprocess

import pytest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools/kernel-words"
HEAD = "[   10.000002] WARNING: suspicious RCU usage"
PLACE = "[   10.000005] net/sctp/bind_addr.c:419 RCU-list traversed in non-reader section!!"
OTHER = "[   10.000005] net/core/sock.c:419 RCU-list traversed in non-reader section!!"
TRACE = ("[   10.000020] stack backtrace:", "[   10.000022] Call Trace:", "[   10.000023]  <TASK>",
         "[   10.000024]  sctp_bind_addr_state+0x1c2/0x1f0", "[   10.000025]  sctp_close+0x3f/0x60")
END = "[   10.000026]  </TASK>"
QUIET = ("[    1.000000] e7: loaded", "[    2.000000] random: crng init done")
BUG = "[   11.000000] BUG: KASAN: use-after-free in sctp_close+0x3f/0x60"


@pytest.fixture
def words(tmp_path):
    def run(*lines, more=()):
        log, other = tmp_path / "dmesg", tmp_path / "console"
        log.write_text("\r\n".join(lines) + "\r\n")
        if more:
            other.write_text("\n".join(more) + "\n")
        done = subprocess.run([TOOL, log, other], capture_output=True, text=True, check=True)
        return done.stdout.splitlines(), done.stderr.splitlines()

    return run


def test_a_quiet_log_has_nothing(words):
    assert words(*QUIET) == ([], [])


@pytest.mark.parametrize("sign", ("BUG: KASAN: slab-out-of-bounds", "INFO: task rmmod:1 blocked for more than 120 seconds",
                                  "kmemleak: 1 new suspected memory leaks", "WARNING: possible circular locking"))
def test_from_the_first_sign_on(words, sign):
    assert words(*QUIET, f"[ 3.0] {sign}", "[ 3.1] more") == ([f"[ 3.0] {sign}", "[ 3.1] more"], [])


def test_the_second_log_counts_too(words):
    assert words(*QUIET, more=(BUG,)) == ([BUG], [])


def test_at_most_so_much_is_shown(words):
    found, _ = words(BUG, *["[ 12.0] more"] * 200)
    assert len(found) == 80


def test_linuxs_own_report_is_told_and_passed_over(words):
    found, told = words(*QUIET, HEAD, PLACE, *TRACE, END, QUIET[1])
    assert found == []
    assert told == [f"vm: passed over, of Linux's own: {HEAD}"]


def test_what_follows_a_known_report_is_found(words):
    assert words(HEAD, PLACE, *TRACE, END, BUG)[0] == [BUG]


@pytest.mark.parametrize("report", (
    (HEAD, OTHER, *TRACE, END),
    (HEAD, PLACE, *TRACE, "[   10.1]  hook_out+0x10/0x20 [e7]", END),
    (HEAD, PLACE, *TRACE, BUG, END),
    (HEAD, PLACE, *TRACE),
    (HEAD.replace("suspicious RCU usage", "bad unlock balance"), PLACE, *TRACE, END),
    (HEAD, *["[   10.0] more"] * 117, PLACE, *["[   10.0] more"], END),
), ids=("another place", "ours in the trace", "another report within", "no end", "another kind", "too long"))
def test_no_other_report_is_passed_over(words, report):
    found, told = words(*report)
    assert found and found[0] == report[0] and told == []


def test_the_longest_known_report(words):
    assert words(HEAD, *["[   10.0] more"] * 117, PLACE, END) == ([], [f"vm: passed over, of Linux's own: {HEAD}"])
