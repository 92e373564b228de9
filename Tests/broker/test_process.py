# SPDX-License-Identifier: GPL-2.0-or-later
"""The broker's process on a machine without the module: how it starts, listens and runs out.

Needs root, to start it as a user without any right.  E7_BROKER names the program; without it, the
one that `make build` leaves in build/bin.  What it tells with the module is in Tests/vm.
"""

import errno
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import sys
import time

import pytest

TOP = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(TOP / "Tests/vm"))

from kit import defs, ipc  # noqa: E402

PROGRAM = os.environ.get("E7_BROKER", f"{TOP}/build/bin/e7-broker")
NOBODY = 61997
ABSENT = "module e7 is not loaded; load it with: modprobe e7"

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="starts the broker as another user")


class Broker:
    """A broker with its three descriptors, and what it wrote to its log."""

    def __init__(self, folder, names="console:view:lanes", uid=NOBODY, files=None, arguments=(),
                 capability=False, pid=None):
        self.path = str(folder / "console.sock")
        self.log = folder / "log"
        console = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        console.bind(self.path)
        os.chmod(self.path, 0o666)
        console.listen(64)
        view = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        view.setblocking(False)
        lanes, self.priv = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ends = {"console": console, "view": view, "lanes": lanes}
        program = folder / "e7-broker"
        shutil.copy(PROGRAM, program)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.run(program, [ends[name].fileno() for name in names.split(":") if name],
                         names, uid, files, arguments, capability, pid)
            finally:
                os._exit(127)
        for end in ends.values():
            end.close()
        self.status = None

    def run(self, program, descriptors, names, uid, files, arguments, capability, pid):
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        high = [os.dup2(descriptor, 100 + index) for index, descriptor in enumerate(descriptors)]
        os.dup2(log, 2)
        for index, descriptor in enumerate(high):
            os.dup2(descriptor, 3 + index, inheritable=True)
        os.closerange(3 + len(high), 1024)
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        words = [str(program), *arguments]
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        if capability:
            words = ["/usr/sbin/capsh", "--keep=1", f"--user={capability}",
                     "--inh=cap_net_raw", "--addamb=cap_net_raw", "--", "-c", f"exec {program}"]
        else:
            os.setresuid(uid, uid, uid)
        environment = {"LISTEN_PID": str(pid or os.getpid()), "LISTEN_FDS": str(len(high)),
                       "LISTEN_FDNAMES": names, "PATH": os.environ["PATH"],
                       "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", "")}
        os.execve(words[0], words, environment)

    def end(self, seconds=10.0):
        """The exit status, once it has ended."""
        deadline = time.monotonic() + seconds
        while self.status is None and time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            else:
                time.sleep(0.01)
        return self.status

    def stop(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.end()
        self.priv.close()

    def lines(self):
        return self.log.read_text().splitlines() if self.log.exists() else []

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def settles_at(self, count, seconds=10.0):
        """Whether it comes to hold so many descriptors."""
        deadline = time.monotonic() + seconds
        while self.descriptors() != count and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.descriptors() == count

    def lane_came(self):
        """The message and the descriptors that e7-priv would get."""
        self.priv.settimeout(10)
        return socket.recv_fds(self.priv, 1024, 4)[:2]


@pytest.fixture(name="folder")
def _folder(tmp_path):
    # The tests' own folder is closed to other users.
    folder = pathlib.Path("/tmp") / f"e7-{os.getpid()}-{tmp_path.name}"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(name="start")
def _start(folder):
    started = []

    def start(**options):
        started.append(Broker(folder, **options))
        return started[-1]

    yield start
    for broker in started:
        broker.stop()


@pytest.fixture(name="broker")
def _broker(start):
    return start()


def refuses(broker, status, text):
    assert broker.end() == status
    assert broker.lines() == [f"<3>e7-broker: {text}"]


# How it starts.


def test_refuses_root(start):
    refuses(start(uid=0), 1, "must not run as root: it listens to everybody; "
            "e7-broker is started by e7-priv, as user _e7-broker")


@pytest.mark.skipif(not shutil.which("capsh", path="/usr/sbin"), reason="no capsh")
def test_refuses_a_capability(start):
    refuses(start(capability="nobody"), 1, "must not hold a capability: it listens to everybody; "
            "e7-broker is started by e7-priv without any")


@pytest.mark.parametrize("missing", ["console", "view", "lanes"])
def test_refuses_to_start_without_a_descriptor(start, missing):
    names = [name for name in ("console", "view", "lanes") if name != missing]
    refuses(start(names=":".join(names)), 1,
            f"no descriptor named {missing} among those handed over; "
            "e7-broker is started by e7-priv")


def test_as_a_unit_it_needs_the_socket_of_e7_priv(start):
    refuses(start(names="console"), 1, "/run/e7/lanes.sock: connect: No such file or directory (ENOENT)")


def test_refuses_to_start_by_hand(start):
    refuses(start(pid=1), 1,
            "no descriptor named console among those handed over; e7-broker is started by e7-priv")


def test_takes_no_argument(start):
    refuses(start(arguments=["--help"]), 2,
            "takes no argument; e7-broker is started by e7-priv")


def test_ends_when_asked_to(broker):
    with ipc.Console(broker.path) as console:
        os.kill(broker.pid, signal.SIGTERM)
        assert console.is_closed()
    assert broker.end() == 0
    assert broker.lines() == ["<6>e7-broker: serves consoles", f"<4>e7-broker: {ABSENT}"]


# What it says without the module.


def test_says_how_to_load_the_module(broker):
    with ipc.Console(broker.path) as console:
        assert console.role == 3
        for question in ("STATUS", "FLAG_GET", "RULE_GET", "QUESTIONS"):
            with pytest.raises(ipc.Refused) as refused:
                console.ask(question)
            assert (refused.value.errno, refused.value.text) == (errno.ENODEV, ABSENT)
        console.subscribe()


def test_answers_lines(broker):
    with ipc.Lines(broker.path) as lines:
        assert lines.type("query\n") == [f"error: {ABSENT}"]
        assert lines.type("# nothing\n") == ["ok"]
        assert lines.type("nonsense\n")[0].startswith("error: column 1: ")
        assert lines.type("questions\n") == [f"error: {ABSENT}"]
        assert lines.type("answer 7 allow\n")[0].startswith("error: edits go over a lane")
        assert lines.type("get mode\nevents\n", answers=2) == [f"error: {ABSENT}", "ok"]
        assert lines.type("quit\n") == ["ok"]
        assert lines.is_closed()


def test_passes_on_which_rule_decides(broker):
    """As far as there is no module: what is a flow is asked about, what is none is refused."""
    flow = {"PROT": 6, "CLASS": 2, "PATH": "/usr/bin/curl", "DIRECTION": 2, "REMOTE": "10.1.2.3",
            "PORT_FIRST": 443, "UID": 1000}
    with ipc.Console(broker.path) as console:
        for less in ((), ("CLASS",), ("PATH",), ("PORT_FIRST",), ("UID",)):
            asked = {name: value for name, value in flow.items() if name not in less}
            with pytest.raises(ipc.Refused) as refused:
                console.ask("WHY", **asked)
            assert (refused.value.errno, refused.value.text) == (errno.ENODEV, ABSENT)
    for wrong in ({"PROT": 256}, {"PROT": None}, {"DIRECTION": 3}, {"DIRECTION": None},
                  {"REMOTE": None}, {"CLASS": 9}, {"PATH": "curl"}, {"CLASS": 5}, {"ID": 1},
                  {"PORT_LAST": 443}, {"PREFIX": 8}):
        asked = {name: value for name, value in (flow | wrong).items() if value is not None}
        with ipc.Console(broker.path) as console, pytest.raises(ipc.Refused) as refused:
            console.ask("WHY", **asked)
        assert refused.value.errno == errno.EINVAL, wrong
    with ipc.Lines(broker.path) as lines:
        assert lines.type("why tcp to 10.1.2.3 port 443\n") == [f"error: {ABSENT}"]
        answer = lines.type("why tcp to 10.1.2.3\n")
        assert answer == ["error: column 20: missing port; expected 'port N', the flow's destination port"]
        answer = lines.type("load x\n")
        assert answer == ["error: e7-client does this, with the rights of whoever calls it; "
                          "a console only looks"]


def test_answers_lines_before_the_end(broker):
    with ipc.Lines(broker.path) as lines:
        lines.socket.send(b"# one\n# two\n")
        lines.socket.shutdown(socket.SHUT_WR)
        assert [lines.receive() for _ in range(3)] == [b"ok\n", b"ok\n", b""]


# What goes wrong.


def test_an_overlong_message_is_forgiven(broker):
    with ipc.Console(broker.path) as console:
        for length in (65537, 100_000):
            console.send(ipc.encode("STATUS", 9) + bytes(length - 20))
            with pytest.raises(ipc.Refused) as refused:
                console.end(9)
            assert refused.value.errno == errno.E2BIG
        assert console.done("SUBSCRIBE")["ERROR"] == 0


def test_an_empty_datagram_is_the_end(broker):
    with ipc.Console(broker.path) as console:
        console.socket.send(b"")
        assert console.is_closed()


def test_another_major_version_is_told_which_is_spoken(broker):
    with ipc.Talker(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)) as talker:
        talker.socket.connect(broker.path)
        talker.send(ipc.encode("HELLO", 5, major=9, MINOR=0))
        with pytest.raises(ipc.Refused) as refused:
            talker.end(5)
        assert refused.value.errno == errno.EPROTO
        assert refused.value.text == "E7IPC version 9 is not spoken here; expected 1…1"
        assert talker.is_closed()


