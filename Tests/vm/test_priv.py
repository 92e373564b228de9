# SPDX-License-Identifier: GPL-2.0-or-later
"""e7-priv at the mercy of its broker: this file is the broker, and a hostile one."""

import array
import contextlib
import errno
import grp
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import tempfile
import time

import pytest

from kit import defs, genl, ipc, net

pytestmark = pytest.mark.usefixtures("no_suite")
PROGRAM = "/usr/sbin/e7-priv"
LIMIT = defs.LIMIT


class Service:
    """The service on its own, its broker's end of the door in our hands."""

    def __init__(self, log=None, wrap=""):
        self.door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.log = tempfile.TemporaryFile()
        with theirs:
            start = f"exec 3<&{theirs.fileno()}; LISTEN_PID=$$ exec {wrap} {PROGRAM}"
            self.process = subprocess.Popen(
                ["bash", "-c", start], pass_fds=[theirs.fileno()], stderr=log or self.log,
                env={"LISTEN_FDS": "1", "LISTEN_FDNAMES": "lanes"})
        if log is None:
            self.wait_for("serves edits")

    def wait_for(self, words, seconds=20.0):
        end = time.monotonic() + seconds
        while words not in self.lines():
            assert time.monotonic() < end, (words, self.lines())
            assert self.process.poll() is None, self.lines()
            time.sleep(0.02)

    def lines(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode()

    def hand_over(self, *descriptors, message=None):
        """What a broker does with a lane, or with anything else."""
        message = ipc.encode("LANE") if message is None else message
        passed = array.array("i", descriptors)
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)] if descriptors else []
        self.door.sendmsg([message], control)

    def lane(self, greet=True):
        ours, theirs = pair()
        with theirs:
            self.hand_over(theirs.fileno())
        return ipc.Lane(ours) if greet else ipc.Talker(ours)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def close(self):
        self.door.close()
        assert self.process.wait(20) == 0, self.lines()


def pair(pass_credentials=True, kind=socket.SOCK_SEQPACKET):
    ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, ipc.SO_PASSCRED, pass_credentials)
    return ours, theirs


@pytest.fixture
def service(e7):
    service = Service()
    yield service
    service.close()


def refusal(talker, name="HELLO", **attributes):
    with pytest.raises(ipc.Refused) as refused:
        talker.ask(name, **attributes)
    return refused.value


def in_child(body):
    pid = os.fork()
    if pid == 0:
        try:
            body()
            os._exit(0)
        except BaseException as error:  # noqa: BLE001
            os.write(2, f"{error!r}\n".encode())
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@contextlib.contextmanager
def unloaded():
    """Without the module; a reader of its counters may hold it for a moment."""
    assert net.wait_until(lambda: subprocess.run(["rmmod", "e7"]).returncode == 0)
    try:
        yield
    finally:
        subprocess.run(["insmod", os.environ["E7_KO"]], check=True)


# ---- what it keeps ----


def test_it_has_no_capability_and_cannot_get_one(service, e7):
    status = dict(
        line.split(":\t", 1) for line in
        pathlib.Path(f"/proc/{service.process.pid}/status").read_text().splitlines() if ":\t" in line)
    user = pwd.getpwnam("_e7-priv")
    assert status["Uid"].split() == [str(user.pw_uid)] * 4
    assert status["Gid"].split() == [str(user.pw_gid)] * 4
    assert status["Groups"].split() == []
    assert [int(status[f"Cap{which}"], 16) for which in ("Prm", "Eff", "Inh", "Bnd", "Amb")] == [0] * 5
    assert (status["NoNewPrivs"], status["Threads"]) == ("1", "1")
    # Not dumpable: its files are root's.
    assert os.stat(f"/proc/{service.process.pid}/environ").st_uid == 0
    with service.lane() as lane:
        assert lane.done("RULE_ADD", ACTION=1, PROT=6)["ID"] == e7.rules()[0]["ID"]


