# SPDX-License-Identifier: GPL-2.0-or-later
"""e7-priv and e7-broker under a service manager, as two units: each is started as its own user with the
sockets that packaging/systemd has it handed, which outlive it."""

import array
import contextlib
import errno
import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess
import sys
import tempfile

import pytest

from kit import defs, genl, ipc, net
from test_priv import pair, unloaded
from test_proc import fields
from test_save import FOLDER, RULES, _folder  # noqa: F401
from test_supervisor import until

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import attacks  # noqa: E402

pytestmark = pytest.mark.usefixtures("no_suite")
ROWS = attacks.rows("unit→priv")
case = attacks.Cases()
PROGRAM = {"e7-priv": "/usr/sbin/e7-priv", "e7-broker": "/usr/sbin/e7-broker"}
NET_ADMIN, SETPCAP, NETLINK_GENERIC = 12, 8, 16
# The broker's.
LOCKED = "+noroot,+noroot_locked,+no_setuid_fixup,+no_setuid_fixup_locked"


class Manager:
    """What systemd does for the units: sockets by name, users, capabilities, words and watchdog."""

    def __init__(self, folder):
        # What /run/e7 is for the daemons.
        self.folder = folder / "e7"
        self.folder.mkdir()
        self.path = str(self.folder / "console.sock")
        self.console = self._listener("console.sock", socket.SOCK_SEQPACKET, 0o666)
        self.console.listen(16)
        self.lanes = self._listener("lanes.sock", socket.SOCK_DGRAM, 0o600)
        self.lanes.setsockopt(socket.SOL_SOCKET, ipc.SO_PASSCRED, 1)
        os.chown(self.folder / "lanes.sock", pwd.getpwnam("_e7-broker").pw_uid, 0)
        self.words, self.processes, self.control = {}, {}, None
        for name in PROGRAM:
            self.words[name] = self._listener(f"notify.{name}", socket.SOCK_DGRAM, 0o777)
            self.words[name].settimeout(60)
        self.log = tempfile.TemporaryFile()
        os.chmod(folder, 0o755)

    def _listener(self, name, kind, mode):
        made = socket.socket(socket.AF_UNIX, kind)
        made.bind(str(self.folder / name))
        os.chmod(self.folder / name, mode)
        return made

    def sockets(self, name):
        if name == "e7-broker":
            return {"console": self.console}
        # With each start another one, as PartOf= of e7-control.socket has it.
        self.forget_control()
        self.control = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        self.control.bind((0, 0))
        return {"control": self.control, "lanes": self.lanes}

    def forget_control(self):
        if self.control:
            self.control.close()
        self.control = None

    def start(self, name, backwards=False):
        handed = self.sockets(name)
        names = sorted(handed, reverse=backwards)
        held = [handed[one].fileno() for one in names]
        moves = [f"exec {100 + index}<&{fd} {fd}<&-" for index, fd in enumerate(held)]
        moves += [f"exec {3 + index}<&{100 + index} {100 + index}<&-" for index in range(len(held))]
        capabilities = f"-all,+cap_{NET_ADMIN},+cap_{SETPCAP}" if name == "e7-priv" else "-all"
        confined = (f"setpriv --reuid=_{name} --regid=_{name} --init-groups --no-new-privs "
                    f"--inh-caps={capabilities} --ambient-caps={capabilities} "
                    f"--bounding-set={capabilities}")
        if name == "e7-broker":
            confined += f" --securebits={LOCKED}"
        # Without a network of its own where the unit has PrivateNetwork=.
        alone = "--net" if name == "e7-priv" else ""
        script = "\n".join([
            *moves,
            f"export LISTEN_PID=$$ LISTEN_FDS={len(held)} LISTEN_FDNAMES={':'.join(names)}",
            f"export NOTIFY_SOCKET={self.folder}/notify.{name} WATCHDOG_USEC=2000000 WATCHDOG_PID=$$",
            f"exec unshare --mount --propagation private {alone} bash -c "
            f"'mount --bind {self.folder} /run/e7 && exec {confined} {PROGRAM[name]}'"])
        self.processes[name] = subprocess.Popen(
            ["bash", "-c", script], pass_fds=held, stderr=self.log)
        return self.processes[name]

    def lines(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode()

    def hears(self, name, word):
        """Waits for a word, whatever comes before it."""
        try:
            while self.words[name].recv(64) != word:
                pass
        except TimeoutError:
            raise AssertionError(f"{name} did not say {word}: {self.lines()}") from None

    def silent(self, name, word):
        """Whether a word has not come so far."""
        self.words[name].setblocking(False)
        try:
            while self.words[name].recv(64) != word:
                pass
            return False
        except BlockingIOError:
            return True
        finally:
            self.words[name].settimeout(60)

    def ready(self, name, **options):
        self.start(name, **options)
        self.hears(name, b"READY=1")

    def kill(self, name, number=signal.SIGKILL):
        process = self.processes.pop(name)
        process.send_signal(number)
        return process.wait(60)

    def edit(self):
        """An edit the whole way round."""
        def attempt():
            try:
                with ipc.Console(self.path) as console, console.lane() as lane:
                    return lane.done("FLAG_SET", FLAG=defs.FLAG["drops"], VALUE=1)
            except (OSError, EOFError, ipc.Refused):
                return None
        until(attempt, 60)

    def sees(self, e7):
        """Whether a console of root's is told of a packet."""
        e7.set("squelch", "disabled")

        def attempt():
            with contextlib.suppress(OSError, EOFError, ipc.Refused, AssertionError):
                with ipc.Console(self.path).subscribe() as console:
                    net.burst("127.0.0.1", 1)
                    while (message := console.next(2)) is not None:
                        if message.name == "EVENT":
                            return True
            return False
        until(attempt, 60)

    def status(self, name):
        return fields(pathlib.Path(f"/proc/{self.processes[name].pid}"))

    def end(self):
        for name in list(self.processes):
            self.kill(name)
        self.forget_control()
        for one in (self.console, self.lanes, *self.words.values()):
            one.close()


@pytest.fixture
def manager():
    net.build_talk(net.TALK)
    pathlib.Path("/run/e7").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        manager = Manager(pathlib.Path(folder))
        yield manager
        manager.end()


@pytest.fixture
def reloading(manager):
    """Both units, on a module that may go."""
    for name in ("e7-broker", "e7-priv"):
        manager.ready(name)
    return manager


@pytest.fixture
def both(e7, reloading):
    """Both units, and the module."""
    return reloading


@pytest.fixture(scope="module")
def steady():
    """Both units, for what nobody restarts."""
    with tempfile.TemporaryDirectory() as folder:
        manager = Manager(pathlib.Path(folder))
        for name in ("e7-broker", "e7-priv"):
            manager.ready(name)
        manager.edit()
        yield manager
        manager.end()


@pytest.mark.parametrize("name", PROGRAM)
def test_ready_is_said_once_and_life_again_and_again(both, name):
    for _ in range(3):
        both.hears(name, b"WATCHDOG=1")
    assert both.silent(name, b"READY=1")


@pytest.mark.parametrize("backwards", [False, True])
def test_descriptors_are_known_by_their_names(manager, e7, backwards):
    manager.ready("e7-priv", backwards=backwards)
    manager.ready("e7-broker")
    manager.edit()
    manager.sees(e7)


def test_a_console_that_comes_while_the_broker_is_down_is_served(both):
    assert both.kill("e7-broker") == -signal.SIGKILL
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as waiting:
        waiting.connect(both.path)
        waiting.settimeout(60)
        both.ready("e7-broker")
        waiting.send(b"get mode")
        assert waiting.recv(65536)


def test_each_broker_gets_a_view_of_the_service_that_is_there(both, e7):
    service = both.processes["e7-priv"].pid
    for _ in range(2):
        both.sees(e7)
        both.kill("e7-broker")
        both.ready("e7-broker")
    both.sees(e7)
    both.edit()
    assert both.processes["e7-priv"].poll() is None and e7.get("control") == service
    # What the brokers before had has ended with them: there is room for all but one.
    with contextlib.ExitStack() as stack:
        for _ in range(defs.LIMIT["VIEWS"] - 1):
            stack.enter_context(genl.Family()).do("CLAIM", SOCKET_ROLE=defs.ROLE["view"])


def test_a_service_that_is_killed_leaves_the_consoles_and_the_view(both, e7):
    broker = both.processes["e7-broker"]
    with ipc.Console(both.path).subscribe() as console:
        for _ in range(2):
            both.edit()
            both.kill("e7-priv")
            console.get("mode")
            both.ready("e7-priv")
            assert e7.get("control") == both.processes["e7-priv"].pid
        # The same console, and a lane through it to the new one.
        with console.lane() as lane:
            lane.done("FLAG_SET", FLAG=defs.FLAG["drops"], VALUE=1)
        assert broker.poll() is None
    both.sees(e7)


def test_a_lane_waits_for_a_service_that_starts_again(both, e7):
    both.kill("e7-priv")
    with ipc.Console(both.path) as console:
        ours, theirs = pair()
        with theirs:
            console.ask("LANE", [theirs.fileno()])
        both.start("e7-priv")
        with ipc.Lane(ours) as lane:
            lane.done("FLAG_SET", FLAG=defs.FLAG["drops"], VALUE=1)


def test_a_view_that_was_asked_for_while_the_service_was_down(manager, e7):
    manager.ready("e7-broker")
    manager.ready("e7-priv")
    manager.sees(e7)


def test_a_view_whose_claim_was_lost_is_asked_for_again(manager, e7):
    """By a service that was killed between the two."""
    manager.ready("e7-broker")
    manager.lanes.settimeout(60)
    assert manager.lanes.recv(4096)
    manager.lanes.settimeout(None)
    manager.ready("e7-priv")
    manager.sees(e7)


def test_the_role_ends_with_the_service(both, e7):
    both.edit()
    assert e7.get("control") == both.processes["e7-priv"].pid
    assert both.kill("e7-priv", signal.SIGTERM) == -signal.SIGTERM
    both.forget_control()
    assert e7.get("control") == 0


def test_without_the_module_both_are_ready_and_wait_for_it(manager):
    with unloaded():
        manager.ready("e7-priv")
        manager.ready("e7-broker")
        manager.hears("e7-priv", b"WATCHDOG=1")
        with pytest.raises(ipc.Refused) as refused, ipc.Console(manager.path) as console:
            console.lane()
        assert refused.value.errno == errno.ENODEV
    # Each ends for its next start, which brings what belongs to this load of the module.
    for name in PROGRAM:
        assert manager.processes.pop(name).wait(60) == 75, manager.lines()
        manager.ready(name)
    manager.edit()
    with genl.Family() as e7:
        assert e7.get("control") == manager.processes["e7-priv"].pid
        e7.set("drops", "disabled")


def test_another_load_of_the_module_is_noticed_while_nobody_asks(reloading):
    with unloaded():
        pass
    for name in PROGRAM:
        assert reloading.processes.pop(name).wait(60) == 75, reloading.lines()


def test_control_that_is_taken_is_noticed(both):
    """The broker is told, and asks for a view, which the service may not give any more."""
    both.edit()
    with genl.Family() as other:
        other.do("CLAIM", SOCKET_ROLE=defs.ROLE["control"], FORCE=True)
        assert both.processes.pop("e7-priv").wait(60) == 76, both.lines()
    both.ready("e7-priv")
    both.edit()


def test_by_hand_beside_the_units_is_refused(both):
    run = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "bash", "-c",
         f"mount --bind {both.folder} /run/e7 && exec {PROGRAM['e7-priv']}"],
        capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr.count("\n")) == (1, 1) and "systemctl start" in run.stderr
    both.edit()


