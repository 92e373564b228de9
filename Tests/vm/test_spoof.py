# SPDX-License-Identifier: GPL-2.0-or-later
"""What an ordinary user may try to have packets named as another program, or as nobody's.

VICTIM is a program that alice may execute and not write; EVIL is hers. She may make user
namespaces, as on a Debian system. Each trick is shown to have worked as far as the kernel lets it.
"""

import os
import resource
import socket
import struct

import pytest

from kit import act, genl, module, net, watch
from kit.act import A, ALICE, Act
from kit.watch import both

VICTIM = f"{act.ROOT}/victim"
EVIL = f"{ALICE}/evil"
UID = 61000

families = pytest.mark.parametrize("family", (4, 6))


@pytest.fixture(scope="module", autouse=True)
def files(programs):
    act.copy(VICTIM)
    act.copy(EVIL, owner=UID)


@pytest.fixture
def evil(files):
    with Act(EVIL, user="alice") as program:
        yield program


@pytest.fixture
def victim(files):
    """Alice's too, so that she may do with it what one may with one's own processes."""
    with Act(VICTIM, user="alice") as program:
        yield program


def readlink(program):
    """What a naive look at the process says."""
    return os.readlink(f"/proc/{program.process.pid}/exe")


# ---- a false path ----

def bind_over(program):
    """In namespaces of its own, VICTIM's path leads to EVIL."""
    program("unshare", act.CLONE_NEWUSER | act.CLONE_NEWNS)
    program("mount", EVIL, VICTIM, "none", act.MS_BIND)


@families
def test_mount_over_the_path(seen, echoes, evil, family):
    bind_over(evil)
    evil.exec(VICTIM)
    port = seen.talk_of(evil, family)
    assert seen.client(port) == both("foreign")
    inode = os.stat(f"/proc/{evil.process.pid}/ns/mnt").st_ino
    assert {e["MNTNS"] for e in seen.events(LPORT=port)} == {inode}


@families
def test_root_of_ones_own(seen, echoes, evil, family):
    inside = act.copy(f"{ALICE}/root{VICTIM}", owner=UID)
    evil("unshare", act.CLONE_NEWUSER)
    evil("chroot", f"{ALICE}/root")
    evil.exec(VICTIM)
    port = seen.talk_of(evil, family)
    # The file has a path on the host.
    assert seen.client(port) == both(inside)


@families
def test_path_through_another_process_root(seen, echoes, evil, family):
    bind_over(evil)
    with Act(EVIL, user="alice") as second:
        second.exec(f"/proc/{evil.process.pid}/root{VICTIM}")
        port = seen.talk_of(second, family)
        assert seen.client(port) == both("foreign")


@families
def test_path_in_a_mount_that_is_gone(seen, echoes, evil, family):
    """Of a file below no root at all, all that is left of its path is VICTIM's."""
    folder = f"{ALICE}/gone"
    os.makedirs(folder, exist_ok=True)
    act.copy(f"{ALICE}/root{VICTIM}", owner=UID)
    evil("unshare", act.CLONE_NEWUSER | act.CLONE_NEWNS)
    evil("mount", f"{ALICE}/root", folder, "none", act.MS_BIND)
    fd = evil("open", f"{folder}{VICTIM}", os.O_RDONLY)
    evil("unmount", folder)
    with Act(EVIL, user="alice") as second:
        second("exec_fd", evil.hand(fd, second))
        assert readlink(second) == VICTIM
        port = seen.talk_of(second, family)
        assert seen.client(port) == both("foreign")


@families
@pytest.mark.parametrize("verb", ("forge", "forge_shared"))
def test_exchanged_exe_file(seen, echoes, evil, verb, family):
    """By PR_SET_MM_MAP in a user namespace; or by a child there that shares the memory."""
    evil(verb, VICTIM)
    assert readlink(evil) == VICTIM
    port = evil.talk(family)
    assert seen.client(port) == both(EVIL)
    child = evil.fork()
    port = child.talk(family)
    assert seen.client(port) == both(EVIL)


@families
def test_forged_by_a_child_of_another_program(seen, echoes, victim, family):
    """Its memory is its own since the fork: the parent's name does not change."""
    child = victim.fork()
    child("forge", EVIL)
    ports = child.talk(family), victim.talk(family)
    assert [seen.client(port) for port in ports] == [both(VICTIM), both(VICTIM)]


@families
@pytest.mark.parametrize("verb", ("forge", "forge_shared"))
def test_forged_before_the_module_came(echoes, evil, verb, family):
    """Nobody has seen what was executed: what the kernel says now may be false."""
    evil(verb, VICTIM)
    assert readlink(evil) == VICTIM
    with module.unloaded():
        assert module.insmod("mode=enabled", "squelch=disabled").returncode == 0
        with genl.Family() as e7, watch.Watch(e7) as seen:
            port = evil.talk(family)
            assert seen.client(port) in (both("foreign"), both("unknown: unseen"))


