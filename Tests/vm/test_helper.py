# SPDX-License-Identifier: GPL-2.0-or-later
"""A program that the module starts, watches and ends: parameter helper."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import time

import pytest

from kit import defs, genl, ipc, module, net
from test_role import claim, log, notice, until  # noqa: F401

pytestmark = pytest.mark.usefixtures("no_suite")
PRIV = "/usr/sbin/e7-priv"
HERE = os.path.dirname(__file__)
LIMIT = defs.LIMIT
FOLDER = pathlib.Path("/run/e7-helpers")

SCRIPT = f"""#!{net.python()}
import os, signal, sys, time
sys.path.insert(0, {HERE!r})
from kit import genl
with open({str(FOLDER)!r} + "/started", "a") as file:
    print(os.getpid(), os.environ["E7_HELPER_TOKEN"], file=file)
family = genl.Family()
token = int(os.environ["E7_HELPER_TOKEN"], 16)
"""
GOOD = "family.do('HELPER', TOKEN=token)\n"
STAYS = "signal.pause()\n"


@pytest.fixture(autouse=True)
def unloaded():
    shutil.rmtree(FOLDER, ignore_errors=True)
    with module.unloaded():
        yield


SILENT = f"""#!/bin/sh
echo $$ $E7_HELPER_TOKEN >>{FOLDER}/started
exec sleep 1000
"""


def helper(body):
    """The path of a helper that does this."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / "helper"
    path.write_text(body if body.startswith("#!") else SCRIPT + body)
    path.chmod(0o755)
    return f"helper={path}"


def started():
    """(pid, token) of each start."""
    lines = (FOLDER / "started").read_text().splitlines()
    return [(int(line.split()[0]), line.split()[1]) for line in lines]


def lives(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


def load(*parameters):
    # An interpreter takes its time on a busy machine.
    if not any(word.startswith("helper_timeout=") for word in parameters):
        parameters += ("helper_timeout=120",)
    done = module.insmod(*parameters)
    assert done.returncode == 0, done.stderr


def fails(*parameters):
    """What insmod says of a load that fails, which leaves nothing."""
    done = module.insmod(*parameters)
    assert done.returncode != 0
    assert not os.path.exists("/sys/module/e7")
    return done.stderr


# ---- the load ----


def test_a_good_one_lives_as_long_as_the_module(log):  # noqa: F811
    load(helper(GOOD + STAYS))
    (pid, token), = started()
    assert lives(pid) and len(token) == 16
    assert f"the helper, pid {pid}, is ready: {FOLDER}/helper" in log()
    assert pathlib.Path("/sys/module/e7/parameters/helper").read_text() == f"{FOLDER}/helper\n"
    assert module.rmmod()
    assert not lives(pid)


def test_it_finds_a_module_that_works():
    load(helper("family.do('BEGIN'); family.block('tcp', '/opt/x'); family.do('COMMIT')\n"
                "assert family.dump('FLAG_GET')\n" + GOOD + STAYS), "mode=enabled")
    with genl.Family() as family:
        assert [rule["PATH"] for rule in family.rules()] == ["/opt/x"]


def test_a_silent_one_is_killed_and_the_load_fails(log):  # noqa: F811
    began = time.monotonic()
    assert "timed out" in fails(helper(SILENT), "helper_timeout=10")
    assert time.monotonic() - began >= 10
    (pid, _), = started()
    assert not lives(pid)
    assert f"pid {pid}, did not answer within 10 s and is killed" in log()


def test_one_that_ends_at_once_fails_the_load(log):  # noqa: F811
    began = time.monotonic()
    assert "No child processes" in fails("helper=/bin/true", "helper_timeout=300")
    assert time.monotonic() - began < 250
    assert "ended without an answer" in log()


def test_a_missing_one_fails_the_load(log):  # noqa: F811
    assert "No child processes" in fails("helper=/nonexistent/e7-priv")
    assert "the helper cannot be started: -ENOENT: /nonexistent/e7-priv" in log()
    FOLDER.mkdir()
    (FOLDER / "file").write_text("")
    assert "No child processes" in fails(f"helper={FOLDER}/file")
    assert f"the helper cannot be started: -EACCES: {FOLDER}/file" in log()


def test_what_fails_can_be_loaded_again():
    for _ in range(3):
        fails("helper=/bin/false")
    load(helper(GOOD + STAYS))


# ---- the token ----


def test_a_wrong_token_is_no_answer():
    fails(helper("""
for wrong in (0, token ^ 1, token + (1 << 63) & (1 << 64) - 1):
    try:
        family.do('HELPER', TOKEN=wrong)
    except genl.Refused as refused:
        print(refused, file=open({!r}, "a"))
""".format(str(FOLDER / "said")) + STAYS), "helper_timeout=30")
    said = (FOLDER / "said").read_text()
    assert said.count("EPERM: this is not the token") == 3


def test_a_token_is_for_one_process_and_once(log):  # noqa: F811
    load(helper("""
if os.fork() == 0:
    # Another process has the token, and may speak.
    child = genl.Family()
    try:
        child.do('HELPER', TOKEN=token)
    except genl.Refused as refused:
        print(refused, file=open({said!r}, "a"))
    os._exit(0)
os.wait()
family.do('HELPER', TOKEN=token)
try:
    family.do('HELPER', TOKEN=token)
except genl.Refused as refused:
    print(refused, file=open({said!r}, "a"))
open({said!r} + ".over", "w")
""".format(said=str(FOLDER / "said")) + STAYS))
    until(lambda: (FOLDER / "said.over").exists())
    assert (FOLDER / "said").read_text().count("no answer of this process is awaited") == 2
    with genl.Family() as family:
        for number in (0, int(started()[0][1], 16)):
            with pytest.raises(genl.Refused) as refused:
                family.do("HELPER", TOKEN=number)
            assert "no answer of this process is awaited" in refused.value.text
        with pytest.raises(genl.Refused) as refused:
            family.do("HELPER")
        assert "TOKEN is missing" in refused.value.text


def test_nobody_else_reads_the_token():
    load(helper(GOOD + STAYS))
    (pid, token), = started()
    assert token not in pathlib.Path(f"/proc/{pid}/cmdline").read_text()
    read = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat",
                           f"/proc/{pid}/environ"], capture_output=True)
    assert read.returncode != 0 and token.encode() not in read.stdout