@pytest.mark.parametrize("change, word", [
    (lambda words: words.replace(f",+cap_{SETPCAP}", ""), "capabilities"),
    (lambda words: words.replace("--init-groups", "--groups=61020"), "user and group"),
    (lambda words: words.replace("--regid=_e7-priv", "--regid=61000"), "user and group"),
], ids=["no capability to shed all", "group", "other group"])
def test_a_unit_in_which_it_cannot_be_confined_does_not_serve(manager, e7, monkeypatch, change, word):
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda words, **options: popen(
        [*words[:-1], change(words[-1])], **options))
    process = manager.start("e7-priv")
    monkeypatch.undo()
    assert process.wait(60) == 1
    assert f"cannot confine this process: {word}" in manager.lines()
    assert "serves edits" not in manager.lines()


def test_the_saved_rules_are_loaded_once(reloading, folder):
    """As e7-rules.service does after each start of e7-priv."""
    words = ["e7-client", "--socket", reloading.path, "load", "--first"]
    with unloaded():
        pass
    RULES.write_text("block tcp /opt/saved\n")
    for name in PROGRAM:
        reloading.processes.pop(name).wait(60)
    loading = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    for name in PROGRAM:
        reloading.ready(name)
    assert loading.wait(60) == 0 and "is in force" in loading.stderr.read()
    with genl.Family() as e7:
        assert [rule.get("PATH") for rule in e7.rules()] == ["/opt/saved"]
        e7.clear()
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr, e7.rules()) == (0, "", [])