def test_it_ends_with_its_broker():
    service = Service()
    service.close()
    assert "supervisor and broker have gone" in service.lines()


# ---- lanes ----


def test_an_edit_reaches_the_kernel_and_the_log(service, e7):
    with service.lane() as lane:
        done = lane.done("RULE_ADD", ACTION=defs.ACTION["block"], PROT=6, PATH="/usr/bin/a b")
        assert [rule["ID"] for rule in e7.rules()] == [done["ID"]]
        now = done["GENERATION"]
        who = f"<5>e7-priv: uid=0 ruid=0 gid=0 pid={os.getpid()} RULE_ADD ACTION=block PROT=tcp PATH=/usr/bin/a b"
        assert (f"{who}: begins generation={now - 1}\n"
                f"{who}: done id={done['ID']} before={now - 1} generation={now}\n") in service.lines()


def test_a_lane_of_the_brokers_own_is_refused(service, e7):
    def broker():
        with ipc.user("_e7-broker"):
            ours, theirs = pair()
        service.hand_over(theirs.fileno())
        os.setresgid(*[pwd.getpwnam("_e7-broker").pw_gid] * 3)
        os.setresuid(*[pwd.getpwnam("_e7-broker").pw_uid] * 3)
        refused = refusal(ipc.Talker(ours), "RULE_CLEAR")
        assert refused.errno == errno.EPERM and "root" in refused.text

    e7.block(prot="udp")
    in_child(broker)
    assert len(e7.rules()) == 1


def test_alice_is_refused_and_a_member_of_the_group_is_not(service, e7):
    alice = pwd.getpwnam("alice")

    def edit(groups):
        os.setgroups(groups)
        os.setresgid(*[alice.pw_gid] * 3)
        os.setresuid(*[alice.pw_uid] * 3)
        service.lane(greet=False).ask("FLAG_SET", FLAG=defs.FLAG["debug"], VALUE=1)

    def stranger():
        with pytest.raises(ipc.Refused) as refused:
            edit([])
        assert refused.value.errno == errno.EPERM

    in_child(stranger)
    assert e7.get("debug") == 0
    in_child(lambda: edit([grp.getgrnam("e7-admin").gr_gid]))
    assert e7.get("debug") == 1


def test_a_borrowed_lane_is_refused(service, e7):
    """What another process says on root's lane counts for nothing, even of the same user."""
    lane = service.lane()
    in_child(lambda: lane.send(ipc.encode("RULE_ADD", 77, ACTION=1, PROT=6)))
    answer = lane.message()
    assert (answer.name, answer.sequence) == ("DONE", 77)
    assert answer.attributes["ERROR"] == errno.EPERM
    assert lane.is_closed() and e7.rules() == []


def test_a_set_user_id_program_is_refused(service, e7):
    def confused():
        ours, theirs = pair()
        service.hand_over(theirs.fileno())
        # Effective user root made the lane; the real user is who asks.
        os.setresuid(pwd.getpwnam("alice").pw_uid, 0, 0)
        assert refusal(ipc.Talker(ours), "RULE_ADD", ACTION=1, PROT=6).errno == errno.EPERM

    in_child(confused)
    assert e7.rules() == []


def test_without_credentials_there_is_nothing(service, e7):
    ours, theirs = pair(pass_credentials=False)
    with theirs:
        # Sent before e7-priv could ask for credentials.
        ours.send(ipc.encode("RULE_ADD", 5, ACTION=1, PROT=6))
        service.hand_over(theirs.fileno())
    talker = ipc.Talker(ours)
    assert talker.message().attributes["ERROR"] == errno.EPERM
    assert talker.is_closed() and e7.rules() == []


# ---- the door ----