# ---- what comes later ----


def test_one_that_dies_is_started_again(log):  # noqa: F811
    load(helper(GOOD + STAYS))
    with genl.Family() as told:
        told.join("notices")
        for number in range(1, 4):
            pid = started()[-1][0]
            os.kill(pid, signal.SIGKILL)
            again = notice(told, "helper")["PID"]
            assert again != pid and lives(again)
            assert len(started()) == number + 1
            assert len({token for _, token in started()}) == number + 1
            assert told.stats()["helpers"] == number
    assert "has ended and is started again in 100 ms" in log()
    assert "has ended and is started again in 200 ms" in log()
    last = started()[-1][0]
    assert module.rmmod() and not lives(last)


def test_one_that_closes_its_socket_is_ended_and_started_again():
    load(helper(GOOD + "family.close()\n" + STAYS))
    first = started()[0][0]
    until(lambda: len(started()) > 1)
    until(lambda: not lives(first))


def test_one_that_fails_later_is_tried_again_and_again(log):  # noqa: F811
    path = FOLDER / "helper"
    load(helper(GOOD + STAYS))
    with genl.Family() as told:
        told.join("notices")
        path.rename(FOLDER / "aside")
        os.kill(started()[-1][0], signal.SIGKILL)
        for _ in range(3):
            assert "PID" not in notice(told, "helper")
        (FOLDER / "aside").rename(path)
        while "PID" not in notice(told, "helper"):
            pass
    assert "cannot be started" in log()
    assert lives(started()[-1][0])


def test_the_module_goes_while_one_is_awaited():
    flag = FOLDER / "silent"
    load(helper(f"if os.path.exists({str(flag)!r}): signal.pause()\n" + GOOD + STAYS),
         "helper_timeout=300")
    flag.touch()
    os.kill(started()[-1][0], signal.SIGKILL)
    until(lambda: len(started()) == 2)
    assert module.rmmod()
    assert not lives(started()[-1][0])