def test_keeps_no_descriptor_that_it_was_sent(broker):
    with ipc.Console(broker.path) as console:
        before = broker.descriptors()
        for count in (1, 3, 250):
            console.send(ipc.encode("STATUS", 9), descriptors=[0] * count)
            with pytest.raises(ipc.Refused) as refused:
                console.end(9)
            assert refused.value.text == "a descriptor comes with LANE alone"
            assert broker.settles_at(before if count != 250 else before - 1)
        assert console.is_closed()


def test_a_console_must_speak_in_time(broker):
    with ipc.Peer(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)) as silent:
        silent.socket.connect(broker.path)
        started = time.monotonic()
        assert silent.is_closed(20)
        limit = defs.LIMIT["HELLO_MS"] / 1000
        assert limit - 0.1 <= time.monotonic() - started <= limit + 2


# Lanes.


def test_hands_no_lane_over_without_the_module(broker):
    """e7-priv has ended with it; with the module every edit in Tests/vm goes this way."""
    with ipc.Console(broker.path) as console:
        before = broker.descriptors()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs, pytest.raises(ipc.Refused) as refused:
            console.done("LANE", descriptors=[theirs.fileno()])
        assert refused.value.errno == errno.ENODEV and refused.value.text == ABSENT
        assert broker.descriptors() == before
        broker.priv.setblocking(False)
        with pytest.raises(BlockingIOError):
            broker.priv.recv(1)