def test_what_is_no_lane_is_closed_and_the_door_stays_open(service):
    before = service.descriptors()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    path = tempfile.mkdtemp() + "/socket"
    listener.bind(path)
    listener.listen()
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.connect(path)
    accepted, _ = listener.accept()
    streams = pair(kind=socket.SOCK_STREAM)
    reader, writer = os.pipe()
    ours, theirs = pair()
    for descriptors in ([], [listener.fileno()], [accepted.fileno()], [client.fileno()],
                        [streams[0].fileno()], [reader], [theirs.fileno()] * 2,
                        [theirs.fileno()] * 253):
        service.hand_over(*descriptors)
    for message in (b"x", ipc.encode("HELLO"), ipc.encode("LANE")[:-1],
                    ipc.encode("LANE", ID=1), ipc.encode("LANE", major=9), b"\xe7" * 5000):
        service.hand_over(theirs.fileno(), message=message)
    with service.lane() as lane:
        lane.ask("BEGIN")
        assert service.descriptors() == before + 1
    assert service.lines().count("that is no lane") == 14
    for raw in (reader, writer):
        os.close(raw)


def test_lanes_have_limits(service):
    lanes = [service.lane() for _ in range(LIMIT["LANES_UID"])]
    assert refusal(service.lane(greet=False)).errno == errno.EUSERS
    lanes.pop().close()
    service.lane().close()


def test_a_lane_that_says_nothing_and_may_nothing_is_closed_in_time(service):
    def silent():
        alice = pwd.getpwnam("alice")
        os.setgroups([])
        os.setresgid(*[alice.pw_gid] * 3)
        os.setresuid(*[alice.pw_uid] * 3)
        talker = service.lane(greet=False)
        start = time.monotonic()
        assert talker.is_closed(seconds=30)
        assert time.monotonic() - start >= LIMIT["HELLO_MS"] / 1000 - 0.5

    in_child(silent)


# ---- messages ----


@pytest.mark.parametrize("datagram", [
    b"\xe7", ipc.encode("COMMIT")[:-1], ipc.encode("COMMIT") + b"\0", ipc.encode("COMMIT", major=2),
    ipc.encode(999), b"allow tcp", b"\xe7\0E7" * 20000,
], ids=["short", "cut", "longer", "other version", "unknown", "text", "too long"])
def test_bytes_that_are_no_message_end_the_lane(service, datagram):
    with service.lane() as lane:
        lane.send(datagram)
        assert lane.message().attributes["ERROR"] == errno.EBADMSG
        assert lane.is_closed()
    service.lane().close()


@pytest.mark.parametrize("name, attributes, words", [
    ("FLAG_SET", dict(FLAG=1, VALUE=3), "flag mode does not take 3"),
    ("FLAG_SET", dict(FLAG=32, VALUE=3), "FLAG uptime is only read"),
    ("RULE_ADD", dict(ACTION=1, PATH="bin/x"), "is not absolute"),
    ("RULE_ADD", dict(ACTION=1, PATH="/a/../b"), "'/../'"),
    ("RULE_ADD", dict(ACTION=9, PROT=6), "ACTION"),
    ("RULE_ADD", dict(PROT=6), "ACTION is missing"),
    ("RULE_CLEAR", {}, "GENERATION is missing"),
    ("RULE_CLEAR", dict(GENERATION=1 << 60), "changed since that generation"),
    ("BEGIN", dict(REPLACE=True), "GENERATION is missing"),
    ("BEGIN", dict(REPLACE=True, GENERATION=1 << 60), "changed since that generation"),
    ("RULE_ADD", dict(ACTION=1, PROT=257), "PROT"),
    ("COMMIT", dict(ID=1), "ID does not belong"),
    ("COMMIT", {}, "no transaction"),
    ("RULE_DEL", dict(ID=1 << 40), "no rule has this id"),
])
def test_a_wrong_edit_is_refused_in_words_and_changes_nothing(service, e7, name, attributes, words):
    before = e7.do("STATUS")
    with service.lane() as lane:
        lane.sequence += 1
        lane.send(ipc.encode(name, lane.sequence, **attributes))
        answer = lane.message().attributes
        assert answer["ERROR"] != 0 and words in answer["TEXT"]
    assert e7.do("STATUS") == before


