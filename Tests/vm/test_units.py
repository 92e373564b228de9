# SPDX-License-Identifier: GPL-2.0-or-later
"""The units of packaging/systemd under a real systemd, which is the first process of a namespace."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess

import pytest

from kit import genl
from test_priv import unloaded
from test_proc import fields
from test_save import RULES, _folder  # noqa: F401
from test_supervisor import until

pytestmark = pytest.mark.usefixtures("no_suite")
SOURCES = pathlib.Path(__file__).parents[2] / "packaging/systemd"
DAEMONS = ("e7-priv", "e7-broker")
# What stands for the rest of a boot: the module is loaded already.
OTHERS = {
    "e7-guard.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n",
    "test.target": "[Unit]\nWants=e7.socket e7-lanes.socket e7-priv.service e7-broker.service "
                   "e7-rules.service network-pre.target\n",
}
INIT = """
set -e
echo $$ >{cgroup}/cgroup.procs
exec unshare --mount --pid --cgroup --ipc --uts --fork --kill-child bash -ec '
    mount --make-rprivate /
    mount -t proc proc /proc
    mount --bind {units} /etc/systemd/system
    umount /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup
    mount -t tmpfs -o mode=755 none /run
    mkdir /run/lock
    export container=e7
    exec /lib/systemd/systemd --unit=test.target --log-target=console --show-status=no'