# ---- one suite for what follows ----


@pytest.mark.parametrize("name", PROGRAM)
def test_each_is_its_own_user_without_a_capability(steady, name):
    steady.edit()
    status, user = steady.status(name), pwd.getpwnam(f"_{name}")
    assert status["Uid"].split() == [str(user.pw_uid)] * 4
    assert status["Gid"].split() == [str(user.pw_gid)] * 4
    assert set(status["Groups"].split()) <= {str(user.pw_gid)}
    assert [int(status[f"Cap{which}"], 16) for which in ("Prm", "Eff", "Inh", "Amb")] == [0] * 4
    assert int(status["CapBnd"], 16) == 0
    assert (status["NoNewPrivs"], status["Seccomp"], status["Threads"]) == ("1", "2", "1")


def test_the_service_is_not_of_the_hosts_network_and_holds_three_descriptors(steady):
    steady.edit()
    folder = pathlib.Path(f"/proc/{steady.processes['e7-priv'].pid}")
    assert os.readlink(folder / "ns/net") != os.readlink("/proc/self/ns/net")

    def held():
        for number in os.listdir(folder / "fd"):
            # The lane that the edit came over may go just now.
            with contextlib.suppress(FileNotFoundError):
                if int(number) > 2:
                    yield re.sub(r":\[\d+\]", ":", os.readlink(folder / "fd" / number))

    # The folder of the rules file, where there is one.
    assert net.wait_until(lambda: [one for one in held() if one != str(FOLDER)] == ["socket:"] * 2, 60)