# ---- transactions ----


def test_a_transaction_belongs_to_its_lane(service, e7):
    with service.lane() as one, service.lane() as other:
        one.ask("BEGIN")
        assert refusal(other, "BEGIN").errno == errno.EBUSY
        one.ask("RULE_ADD", ACTION=1, PROT=6)
        assert e7.rules() == []
        other.ask("RULE_ADD", ACTION=2, PROT=17)
        assert [rule["PROT"] for rule in e7.rules()] == [17]
        # It was to change rules that are others by now.
        assert refusal(one, "COMMIT").errno == errno.ESTALE
        one.ask("BEGIN")
        one.ask("RULE_ADD", ACTION=1, PROT=6)
        one.ask("COMMIT")
        assert sorted(rule["PROT"] for rule in e7.rules()) == [6, 17]


def test_of_two_who_take_all_rules_away_one_wins(service, e7):
    e7.block(prot="udp")
    with service.lane() as one, service.lane() as other:
        for second in ("RULE_CLEAR", "BEGIN"):
            generation = e7.get("generation")
            edits = [one.begin("RULE_CLEAR", GENERATION=generation)]
            more = {"REPLACE": True} if second == "BEGIN" else {}
            assert one.end(edits[0])[1]["ERROR"] == 0
            assert refusal(other, second, GENERATION=generation, **more).errno == errno.ESTALE
            e7.block(prot="udp")
        # A load that began before the other's clear is over when it wants to take its place.
        generation = e7.get("generation")
        one.ask("BEGIN", REPLACE=True, GENERATION=generation)
        one.ask("RULE_ADD", ACTION=1, PROT=6)
        other.ask("RULE_CLEAR", GENERATION=generation)
        assert refusal(one, "COMMIT").errno == errno.ESTALE
    assert e7.rules() == []


def test_a_lane_that_closes_takes_its_transaction_along(service, e7):
    with service.lane() as lane:
        lane.ask("BEGIN")
        lane.ask("RULE_ADD", ACTION=1, PROT=6)
    service.wait_for("abort, since its lane was closed")
    assert e7.rules() == []
    with service.lane() as lane:
        lane.ask("BEGIN")
        lane.ask("ABORT")


def test_a_service_that_dies_takes_its_transaction_along(e7):
    service = Service()
    lane = service.lane()
    lane.ask("BEGIN")
    lane.ask("RULE_ADD", ACTION=1, PROT=6)
    service.process.send_signal(signal.SIGKILL)
    service.process.wait()
    service = Service()
    with service.lane() as lane:
        lane.ask("BEGIN")
        lane.ask("COMMIT")
    service.close()
    assert e7.rules() == []


def test_a_reader_that_stops_reading_loses_nothing_and_stops_nobody(service, e7):
    with service.lane() as idle, service.lane() as other:
        idle.ask("BEGIN", REPLACE=True, GENERATION=e7.get("generation"))
        idle.socket.setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while sent < 20000:
                idle.send(ipc.encode("RULE_ADD", 1000 + sent, ACTION=1, PROT=6, PATH=f"/p{sent}"))
                sent += 1
        assert 0 < sent < 20000
        other.ask("FLAG_SET", FLAG=defs.FLAG["drops"], VALUE=1)
        idle.socket.setblocking(True)
        for number in range(sent):
            message = idle.message()
            assert (message.sequence, message.attributes["ERROR"]) == (1000 + number, 0)
        idle.sequence = 1000 + sent
        idle.ask("COMMIT")
    assert len(e7.rules()) == sent


# ---- what ends it ----


@pytest.fixture
def ending():
    """A service that is to end by itself, and a module as it was loaded, also afterwards."""
    with unloaded():
        pass
    service = Service()
    yield service
    service.door.close()
    service.process.wait(60)
    with unloaded():
        pass