def test_a_lane_is_no_ordinary_users(broker):
    with as_uid(61998):
        console = ipc.Console(broker.path)
    with console:
        assert console.role == 1
        with pytest.raises(ipc.Refused) as refused:
            console.done("LANE", descriptors=[0])
        assert refused.value.errno == errno.EPERM
        broker.priv.setblocking(False)
        with pytest.raises(BlockingIOError):
            broker.priv.recv(10)


# Limits.


class as_uid:
    """Connects as a user of this number."""

    def __init__(self, uid):
        self.uid = uid

    def __enter__(self):
        os.setegid(self.uid)
        os.seteuid(self.uid)

    def __exit__(self, *_):
        os.seteuid(0)
        os.setegid(0)


def open_consoles(broker, uid, count):
    with as_uid(uid):
        return [ipc.Console(broker.path) for _ in range(count)]


def close_all(consoles):
    for console in consoles:
        console.close()


def test_a_user_has_so_many_consoles(broker):
    limit = defs.LIMIT["CONNECTIONS_UID"]
    consoles = open_consoles(broker, 61998, limit)
    with as_uid(61998), ipc.Talker(
            socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)) as more:
        more.socket.connect(broker.path)
        with pytest.raises(ipc.Refused) as refused:
            more.end(0)
        assert refused.value.errno == errno.EUSERS
        assert more.is_closed()
    held = broker.descriptors()
    open_consoles(broker, 61999, 1)[0].close()
    assert broker.settles_at(held)
    with ipc.Console(broker.path):
        held = broker.descriptors()
        consoles.pop().close()
        assert broker.settles_at(held - 1)
    consoles += open_consoles(broker, 61998, 1)
    close_all(consoles)