def test_one_that_takes_no_hint_is_killed_at_the_end():
    load(helper("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + GOOD
                + "while True: time.sleep(1)\n"))
    assert module.rmmod()
    assert not lives(started()[-1][0])


# ---- parameters ----


@pytest.mark.parametrize("path", ["", "bin/e7-priv", "/" + "a" * LIMIT["HELPER_PATH"]])
def test_a_path_that_is_none(log, path):  # noqa: F811
    fails(f"helper={path}")
    assert "expected the absolute path of a program" in log()


@pytest.mark.parametrize("length", [LIMIT["HELPER_PATH"] - 1, LIMIT["HELPER_PATH"]])
def test_a_path_at_its_limit(log, length):  # noqa: F811
    # Of as many bytes, and of this file.
    name = str(FOLDER / "helper")
    helper(GOOD + STAYS)
    load("helper=" + "/" * (length - len(name)) + name)
    assert "is ready" in log()


@pytest.mark.parametrize("value, fits", [
    (LIMIT["HELPER_TIMEOUT_MIN"] - 1, False), (LIMIT["HELPER_TIMEOUT_MIN"], True),
    (LIMIT["HELPER_TIMEOUT_MIN"] + 1, True), (LIMIT["HELPER_TIMEOUT_MAX"] - 1, True),
    (LIMIT["HELPER_TIMEOUT_MAX"], True), (LIMIT["HELPER_TIMEOUT_MAX"] + 1, False), ("", False),
    ("x", False), (-1, False)])
def test_the_range_of_its_time(log, value, fits):  # noqa: F811
    if fits:
        load(f"helper_timeout={value}")
        return
    fails(f"helper_timeout={value}")
    assert f"parameter helper_timeout={value}: expected seconds from " in log()


# ---- e7-priv ----


def children(parent):
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError, IndexError):
            name, rest = (entry / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
            if entry.name.isdigit() and int(rest.split()[1]) == parent and rest.split()[0] != "Z":
                found[name] = int(entry.name)
    return found


def edit(path="/opt/x"):
    """An edit the whole way round."""
    def attempt():
        try:
            with ipc.Console() as console, console.lane() as lane:
                return lane.done("RULE_ADD", ACTION=2, PROT=6, PATH=path)
        except (OSError, EOFError, ipc.Refused):
            return None
    return until(attempt)


def test_e7_priv_brings_the_suite_up_and_goes_with_the_module(log):  # noqa: F811
    load(f"helper={PRIV}")
    assert edit()["ID"]
    with genl.Family() as family:
        assert [rule["PATH"] for rule in family.rules()] == ["/opt/x"]
        service = family.get("control")
        pid = int(next(line.split("pid ")[1].split(",")[0] for line in log().splitlines()
                       if "is ready" in line))
        suite = children(pid)
        assert suite["e7-priv"] == service and suite["e7-broker"]
        status = pathlib.Path(f"/proc/{service}/status").read_text()
        assert f"Uid:\t{pwd.getpwnam('_e7-priv').pw_uid}\t" in status
        # It has no terminal and no journal here: its words are the kernel's.
        assert "e7-priv: serves edits" in log()
        # All of it dies, and comes back.
        told = genl.Family()
        told.join("notices")
        os.kill(pid, signal.SIGKILL)
        again = notice(told, "helper")["PID"]
        assert edit("/opt/y")["ID"]
        suite = children(again)
        told.close()
    assert module.rmmod()
    for gone in [again, *suite.values()]:
        until(lambda gone=gone: not lives(gone))
    assert not os.path.exists("/run/e7/console.sock")


def test_a_second_suite_is_no_helper(log):  # noqa: F811
    module.insmod()
    with open(os.devnull, "w", encoding="ascii") as null:
        suite = subprocess.Popen([PRIV], stderr=null)
    try:
        edit()
        assert module.rmmod()
        fails(f"helper={PRIV}", "helper_timeout=120")
        assert "runs already" in log()
    finally:
        suite.send_signal(signal.SIGTERM)
        suite.wait(60)