def ends(service, status, words):
    assert service.process.wait(60) == status, service.lines()
    assert words in service.lines()


def test_it_ends_with_its_module(ending):
    """Idle or not; what a lane collected is gone with both."""
    with ending.lane() as lane, ending.lane() as other:
        lane.ask("BEGIN")
        lane.ask("RULE_ADD", ACTION=1, PROT=6)
        with unloaded():
            ends(ending, 75, "module e7 is not loaded")
            assert lane.is_closed() and other.is_closed()
        with genl.Family() as family:
            assert family.rules() == [] and family.get("control") == 0


@pytest.mark.parametrize("collects", [False, True])
def test_no_edit_is_for_a_module_that_was_loaded_since(ending, collects):
    """It finds the reload and the edit at the same time, and whichever it reads first ends it."""
    with ending.lane() as lane:
        if collects:
            lane.ask("BEGIN")
        ending.process.send_signal(signal.SIGSTOP)
        with unloaded():
            pass
        lane.send(ipc.encode("RULE_ADD", 99, ACTION=1, PROT=17))
        if collects:
            lane.send(ipc.encode("COMMIT", 100))
        ending.process.send_signal(signal.SIGCONT)
        ends(ending, 75, "e7")
        with genl.Family() as family:
            assert family.rules() == [] and family.get("generation") == 0


def test_it_ends_when_another_takes_control(ending):
    with ending.lane() as lane, genl.Family() as other:
        lane.ask("BEGIN")
        lane.ask("RULE_ADD", ACTION=1, PROT=6)
        other.do("CLAIM", SOCKET_ROLE=defs.ROLE["control"], FORCE=True)
        ends(ending, 76, "another process has taken the role control")
        assert lane.is_closed() and other.rules() == []


def test_an_edit_behind_the_taking_changes_nothing(ending):
    with ending.lane() as lane, genl.Family() as other:
        ending.process.send_signal(signal.SIGSTOP)
        other.do("CLAIM", SOCKET_ROLE=defs.ROLE["control"], FORCE=True)
        lane.send(ipc.encode("RULE_ADD", 99, ACTION=1, PROT=6))
        ending.process.send_signal(signal.SIGCONT)
        ends(ending, 76, "another process has taken the role control")
        assert other.rules() == []


def starts(status, words):
    """A service that does not come to serve says why in a line."""
    service = Service.__new__(Service)
    with pytest.raises(AssertionError):
        service.__init__()
    assert service.process.wait(60) == status
    assert words in service.lines()
    service.door.close()


def test_of_two_the_second_says_who_is_first(service):
    starts(76, f"pid {service.process.pid}, e7-priv, has the role control; FORCE takes it")
    with service.lane() as lane:
        lane.ask("BEGIN")
        lane.ask("ABORT")


def test_without_the_module_it_does_not_start():
    with unloaded():
        starts(3, "modprobe e7")


def test_it_sends_nothing_into_anothers_draft(service, e7):
    """Two lanes and one socket: what is not collected is in force at once."""
    with service.lane() as one, service.lane() as other:
        one.ask("BEGIN", REPLACE=True, GENERATION=e7.get("generation"))
        for number in range(3):
            one.ask("RULE_ADD", ACTION=1, PROT=6, PATH=f"/one/{number}")
            other.ask("RULE_ADD", ACTION=2, PROT=17, PATH=f"/other/{number}")
            assert len(e7.rules()) == number + 1
        other.ask("RULE_DEL", PROT=17, PATH="/other/0")
        other.ask("FLAG_SET", FLAG=defs.FLAG["drops"], VALUE=1)
        assert len(e7.rules()) == 2 and e7.get("drops") == 1
        # It was to replace rules that are others by now.
        assert refusal(one, "COMMIT").errno == errno.ESTALE
    assert [rule["PATH"] for rule in e7.rules()] == ["/other/1", "/other/2"]