def test_many_idle_consoles_cost_little(broker):
    def resident():
        smaps = pathlib.Path(f"/proc/{broker.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss:\s+(\d+) kB", smaps, re.M)[1])

    ipc.Console(broker.path).close()
    alone = resident()
    consoles = []
    for user in range(7):
        consoles += open_consoles(broker, 62000 + user, defs.LIMIT["CONNECTIONS_UID"])
    consoles += open_consoles(broker, 62007, 24)
    consoles += [ipc.Console(broker.path) for _ in range(defs.LIMIT["CONNECTIONS_ROOT"])]
    assert len(consoles) == defs.LIMIT["CONNECTIONS"]
    assert resident() - alone < 1000, f"{alone} kB alone, {resident()} kB"
    close_all(consoles)


def test_running_out_of_descriptors_pauses_the_door(start):
    broker = start(files=20)
    consoles, refused = [], None
    for number in range(20):
        try:
            consoles.append(ipc.Console(broker.path))
        except ipc.Refused as why:
            refused = why
            break
    assert refused is not None and refused.errno == errno.EMFILE, broker.lines()
    assert "the broker has no room" in refused.text
    # Who is in is served as before, and who waits comes in when somebody leaves.
    waiting = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    waiting.connect(broker.path)
    waiting.send(ipc.encode("HELLO", 1, MINOR=0))
    assert all(console.done("SUBSCRIBE")["ERROR"] == 0 for console in consoles)
    consoles.pop().close()
    with ipc.Talker(waiting) as talker:
        assert talker.end(1)[0][0].name == "HELLO"
    close_all(consoles)
    assert "<4>e7-broker: out of descriptors: no more consoles until one is closed" in \
        broker.lines()


def test_a_flood_of_one_user_delays_no_other(broker):
    flood = open_consoles(broker, 61998, defs.LIMIT["CONNECTIONS_UID"])
    for console in flood:
        console.socket.setblocking(False)
    other = ipc.Console(broker.path)
    worst = 0.0
    end = time.monotonic() + 3
    while time.monotonic() < end:
        for console in flood:
            try:
                while True:
                    console.socket.send(ipc.encode("STATUS", 1))
            except BlockingIOError:
                pass
        started = time.monotonic()
        with pytest.raises(ipc.Refused):
            other.ask("STATUS")
        worst = max(worst, time.monotonic() - started)
        time.sleep(0.02)
    # A tenth of a second is what the broker itself may need for 32 of them and a busy machine.
    assert worst < 0.5
    other.close()
    close_all(flood)


def test_a_console_that_reads_nothing_is_closed(broker):
    with ipc.Console(broker.path) as console:
        console.socket.setblocking(False)
        started = time.monotonic()
        while True:
            try:
                console.socket.send(ipc.encode("STATUS", 1))
            except BlockingIOError:
                time.sleep(0.05)
            except (BrokenPipeError, ConnectionResetError):
                break
            assert time.monotonic() - started < 60
    assert any("left its messages unread" in line for line in broker.lines())


def test_a_thousand_consoles_come_and_go(broker):
    with ipc.Console(broker.path):
        before = broker.descriptors() - 1
    for number in range(1000):
        with as_uid(62000 + number % 50):
            console = ipc.Console(broker.path)
        if number % 3:
            console.begin("STATUS")
        console.close()
    assert broker.settles_at(before)


def test_bytes_of_every_kind_do_not_end_it(broker):
    import random

    chance = random.Random(7)
    for number in range(300):
        with as_uid(62000 + number % 50), ipc.Peer(
                socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)) as peer:
            peer.socket.connect(broker.path)
            for _ in range(4):
                datagram = bytearray(ipc.encode("FLAG_GET", 3, FLAG=1))
                if chance.random() < 0.5:
                    datagram = bytearray(chance.randbytes(chance.randrange(1, 200)))
                datagram[chance.randrange(len(datagram))] = chance.randrange(256)
                try:
                    peer.send(bytes(datagram), [0] * chance.choice((0, 0, 1, 2)))
                except (BrokenPipeError, ConnectionResetError):
                    break
    with ipc.Console(broker.path) as console:
        assert console.done("SUBSCRIBE")["ERROR"] == 0
