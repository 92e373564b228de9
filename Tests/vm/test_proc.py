# SPDX-License-Identifier: GPL-2.0-or-later
"""What /proc shows of service and broker as they run: whom they are, what they may and what they hold."""

import os
import pathlib
import pwd
import re

import pytest

from test_supervisor import Suite

pytestmark = pytest.mark.usefixtures("no_suite")
USERS = {"e7-priv": "_e7-priv", "e7-broker": "_e7-broker"}


@pytest.fixture(scope="module")
def running():
    suite = Suite()
    suite.edit()
    yield suite
    suite.end()


@pytest.fixture(params=USERS)
def process(running, request):
    return request.param, pathlib.Path(f"/proc/{running.child(request.param)}")


def fields(process):
    return dict(re.findall(r"^(\w+):\t(.*)$", (process / "status").read_text(), re.M))


def test_users_groups_and_threads(process):
    name, folder = process
    status, user = fields(folder), pwd.getpwnam(USERS[name])
    assert status["Uid"].split() == [str(user.pw_uid)] * 4
    assert status["Gid"].split() == [str(user.pw_gid)] * 4
    assert (status["Groups"].split(), status["Threads"]) == ([], "1")


def test_no_capability_no_new_privileges_and_a_filter(process):
    _, folder = process
    status = fields(folder)
    assert [int(status[f"Cap{which}"], 16) for which in ("Prm", "Eff", "Inh", "Amb")] == [0] * 4
    # What nobody without capabilities could use, the broker's start has not taken.
    assert process[0] == "e7-broker" or int(status["CapBnd"], 16) == 0
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


def test_the_service_is_not_dumpable(running):
    folder = pathlib.Path(f"/proc/{running.child('e7-priv')}")
    # Its files are root's then, whoever it is.
    assert {(folder / name).stat().st_uid for name in ("environ", "maps", "mem")} == {0}
    limits = (folder / "limits").read_text()
    for limit in ("core file size", "processes", "locked memory"):
        assert re.search(rf"^Max {limit} +0 +0 ", limits, re.M), limits


def test_namespaces_are_the_supervisors(running, process):
    """It was started in them, and no call is left that would change one."""
    _, folder = process
    own = pathlib.Path(f"/proc/{running.process.pid}/ns")
    names = set(os.listdir(own))
    assert {"mnt", "net", "pid", "user", "uts", "ipc", "cgroup"} <= names
    assert {name: os.readlink(folder / "ns" / name) for name in names} \
        == {name: os.readlink(own / name) for name in names}
    # Of the user whose root the supervisor is there is the first alone.
    assert os.readlink(folder / "ns/user") == os.readlink("/proc/1/ns/user")


# By their kinds, with no lane and no console open: what the three standard ones are is the starter's.
HELD = {
    # The door; netlink; the folder of the rules file.
    "e7-priv": ["/etc/e7", "socket:", "socket:"],
    # Console socket and its reserve, lanes, view, questions, signals, what waits for them.
    "e7-broker": ["anon_inode:[eventpoll]", "anon_inode:[signalfd]"] + ["socket:"] * 5,
}


def test_open_descriptors(process):
    name, folder = process
    held = sorted(re.sub(r":\[\d+\]", ":", os.readlink(folder / "fd" / number))
                  for number in os.listdir(folder / "fd") if int(number) > 2)
    assert held == HELD[name]