@families
def test_name_with_the_kernels_suffix(seen, echoes, family):
    """A file whose name ends in what d_path() puts behind that of a deleted one."""
    path = act.copy(f"{VICTIM} (deleted)")
    with Act(path, user="alice") as program:
        port = program.talk(family)
        assert seen.client(port) == both(path)
    os.unlink(path)


# ---- another's socket ----

@families
def test_port_of_a_program_that_is_gone(seen, there, evil, victim, family):
    """What still comes for the port is for who has it now."""
    fd, port = victim.serve("udp", family)
    far, _ = there.dial("udp", net.LOCAL[family], port)
    there("write", far, 10)
    victim("read", fd, 10)
    assert seen.names({"in": 1}, LPORT=port) == {"in": {VICTIM}}
    victim("close", fd)
    evil.serve("udp", family, port)
    seen.forget()
    there("write", far, 10)
    assert seen.names({"in": 1}, LPORT=port) == {"in": {EVIL}}


@families
def test_echo_identifier_of_a_program_that_is_gone(seen, there, evil, victim, family):
    """An answer to the one's request that the other's socket gets."""
    prot, request = {4: (socket.IPPROTO_ICMP, 8), 6: (socket.IPPROTO_ICMPV6, 128)}[family]

    def ping_socket(program, number):
        fd = program("socket", act.FAMILY[family], socket.SOCK_DGRAM, prot)
        program("bind", fd, net.LOCAL[family], number)
        return fd

    def message(kind, number):
        """An echo message of this machine's end; 0xffff minus its words as checksum."""
        words = kind << 8, number
        return struct.pack("!HHHH", words[0], 0xffff - sum(words) % 0xffff, number, 0).hex()

    fd = ping_socket(victim, 777)
    victim("connect", fd, net.PEER[family], 0)
    victim("bytes", fd, message(request, 777))
    victim("read", fd, 8)
    assert seen.names(PROT=prot) == both(VICTIM)
    victim("close", fd)
    fd = ping_socket(evil, 777)
    raw = there("socket", act.FAMILY[family], socket.SOCK_RAW, prot)
    there("connect", raw, net.LOCAL[family], 0)
    seen.forget()
    there("bytes", raw, message({8: 0, 128: 129}[request], 777))
    assert evil("read", fd, 8) == 8
    found = seen.names({"in": 1}, PROT=prot)["in"]
    assert len(found) == 1 and VICTIM not in found
    assert found == {EVIL} or found.pop().startswith("unknown")


def share_port(option, family, *programs):
    """One port that programs of one user have; and each with its descriptor."""
    port, sides = 0, []
    for program in programs:
        fd = program.socket("udp", family)
        program("option", fd, socket.SOL_SOCKET, option, 1)
        program("bind", fd, net.LOCAL[family], port)
        port = program("port", fd)
        sides.append((program, fd))
    return port, sides


def taken(program, fd):
    """Whether a datagram was there for it."""
    try:
        return program("recv", fd, 10, socket.MSG_DONTWAIT) == 10
    except BlockingIOError:
        return False


@families
@pytest.mark.parametrize("how", ("hash", "filter", "last"))
def test_shared_port(seen, there, evil, victim, how, family):
    """Each datagram is named for who gets it, and after the one is gone never for it."""
    option = socket.SO_REUSEADDR if how == "last" else act.SO_REUSEPORT
    port, sides = share_port(option, family, victim, evil)
    if how == "filter":
        evil("steer", sides[1][1], 1)
    got = {VICTIM: 0, EVIL: 0}
    for _ in range(12):
        far, own = there.dial("udp", net.LOCAL[family], port)
        there("write", far, 10)
        found = seen.names({"in": 1}, RPORT=own)["in"]
        taker = VICTIM if taken(*sides[0]) else EVIL
        got[taker] += 1
        # The filter is hers, and would have to be run to know.
        assert found == {taker} or how == "filter" and found == {"unknown: shared"}
    assert got[EVIL] and (got[VICTIM] > 0) == (how == "hash")
    victim("close", sides[0][1])
    for _ in range(4):
        far, own = there.dial("udp", net.LOCAL[family], port)
        there("write", far, 10)
        found = seen.names({"in": 1}, RPORT=own)["in"]
        assert found == {EVIL} or how == "filter" and found == {"unknown: shared"}


@families
def test_socket_that_was_the_victims(seen, there, evil, victim, family):
    """Alice takes what the victim opened, and lets it hold its copy: who uses it is named."""
    server, port = there.serve("udp", family)
    fd, own = victim.dial("udp", net.PEER[family], port)
    victim("write", fd, 10)
    there("reply", server, 10)
    victim("read", fd, 10)
    stolen = victim.hand(fd, evil)
    assert seen.client(own) == both(VICTIM)
    seen.forget()
    evil("write", stolen, 10)
    there("reply", server, 10)
    assert seen.client(own) == both(EVIL)


