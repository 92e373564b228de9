# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in force after a start: the rules file, and nothing that is not one."""

import os
import subprocess

import pytest

from kit import defs, genl, net
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
    assert suite_after("the saved rules are not in force")[0] == []


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


def test_files_beside_it_are_in_force_too_as_one_change(fresh):
    """In the order of their names, behind it; what is named otherwise is not one of them."""
    RULES.write_text("block tcp /opt/saved\nallow udp /opt/both\n")
    more = FOLDER / "rules.d"
    more.mkdir()
    (more / "20.rules").write_text("set drops enabled\nblock udp /opt/both\n")
    (more / "10.rules").write_text("reject udp /opt/both\nblock tcp /opt/ten\n")
    for name in ("x.rules~", ".y.rules", "z"):
        (more / name).write_text("block tcp /opt/none\n")
    paths, drops = suite_after("20.rules is in force")
    assert (sorted(paths), drops) == (["/opt/both", "/opt/saved", "/opt/ten"], 1)
    with genl.Family() as family:
        both = [rule for rule in family.rules() if rule["PATH"] == "/opt/both"]
        assert [rule["ACTION"] for rule in both] == [defs.ACTION["block"]]
        # BEGIN, edits, COMMIT: one generation for all of it.
        assert family.get("generation") == 1


@pytest.mark.parametrize("spoil", [
    lambda more: (more / "a.rules").chmod(0o666), lambda more: more.chmod(0o775),
    lambda more: os.chown(more / "a.rules", 61010, 0), lambda more: os.chown(more, 61010, 0),
    lambda more: (more / "a.rules").rename(more / "b") and (more / "a.rules").symlink_to("b")],
    ids=["anybody may write", "a folder for a group", "a file of e7-priv's", "a folder of e7-priv's",
         "a link"])
def test_of_files_one_of_which_is_not_roots_none_is_loaded(fresh, spoil):
    RULES.write_text(FILE)
    more = FOLDER / "rules.d"
    more.mkdir()
    (more / "a.rules").write_text("block tcp /opt/a\n")
    (more / "a.rules").chmod(0o644)
    more.chmod(0o755)
    spoil(more)
    assert suite_after("is not loaded: ")[0] == []


def test_a_line_that_is_wrong_is_told_with_its_file(fresh):
    RULES.write_text(FILE)
    more = FOLDER / "rules.d"
    more.mkdir()
    (more / "a.rules").write_text("allow udp\nblok tcp\n")
    assert suite_after("/etc/e7/rules.d/a.rules: line 2")[0] == []


def test_without_a_file_there_is_nothing_to_say(fresh):
    suite = Suite()
    suite.edit()
    assert "rules" not in suite.lines()
    suite.end()
