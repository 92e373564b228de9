# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules file that e7-priv saves, and what of it is in force after the next start."""

import contextlib
import errno
import os
import pathlib
import pwd
import subprocess

import pytest

from kit import defs, genl, ipc, net
from test_priv import Service, refusal, unloaded

pytestmark = pytest.mark.usefixtures("no_suite")
FOLDER = pathlib.Path("/etc/e7")
RULES, PREVIOUS, NEXT = FOLDER / "rules", FOLDER / "rules.previous", FOLDER / ".rules.new"


@pytest.fixture(name="folder")
def _folder():
    """As the supervisor makes it, empty."""
    group = pwd.getpwnam("_e7-priv").pw_gid
    subprocess.run(["rm", "-rf", str(FOLDER)], check=True)
    FOLDER.mkdir()
    os.chown(FOLDER, 0, group)
    FOLDER.chmod(0o775)
    yield FOLDER
    subprocess.run(["rm", "-rf", str(FOLDER)], check=True)


@pytest.fixture(name="service")
def _service(folder, e7):
    service = Service()
    yield service
    service.close()


def save(lane, e7, *parts):
    for part in parts[:-1]:
        lane.done("SAVE", PART=part)
    return lane.done("SAVE", PART=parts[-1], LAST=True, GENERATION=e7.get("generation"))


def test_a_file_takes_the_place_of_the_one_before_which_is_kept(service, e7):
    with service.lane() as lane:
        save(lane, e7, "allow udp\n")
        assert RULES.read_text() == "allow udp\n" and not PREVIOUS.exists()
        RULES.write_text("by hand\n")
        save(lane, e7, "block ", "tcp\n")
        assert (RULES.read_text(), PREVIOUS.read_text()) == ("block tcp\n", "by hand\n")
        save(lane, e7, "block udp\n")
        assert (RULES.read_text(), PREVIOUS.read_text()) == ("block udp\n", "block tcp\n")
    found = RULES.stat()
    assert (found.st_uid, found.st_mode & 0o777) == (pwd.getpwnam("_e7-priv").pw_uid, 0o640)
    assert sorted(os.listdir(FOLDER)) == ["rules", "rules.previous"]
    assert "save of 10 bytes: done generation=" in service.lines()


def test_what_one_saves_is_of_the_rules_in_force(service, e7):
    with service.lane() as lane:
        generation = e7.get("generation")
        e7.block(prot="udp")
        stale = refusal(lane, "SAVE", PART="x", LAST=True, GENERATION=generation)
        assert stale.errno == errno.ESTALE and "GENERATION" in stale.text
        assert not RULES.exists()


def test_one_saves_at_a_time(service, e7):
    with service.lane() as other:
        with service.lane() as lane:
            lane.ask("SAVE", PART="half")
            assert refusal(other, "SAVE", PART="x").errno == errno.EBUSY
        service.wait_for("lane opened")
        assert net.wait_until(lambda: NEXT.stat().st_size == 0)
        save(other, e7, "whole\n")
    assert RULES.read_text() == "whole\n"


def test_what_root_left_in_the_way_is_no_obstacle(service, e7):
    """As a crash between the two steps of the end leaves it: the file before, under the new name."""
    RULES.write_text("now\n")
    NEXT.write_text("before\n")
    NEXT.chmod(0o640)
    with service.lane() as lane:
        save(lane, e7, "new\n")
    assert (RULES.read_text(), PREVIOUS.read_text()) == ("new\n", "now\n")


@pytest.mark.parametrize("where, mode, owner", [
    (FOLDER, 0o777, 0), (FOLDER, 0o775, 61000), (FOLDER.parent, 0o777, 0)],
    ids=["anybody writes", "another's", "anybody writes above"])
def test_a_folder_of_somebody_elses_is_not_written_to(folder, e7, where, mode, owner):
    before = where.stat()
    os.chown(where, owner, -1)
    where.chmod(mode)
    try:
        service = Service()
        with service.lane() as lane:
            assert refusal(lane, "SAVE", PART="x").errno == errno.ENOENT
        assert "nothing is saved" in service.lines()
        service.close()
    finally:
        os.chown(where, before.st_uid, before.st_gid)
        where.chmod(before.st_mode & 0o7777)
    assert os.listdir(FOLDER) == []


def test_no_folder_is_none_to_save_in(folder, e7):
    FOLDER.rmdir()
    service = Service()
    with service.lane() as lane:
        assert refusal(lane, "SAVE", PART="x").errno == errno.ENOENT
    service.close()
    FOLDER.mkdir()


def test_a_full_disk_loses_nothing(folder, e7):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=775", "none", str(FOLDER)], check=True)
    try:
        os.chown(FOLDER, 0, pwd.getpwnam("_e7-priv").pw_gid)
        RULES.write_text("old\n")
        service = Service()
        with service.lane() as lane, pytest.raises(ipc.Refused) as refused:
            save(lane, e7, *["x" * 30000] * 5)
        assert refused.value.errno == errno.ENOSPC and "are not saved" in refused.value.text
        assert RULES.read_text() == "old\n" and NEXT.stat().st_size == 0
        with service.lane() as lane:
            save(lane, e7, "new\n")
        assert (RULES.read_text(), PREVIOUS.read_text()) == ("new\n", "old\n")
        service.close()
    finally:
        subprocess.run(["umount", str(FOLDER)], check=True)


def test_a_log_that_nobody_reads_stops_edits_until_somebody_does(folder, e7):
    reader, writer = os.pipe()
    service = Service(log=writer)
    os.close(writer)
    # The last line is the one that says that it serves.
    os.set_blocking(reader, False)
    assert net.wait_until(lambda: b"serves" in drained(reader))
    with service.lane() as lane:
        count = 0
        while True:
            try:
                lane.ask("RULE_ADD", ACTION=2, PATH="/" + "x" * 4000)
                lane.ask("RULE_DEL", PATH="/" + "x" * 4000)
            except ipc.Refused as refused:
                assert refused.errno == errno.EIO and "log" in refused.text
                break
            count += 1
            assert count < 100
        before = e7.do("STATUS")
        assert refusal(lane, "RULE_ADD", ACTION=2, PROT=6).errno == errno.EIO
        assert e7.do("STATUS") == before
        drained(reader)
        lane.ask("RULE_ADD", ACTION=2, PROT=6)
    os.close(reader)
    service.close()


def drained(reader):
    read = b""
    with contextlib.suppress(BlockingIOError):
        while block := os.read(reader, 1 << 16):
            read += block
    return read


def test_without_landlock_it_says_so_and_serves(folder, e7):
    service = Service(wrap="strace -D -o /dev/null -e inject=landlock_create_ruleset:error=ENOSYS")
    assert "<4>e7-priv: this kernel has no Landlock" in service.lines()
    with service.lane() as lane:
        save(lane, e7, "allow udp\n")
    service.close()