def hand_over(manager, *descriptors, message=None):
    """What the broker does with a lane, in its place."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.connect(str(manager.folder / "lanes.sock"))
        passed = array.array("i", descriptors)
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)] if descriptors else []
        door.sendmsg([ipc.encode("LANE") if message is None else message], control)


def as_user(name, body):
    """Whether a process of this user's, by all its ids, could do it."""
    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            user = pwd.getpwnam(name)
            os.setgroups([])
            os.setresgid(*[user.pw_gid] * 3)
            os.setresuid(*[user.pw_uid] * 3)
            body()
            status = 0
        os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def refused(manager, name, *descriptors, message=None, word="that is no lane"):
    """What the log says of something that a user sends."""
    before = manager.lines().count(word)
    if not as_user(name, lambda: hand_over(manager, *descriptors, message=message)):
        return "denied"
    until(lambda: manager.lines().count(word) == before + 1, 60)
    return "no lane"


def lane_of(manager, name):
    """A lane of theirs, whose other end is closed again where it is refused."""
    ours, theirs = pair()
    with ours, theirs:
        outcome = refused(manager, name, theirs.fileno())
        theirs.close()
        if outcome == "no lane":
            ours.settimeout(60)
            assert ours.recv(1) == b""
    return outcome


@case("unit→priv", "a lane, as another user")
def _(manager):
    return lane_of(manager, "alice")


@case("unit→priv", "a lane, as another user, through a file that lets everybody in")
def _(manager):
    os.chmod(manager.folder / "lanes.sock", 0o777)
    try:
        assert lane_of(manager, "bob") == lane_of(manager, "_e7-priv")
        return lane_of(manager, "alice")
    finally:
        os.chmod(manager.folder / "lanes.sock", 0o600)


@case("unit→priv", "a lane, as root")
def _(manager):
    return lane_of(manager, "root")


@case("unit→priv", "an empty datagram")
def _(manager):
    return refused(manager, "_e7-broker", message=b"")


@case("unit→priv", "a lane without a descriptor")
def _(manager):
    return refused(manager, "_e7-broker")


@case("unit→priv", "a lane that is a connection")
def _(manager):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as console:
        console.connect(manager.path)
        return refused(manager, "_e7-broker", console.fileno())


@case("unit→priv", "another message")
def _(manager):
    return refused(manager, "_e7-broker", 0, message=ipc.encode("STATUS"))


@case("unit→priv", "a claim of the role control")
def _(manager):
    claim = ipc.encode("CLAIM", SOCKET_ROLE=defs.ROLE["control"])
    return refused(manager, "_e7-broker", 0, message=claim)


@case("unit→priv", "a view for a socket that is none of the family's")
def _(manager):
    for kind in ((socket.AF_UNIX, socket.SOCK_DGRAM, 0), (socket.AF_NETLINK, socket.SOCK_RAW, 0)):
        with socket.socket(*kind) as other:
            outcome = refused(manager, "_e7-broker", other.fileno(), message=ipc.encode("CLAIM"),
                              word="no view for the broker: ")
    return outcome


@case("unit→priv", "a view for a file")
def _(manager):
    return refused(manager, "_e7-broker", 0, message=ipc.encode("CLAIM"),
                   word="no view for the broker: ")


def test_each_row_of_the_table_has_its_case():
    assert set(case) == set(ROWS)


@pytest.mark.parametrize("border, name", list(ROWS), ids=[name for _, name in ROWS])
def test_what_comes_of_an_attack(steady, border, name):
    service = steady.processes["e7-priv"]
    held = len(os.listdir(f"/proc/{service.pid}/fd"))
    assert case[border, name](steady) == ROWS[border, name]
    steady.edit()
    assert service.poll() is None
    until(lambda: len(os.listdir(f"/proc/{service.pid}/fd")) == held)