"""


class Machine:
    """As much of a machine as systemd and the units need."""

    def __init__(self):
        self.units, self.cgroup = pathlib.Path("/run/e7-units"), pathlib.Path("/sys/fs/cgroup/e7-units")
        for folder in (self.units, self.cgroup):
            folder.mkdir()
        for file in SOURCES.iterdir():
            shutil.copy(file, self.units)
        for name, text in OTHERS.items():
            unit = text if "[Unit]" in text else f"[Unit]\n{text}"
            (self.units / name).write_text(unit.replace("[Unit]", "[Unit]\nDefaultDependencies=no"))
        self.log = open("/run/e7-units.log", "w+b")
        self.starter = subprocess.Popen(
            ["bash", "-c", INIT.format(units=self.units, cgroup=self.cgroup)],
            stdout=self.log, stderr=self.log)
        self.pid = until(self._first, 60)
        self.inside = ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--cgroup"]

    def _first(self):
        """systemd, the child of unshare."""
        children = pathlib.Path(f"/proc/{self.starter.pid}/task/{self.starter.pid}/children")
        for child in children.read_text().split():
            if os.readlink(f"/proc/{child}/exe").endswith("/systemd"):
                return int(child)
        return None

    def run(self, *words, check=True):
        done = subprocess.run(
            [*self.inside, *words], capture_output=True, text=True, timeout=120)
        assert not check or done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout.strip()

    def show(self, unit, name):
        return self.run("systemctl", "show", "--value", "-p", name, unit)

    def is_active(self, unit):
        return self.run("systemctl", "is-active", unit, check=False) == "active"

    def process(self, unit):
        """The main process, as it is numbered here."""
        inner = self.show(unit, "MainPID")
        for folder in pathlib.Path("/proc").iterdir():
            if folder.name.isdigit() and folder.name != str(self.pid):
                try:
                    numbers = fields(folder)["NSpid"].split()
                    if (len(numbers) > 1 and numbers[-1] == inner
                            and os.readlink(folder / "exe").endswith(unit)):
                        return folder
                except OSError:
                    pass
        return None

    def edit(self):
        self.run("e7-client", "set", "drops", "disabled")

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        self.starter.wait(60)
        until(lambda: "populated 0" in (self.cgroup / "cgroup.events").read_text(), 60)
        for folder in sorted(self.cgroup.glob("**/"), key=lambda one: -len(one.parts)):
            folder.rmdir()
        shutil.rmtree(self.units)


@pytest.fixture(scope="module")
def machine():
    keeper = pwd.getpwnam("_e7-priv")
    broker = pathlib.Path("/usr/libexec/e7/e7-broker")
    broker.parent.mkdir(exist_ok=True)
    shutil.copy("/usr/sbin/e7-broker", broker)
    with unloaded():
        pass
    RULES.parent.mkdir(exist_ok=True)
    os.chown(RULES.parent, 0, keeper.pw_gid)
    RULES.parent.chmod(0o775)
    # As the service saves them.
    RULES.write_text("block tcp /opt/saved\n")
    os.chown(RULES, keeper.pw_uid, keeper.pw_gid)
    RULES.chmod(0o640)
    machine = Machine()
    try:
        until(lambda: machine.is_active("network-pre.target"), 120)
        yield machine
    finally:
        machine.end()
        shutil.rmtree(RULES.parent)
        with unloaded():
            pass


def paths():
    with genl.Family() as e7:
        return [rule.get("PATH") for rule in e7.rules()]


def control():
    with genl.Family() as e7:
        return e7.get("control")


def test_the_saved_rules_are_in_force_before_the_network(machine):
    for unit in ("e7-priv", "e7-broker", "e7-rules", "e7.socket", "e7-lanes.socket", "e7-control.socket"):
        assert machine.is_active(unit), machine.run("systemctl", "status", unit, check=False)
    assert paths() == ["/opt/saved"]
    at = [int(machine.show(unit, "ActiveEnterTimestampMonotonic"))
          for unit in ("e7-priv", "e7-rules", "network-pre.target")]
    assert 0 < at[0] <= at[1] <= at[2]


@pytest.mark.parametrize("unit", DAEMONS)
def test_what_they_are_as_they_run(machine, unit):
    machine.edit()
    folder = machine.process(unit)
    status, user = fields(folder), pwd.getpwnam(f"_{unit}")
    assert status["Uid"].split() == [str(user.pw_uid)] * 4
    assert [int(status[f"Cap{which}"], 16) for which in ("Prm", "Eff", "Inh", "Bnd", "Amb")] == [0] * 5
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    of_host = os.readlink(folder / "ns/net") == os.readlink("/proc/self/ns/net")
    assert of_host == (unit == "e7-broker")


@pytest.mark.parametrize("unit", DAEMONS)
def test_killed_it_is_back_and_who_comes_is_served(machine, unit):
    before = machine.process(unit).name
    machine.run("systemctl", "kill", "-s", "KILL", unit)
    machine.edit()
    assert machine.process(unit).name != before
    assert control() == int(machine.process("e7-priv").name)
    assert machine.is_active("e7-rules") and paths() == ["/opt/saved"]


def test_a_restart_of_the_service_leaves_the_consoles(machine):
    """Of a client in there: a process of another namespace has no id by which a lane could know it."""
    broker = machine.process("e7-broker").name
    console = subprocess.Popen(
        [*machine.inside, "e7-client"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    console.stdin.write("get mode\n")
    console.stdin.flush()
    assert "mode" in console.stdout.readline()
    machine.run("systemctl", "restart", "e7-priv")
    said, complaints = console.communicate("set drops disabled\nget drops\nquit\n", timeout=120)
    assert console.returncode == 0 and "set drops disabled" in said and "lost" not in complaints
    assert machine.process("e7-broker").name == broker


def test_stopped_it_has_no_role_and_an_edit_starts_it(machine):
    machine.run("systemctl", "stop", "e7-priv")
    until(lambda: control() == 0, 60)
    machine.run("e7-client", "query")
    machine.edit()
    assert control() == int(machine.process("e7-priv").name)


def test_what_is_saved_is_loaded_with_another_load_of_the_module(machine):
    machine.run("e7-client", "block", "udp", "/opt/more")
    machine.run("e7-client", "save")
    with unloaded():
        machine.run("e7-client", "query", check=False)
        until(lambda: machine.is_active("e7-priv"), 60)
    until(lambda: set(paths()) == {"/opt/saved", "/opt/more"}, 120)
    machine.edit()
