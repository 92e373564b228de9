# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in force after a start: the rules file, and nothing that is not one."""

import subprocess

import pytest

from kit import genl, net
from test_priv import unloaded
from test_save import FOLDER, RULES, _folder  # noqa: F401
from test_supervisor import Suite

pytestmark = pytest.mark.usefixtures("no_suite")
FILE = "block tcp /opt/saved\nset drops enabled\n"


@pytest.fixture(name="fresh")
def _fresh(folder):
    """A module that has never had a rule, and a folder for the rules file."""
    with unloaded():
        pass
    yield folder
    with unloaded():
        pass


def in_force():
    with genl.Family() as family:
        return [rule.get("PATH") for rule in family.rules()], family.get("drops")


def suite_after(words):
    suite = Suite()
    try:
        assert net.wait_until(lambda: words in suite.lines(), 60), suite.lines()
        return in_force()
    finally:
        suite.end()


def test_the_rules_file_is_in_force_after_a_start(fresh):
    RULES.write_text(FILE)
    assert suite_after("rules is in force") == (["/opt/saved"], 1)
    # Once: who takes them away now has a module that has had rules.
    with genl.Family() as family:
        family.clear()
    suite = Suite()
    suite.edit()
    assert in_force()[0] == [] and "in force" not in suite.lines()
    suite.end()


def test_it_is_in_force_after_another_load_of_the_module(fresh):
    RULES.write_text(FILE)
    suite = Suite()
    assert net.wait_until(lambda: in_force()[0] == ["/opt/saved"], 60), suite.lines()
    with unloaded():
        pass
    assert net.wait_until(lambda: in_force()[0] == ["/opt/saved"], 60), suite.lines()
    suite.end()


def test_save_and_start_are_one_round(fresh):
    suite = Suite()
    suite.edit()
    words = ["e7-client", "--socket", suite.socket]
    for command in (["block", "udp", "/opt/round"], ["save"]):
        done = subprocess.run([*words, *command], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    suite.end()
    with unloaded():
        pass
    assert suite_after("rules is in force")[0] == ["/opt/round"]


def test_a_file_that_is_wrong_is_told_line_by_line_and_nothing_is_in_force(fresh):
    RULES.write_text("allow udp\nblok tcp\n")
    assert suite_after("rules is not in force")[0] == []


@pytest.mark.parametrize("spoil", [
    lambda: RULES.chmod(0o666), lambda: RULES.rename(FOLDER / "x") and RULES.symlink_to("x"),
    lambda: FOLDER.chmod(0o777)], ids=["anybody may write", "a link", "a folder for anybody"])
def test_a_file_that_somebody_else_could_write_is_not_loaded(fresh, spoil):
    RULES.write_text(FILE)
    suite = Suite(before="true")
    suite.edit()
    suite.end()
    with unloaded():
        pass
    RULES.write_text(FILE)
    spoil()
    if FOLDER.stat().st_mode & 0o002:
        # The supervisor takes its own folder back.
        assert suite_after("rules is in force")[0] == ["/opt/saved"]
    else:
        assert suite_after("is not loaded: ")[0] == []


def test_without_a_file_there_is_nothing_to_say(fresh):
    suite = Suite()
    suite.edit()
    assert "rules" not in suite.lines()
    suite.end()