@families
def test_parent_that_becomes_the_victim(seen, there, evil, family):
    """She connects, executes the victim in the parent, and goes on in the child."""
    server, port = there.serve("tcp", family)
    fd, own = evil.dial("tcp", net.PEER[family], port)
    child = there("accept", server)
    sibling = evil.fork()
    evil.exec(VICTIM)
    seen.forget()
    sibling("write", fd, 10)
    there("read", child, 10), there("write", child, 10)
    sibling("read", fd, 10)
    assert seen.client(own) == both(EVIL)


@families
def test_parent_that_becomes_the_victim_of_a_child_that_reads(seen, there, evil, family):
    """The child sends nothing that would name it; what it reads is not the victim's all the same."""
    fd, port = evil.serve("udp", family)
    far, _ = there.dial("udp", net.LOCAL[family], port)
    sibling = evil.fork()
    evil.exec(VICTIM)
    seen.forget()
    for _ in range(5):
        there("write", far, 10)
        assert sibling("read", fd, 10) == 10
    assert seen.names({"in": 5}, LPORT=port)["in"] <= {"unknown: searching", "unknown: shared"}


# ---- more than a machine has ----

@families
def test_many_sockets_push_out_nobody_elses(a, there, family):
    """She fills the table; the owner of an older, idle socket is still known."""
    fd, port = a.serve("udp", family)
    with module.unloaded():
        assert module.insmod("mode=enabled", "squelch=disabled", "norule=disabled",
                             "sockets=1024").returncode == 0
        with genl.Family() as e7, watch.Watch(e7) as seen:
            far, own = there.dial("udp", net.LOCAL[family], port)
            a("sendto", fd, 10, 0, net.PEER[family], own)
            other, listening = a.serve("tcp", family)
            with Act(EVIL, user="alice") as evil:
                resource.prlimit(evil.process.pid, resource.RLIMIT_NOFILE, (20000, 20000))
                assert evil("sockets", 5000, net.PEER[family], 9) == 5000
                stats = e7.stats()
                # Each processor may be making room for one more.
                assert stats["sockets"] <= 1024 + os.cpu_count()
                assert stats["evicted"] >= 5000 - 1024
                e7.set("norule", "enabled")
                seen.forget()
                there("write", far, 10)
                assert seen.names({"in": 1}, LPORT=port) == {"in": {A}}
                # Who listens is looked for again, in a work item, where its entry was pushed out.
                for _ in range(50):
                    seen.forget()
                    there.dial("tcp", net.LOCAL[family], listening)
                    names = seen.names(LPORT=listening)
                    if names == both(A):
                        break
                    assert set().union(*names.values()) <= {A, "unknown: searching"}
                assert names == both(A)
                # Hers are known as soon as they are used.
                talking, own = evil.dial("udp", net.PEER[family], 9)
                evil("write", talking, 10)
                assert seen.names({"out": 1}, LPORT=own)["out"] == {EVIL}


def test_many_processes_and_programs_are_forgotten(e7, evil):
    """A storm of short lives, each of another file, leaves nothing behind."""
    e7.set("norule", "disabled")
    before = e7.stats()
    for n in range(100):
        os.link(EVIL, f"{ALICE}/evil{n}")
    for n in range(100):
        # Nobody listens there, so nothing of a connection is left either.
        evil("storm", 3, f"{ALICE}/evil{n}", net.PEER[4], 7999)
        os.unlink(f"{ALICE}/evil{n}")
    after = lambda: {word: e7.stats()[word] - before[word]
                     for word in ("sockets", "processes", "programs")}
    assert net.wait_until(lambda: max(after().values()) < 10, 60), after()


@families
def test_named_in_the_middle_of_a_storm(seen, a, there, echoes, evil, family):
    server, port = there.serve("tcp", family)
    # What is known of the storm is not told.
    seen.e7.allow("tcp", EVIL), seen.e7.allow("tcp", net.PEER_TALK)
    evil.begin("storm", 200, EVIL, net.PEER[family], net.PORT)
    for _ in range(20):
        fd, own = a.dial("tcp", net.PEER[family], port)
        child = there("accept", server)
        a("write", fd, 10)
        there("read", child, 10)
        a("close", fd), there("close", child)
    assert evil.answer() == 200
    assert seen.names(RPORT=port) == both(A)
    # What comes for a socket that is gone, and the reset that answers it, may be nobody's.
    rest = seen.names({}, RPORT=net.PORT, REMOTE=net.PEER[family])
    assert rest.get("in", set()) <= {"unknown: nosocket"}
    assert rest.get("out", set()) <= {"kernel", "unknown: nosocket"}
