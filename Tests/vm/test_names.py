# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is named for a packet: every packet of each flow, both ways, both families.

A and B are two files with the same program, PEER is a third; the peer's side of a flow is looked
at too where it is a server's. No rule is in force, so every packet tells its name.
"""

import contextlib
import ipaddress
import os
import socket
import struct
import subprocess

import pytest

from kit import act, defs, genl, module, net, watch
from kit.act import A, B, PEER, ROOT, Act
from kit.watch import both

families = pytest.mark.parametrize("family", (4, 6))
kinds = pytest.mark.parametrize("kind", ("tcp", "udp"))


# ---- each way to send ----

def by_zerocopy(a, fd, *_):
    a("option", fd, socket.SOL_SOCKET, act.SO_ZEROCOPY, 1)
    return a("send", fd, 1000, act.MSG_ZEROCOPY)


def by_more(a, fd, *_):
    return a("send", fd, 10, act.MSG_MORE) + a("send", fd, 10, 0)


def by_cork(a, fd, kind, _):
    level, name = {"tcp": (socket.IPPROTO_TCP, socket.TCP_CORK),
                   "udp": (socket.IPPROTO_UDP, act.UDP_CORK)}[kind]
    a("option", fd, level, name, 1)
    count = a("write", fd, 10) + a("write", fd, 10)
    a("option", fd, level, name, 0)
    return count


WAYS = {
    "write": lambda a, fd, *_: a("write", fd, 10),
    "sendto": lambda a, fd, kind, to: a("sendto", fd, 10, 0, to, net.PORT),
    "sendmsg": lambda a, fd, kind, to: a("sendmsg", fd, 10, to, net.PORT),
    "sendmmsg": lambda a, fd, kind, to: a("sendmmsg", fd, 10, to, net.PORT) * 10,
    "sendfile": lambda a, fd, *_: a("sendfile", fd, 1000),
    "splice": lambda a, fd, *_: a("splice", fd, 1000),
    "zerocopy": by_zerocopy,
    "MSG_MORE": by_more,
    "cork": by_cork,
}


@families
@kinds
@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_send(seen, echoes, a, way, kind, family):
    if kind == "udp" and way in ("sendto", "sendmsg", "sendmmsg"):
        fd = a.socket(kind, family)
    else:
        fd, _ = a.dial(kind, net.PEER[family])
    count = WAYS[way](a, fd, kind, net.PEER[family])
    port = a("port", fd)
    assert a("read", fd, count) == count
    a("close", fd)
    assert seen.client(port) == both(A)
    assert seen.server(port) == both(net.PEER_TALK)


@families
def test_fast_open(seen, a, there, family):
    net.run("ip", "netns", "exec", net.NAMESPACE, "sysctl", "-q", "net.ipv4.tcp_fastopen=3")
    server, port = there.serve("tcp", family)
    there("option", server, socket.IPPROTO_TCP, act.TCP_FASTOPEN, 5)
    for n in range(2):
        before = _counter("TCPFastOpenActive")
        fd = a.socket("tcp", family)
        assert a("sendto", fd, 100, act.MSG_FASTOPEN, net.PEER[family], port) == 100
        child = there("accept", server)
        assert there("read", child, 100) == there("write", child, 100) == a("read", fd, 100)
        own = a("port", fd)
        a("close", fd), there("close", child)
        assert _counter("TCPFastOpenActive") - before == n, "the second one has the cookie"
        assert seen.client(own) == both(A)
        assert seen.server(own) == both(PEER)


def _counter(name):
    """A counter of this namespace's TCP."""
    with open("/proc/self/net/netstat", encoding="ascii") as file:
        words, numbers = file.readline().split(), file.readline().split()
    return int(numbers[words.index(name)])


@families
@kinds
@pytest.mark.parametrize("ring", ("plain", "registered", "sqpoll"))
def test_io_uring(seen, echoes, a, ring, kind, family):
    a("ring", act.SQPOLL if ring == "sqpoll" else 0)
    fd, flags = a.socket(kind, family), 0
    a("bind", fd, net.LOCAL[family], 0)
    port = a("port", fd)
    if ring == "registered":
        # It is in no table of descriptors from now on.
        a("ring_register", fd)
        a("close", fd)
        fd, flags = 0, act.FIXED_FILE
    a("ring_connect", flags, fd, net.PEER[family], net.PORT)
    for _ in range(2):
        assert a("ring_send", flags, fd, 10) == a("ring_recv", flags, fd, 10) == 10
    assert seen.client(port) == both(A)
    a.end()
    assert seen.client(port) == both(A)


@families
def test_udplite(seen, a, there, family):
    if not net.has("udplite"):
        pytest.skip("the kernel has no udplite")
    server, port = there.serve("udplite", family)
    fd, own = a.dial("udplite", net.PEER[family], port)
    a("write", fd, 10)
    there("reply", server, 10)
    a("read", fd, 10)
    assert seen.client(own) == both(A)
    assert seen.server(own) == both(PEER)


@families
def test_ping_socket(seen, a, family):
    prot, request = {4: (socket.IPPROTO_ICMP, "08"), 6: (socket.IPPROTO_ICMPV6, "80")}[family]
    fd = a("socket", act.FAMILY[family], socket.SOCK_DGRAM, prot)
    a("connect", fd, net.PEER[family], 0)
    a("bytes", fd, request + "00" * 15)
    a("read", fd, 16)
    assert seen.names(PROT=prot) == both(A)
    # There the kernel answers.
    assert seen.names(PROT=prot, namespace=net.NAMESPACE) == both("kernel")


@families
@pytest.mark.parametrize("prot", (act.RAW_TEST, socket.IPPROTO_TCP, socket.IPPROTO_UDP))
def test_raw_socket(seen, a, prot, family):
    fd = a("socket", act.FAMILY[family], socket.SOCK_RAW, prot)
    a("connect", fd, net.PEER[family], 0)
    # As TCP, a SYN from port 4660 to 22136; as UDP, a datagram of as many bytes.
    a("bytes", fd, "12345678" + ("0014" "0000" if prot == socket.IPPROTO_UDP else "00000000")
      + "00000000" "50021000" "00000000")
    found = seen.names({"out": 1}, PROT=prot, REMOTE=net.PEER[family])
    assert found["out"] == {A}


@families
def test_multipath_tcp(seen, a, there, family):
    """Its second subflow begins in a work item, from another address."""
    second = {4: "10.77.0.3", 6: "fd77::3"}[family]
    device, prefix = ("e7a", f"{second}/{'24' if family == 4 else '64'}")
    net.run("ip", "address", "add", prefix, "dev", device, *(["nodad"] if family == 6 else []))
    net.run("ip", "mptcp", "endpoint", "add", second, "dev", device, "subflow")
    try:
        server, port = there.serve("mptcp", family)
        fd = a.socket("mptcp", family)
        a("bind", fd, net.LOCAL[family], 0)
        a("connect", fd, net.PEER[family], port)
        child = there("accept", server)

        def exchange():
            assert there("read", child, a("write", fd, 1000)) == 1000
            assert a("read", fd, there("write", child, 1000)) == 1000

        exchange()
        assert seen.names(RPORT=port, LOCAL=net.LOCAL[family]) == both(A)
        assert net.wait_until(lambda: len(seen.events({}, RPORT=port, LOCAL=second)) >= 4)
        assert seen.names(RPORT=port, LOCAL=second) == both(A)
        seen.forget()
        for _ in range(5):
            exchange()
        assert seen.names(RPORT=port) == both(A)
        assert seen.names(LPORT=port, namespace=net.NAMESPACE) == both(PEER)
        a("close", fd), there("close", child)
        found = seen.names(RPORT=port)
        # A kernel's socket acknowledges the last FIN.
        assert found["in"] == {A} and found["out"] <= {A, "kernel"}
    finally:
        net.run("ip", "mptcp", "endpoint", "flush")
        net.run("ip", "address", "del", prefix, "dev", device)


# ---- servers ----

@families
@kinds
def test_server(seen, a, kind, family):
    server, port = a.serve(kind, family)
    with Act(PEER, namespace=net.NAMESPACE) as there:
        fd, _ = there.dial(kind, net.LOCAL[family], port)
        there("write", fd, 10)
        # The handshake is over, nobody has accepted.
        enough = {"in": 3, "out": 1} if kind == "tcp" else {"in": 1}
        assert seen.names(enough, LPORT=port) == ({"in": {A}, "out": {A}} if kind == "tcp"
                                                  else {"in": {A}})
        if kind == "tcp":
            child = a("accept", server)
            a("write", child, a("read", child, 10))
            a("close", child)
        else:
            a("reply", server, 10)
        there("read", fd, 10)
    assert seen.names(LPORT=port) == both(A)


@pytest.fixture
def associations(request):
    """A protocol of associations, where the kernel has it."""
    if not net.has(request.param):
        pytest.skip(f"the kernel has no {request.param}")
    return request.param


kinds_of_association = pytest.mark.parametrize("associations", ("sctp", "dccp"), indirect=True)


def come(port, kind, family, count):
    """A peer's association with a server, and so many packets of data."""
    with Act(PEER, namespace=net.NAMESPACE) as there:
        fd, own = there.dial(kind, net.LOCAL[family], port)
        for _ in range(count):
            there("write", fd, 10)
        return own


@families
@kinds_of_association
def test_first_packets_to_a_server(seen, a, b, associations, family):
    kind = associations
    server, port = a.serve(kind, family)
    own = come(port, kind, family, 2)
    # DCCP answers the request, and two packets are too few for an acknowledgement.
    enough = {"in": 4, "out": {"sctp": 3, "dccp": 1}[kind]}
    found = seen.names(enough, LPORT=port, RPORT=own)
    # The answer to an INIT is the kernel's own.
    assert found["in"] == {A} and found["out"] <= {A, "kernel"}
    # Nobody listens, then somebody else does.
    a("close", server)
    with pytest.raises(OSError):
        come(port, kind, family, 0)
    seen.forget()
    server, port = b.serve(kind, family, port)
    own = come(port, kind, family, 2)
    found = seen.names(enough, LPORT=port, RPORT=own)
    assert found["in"] == {B} and found["out"] <= {B, "kernel"}


@families
@kinds_of_association
def test_first_packets_to_a_server_at_an_address(seen, a, associations, family):
    """The other family's address, and another one, are not its own."""
    fd = a.socket(associations, family)
    a("bind", fd, net.LOCAL[family], 0)
    a("listen", fd, 8)
    port = a("port", fd)
    own = come(port, associations, family, 1)
    assert seen.names({"in": 3}, LPORT=port, RPORT=own)["in"] == {A}
    seen.forget()
    with pytest.raises(OSError):
        come(port, associations, 10 - family, 0)
    found = seen.names({"in": 1}, LPORT=port)
    assert found["in"] == {"unknown: nosocket"}


@families
def test_first_packets_to_a_group_of_servers(seen, a, b, family):
    """Which of them takes it nobody can tell beforehand."""
    if not net.has("dccp"):
        pytest.skip("the kernel has no dccp")
    port = 0
    for program in (a, b):
        fd = program.socket("dccp", family)
        program("option", fd, socket.SOL_SOCKET, act.SO_REUSEPORT, 1)
        program("bind", fd, net.LOCAL[family], port)
        program("listen", fd, 8)
        port = program("port", fd)
    with Act(PEER, namespace=net.NAMESPACE) as there:
        there.dial("dccp", net.LOCAL[family], port)
        first = seen.events({"in": 1}, LPORT=port)
    first = next(e for e in first if defs.DIRECTION[e["DIRECTION"]] == "in")
    assert watch.name(first) == "unknown: nosocket"


@families
def test_who_accepts_takes_over(seen, a, b, family):
    """As under a supervisor that listens for its services."""
    listener, port = a.serve("tcp", family)
    inherited = a.hand(listener, b)
    a("close", listener)
    with Act(PEER, namespace=net.NAMESPACE) as there:
        fd, _ = there.dial("tcp", net.LOCAL[family], port)
        assert seen.names(LPORT=port) == both(A)
        child = b("accept", inherited)
        seen.forget()
        there("write", fd, 10)
        b("write", child, b("read", child, 10))
        there("read", fd, 10)
    assert seen.names(LPORT=port) == both(B)


@families
def test_reset_from_no_socket(seen, there, family):
    with pytest.raises(ConnectionRefusedError):
        there.dial("tcp", net.LOCAL[family], 7999)
    found = seen.names(LPORT=7999)
    assert found["in"] == {"unknown: nosocket"}
    assert found["out"] <= {"kernel", "unknown: nosocket"}


# ---- what comes when the program does nothing ----

@pytest.fixture
def cut(there):
    """The peer acknowledges nothing, from the call on until the end."""
    def route(word):
        for address in net.LOCAL.values():
            net.run("ip", "-n", net.NAMESPACE, "route", word, "blackhole", address)

    with contextlib.ExitStack() as stack:
        def begin():
            route("add")
            stack.callback(route, "del")
        yield begin, stack.close


@families
@pytest.mark.parametrize("ends", (False, True), ids=("waits", "ends"))
def test_retransmits(seen, a, there, cut, ends, family):
    server, port = there.serve("tcp", family)
    fd, own = a.dial("tcp", net.PEER[family], port)
    child = there("accept", server)
    begin, end = cut
    begin()
    a("write", fd, 10)
    seen.forget()
    if ends:
        a.end()
    assert seen.client(own, enough={"out": 3}) == {"out": {A}}
    end()
    assert there("read", child, 10) == 10
    assert seen.client(own) == both(A)


@families
def test_unsent_data_of_a_program_that_ended(seen, a, there, family):
    """What its peer's window held back goes out from softirq, then the FIN."""
    server, port = there.serve("tcp", family)
    fd = a.socket("tcp", family)
    a("option", fd, socket.SOL_SOCKET, 32, 2 << 20)  # SO_SNDBUFFORCE
    a("connect", fd, net.PEER[family], port)
    own, count = a("port", fd), 1 << 20
    child = there("accept", server)
    assert a("write", fd, count) == count
    a.end()
    seen.forget()
    assert there("read", child, count + 1) == count
    there("close", child)
    assert seen.client(own, enough={"in": 5, "out": 5}) == both(A)


@families
def test_reset_at_the_end(seen, a, echoes, family):
    fd, port = a.dial("tcp", net.PEER[family])
    a("linger", fd)
    seen.forget()
    a.end()
    assert seen.client(port, enough={"out": 1}) == {"out": {A}}


@families
def test_time_wait(seen, a, there, family):
    """The peer closes long after: a time-wait socket takes the FIN and acknowledges it."""
    server, port = there.serve("tcp", family)
    fd, own = a.dial("tcp", net.PEER[family], port)
    child = there("accept", server)
    a("close", fd)
    assert there("read", child, 1) == 0
    assert seen.client(own) == both(A)
    a.end()
    seen.forget()
    there("write", child, 0)
    there("close", child)
    found = seen.client(own)
    assert found["in"] == {A}
    # A kernel's socket sends the acknowledgement.
    assert found["out"] <= {A, "kernel"}


# ---- sockets that go from program to program ----

@families
@kinds
def test_fork_shares_a_socket(seen, a, echoes, kind, family):
    """Whoever of two programs wrote last is named, for the answer too."""
    fd, port = a.dial(kind, net.PEER[family])
    child = a.fork()
    child.exec(B)
    for program, path in ((a, A), (child, B), (a, A), (child, B)):
        seen.forget()
        program("write", fd, 10)
        program("read", fd, 10)
        assert seen.client(port) == both(path)


@families
@kinds
def test_passed_socket_is_its_receivers(seen, a, b, echoes, kind, family):
    fd, port = a.dial(kind, net.PEER[family])
    a("write", fd, 10), a("read", fd, 10)
    taken = a.hand(fd, b)
    a("close", fd)
    assert seen.client(port) == both(A)
    seen.forget()
    for _ in range(2):
        b("write", taken, 10), b("read", taken, 10)
    b.end()
    assert seen.client(port) == both(B)


@families
@kinds
def test_exec_takes_its_sockets_along(seen, a, there, kind, family):
    """Also what the kernel sends and takes before the new program has touched the socket."""
    server, port = there.serve(kind, family)
    fd, own = a.dial(kind, net.PEER[family], port)
    a("write", fd, 10)
    if kind == "tcp":
        child = there("accept", server)
        there("read", child, 10)
        answer = lambda: there("write", child, 10)
    else:
        answer = lambda: there("reply", server, 10)
    assert set().union(*seen.client(own, enough={"out": 1}).values()) == {A}
    a.exec(B)
    seen.forget()
    answer()
    assert seen.client(own, enough={"in": 1}) == (both(B) if kind == "tcp" else {"in": {B}})
    a("read", fd, 10)
    a("write", fd, 10)
    a("close", fd)
    assert seen.client(own) == both(B)


@families
@kinds
def test_shared_descriptor_table(seen, a, echoes, kind, family):
    fd, port = a.dial(kind, net.PEER[family])
    child = a.fork(act.CLONE_FILES)
    child("write", fd, 10), child("read", fd, 10)
    opened, other = child.dial(kind, net.PEER[family])
    a("write", opened, 10), a("read", opened, 10)
    assert seen.client(port) == seen.client(other) == both(A)


@families
@kinds
def test_threads(seen, a, echoes, kind, family):
    fd, port = a.dial(kind, net.PEER[family])
    thread = a.thread()
    thread("write", fd, 10), thread("read", fd, 10)
    opened, other = thread.dial(kind, net.PEER[family])
    a("write", opened, 10), a("read", opened, 10)
    assert seen.client(port) == seen.client(other) == both(A)


@families
def test_exec_by_a_thread(seen, a, echoes, family):
    """It takes over the process, and its sockets."""
    fd, port = a.dial("tcp", net.PEER[family])
    thread = a.thread()
    # The new program listens where the old one's main thread did.
    thread.begin("exec", B)
    assert a.answer() == 0
    seen.forget()
    a("write", fd, 10), a("read", fd, 10)
    assert seen.client(port) == both(B)


# ---- which file ----

@families
@kinds
def test_setuid_program(seen, echoes, kind, family):
    path = act.copy(f"{ROOT}/setuid", 0o4755)
    with Act(path, user="alice") as program:
        port = program.talk(family, kind)
        assert seen.client(port) == both(path)


@families
@kinds
def test_script(seen, echoes, kind, family):
    """The interpreter is named, and beside it what it was told to run."""
    path = f"{ROOT}/script"
    with open(path, "w", encoding="ascii") as file:
        file.write(f"#!{A} --option\n")
    os.chmod(path, 0o755)
    with Act(path) as program:
        port = program.talk(family, kind)
        assert seen.client(port) == both(A)
        assert {e["SCRIPT"] for e in seen.events(LPORT=port)} == {path}


@families
def test_a_program_has_no_script(seen, a, echoes, family):
    port = a.talk(family)
    assert all("SCRIPT" not in e for e in seen.events(LPORT=port))


@families
@kinds
def test_memfd(seen, a, echoes, kind, family):
    fd = a("memfd", A, A)
    a("exec_fd", fd)
    port = seen.talk_of(a, family, kind)
    assert seen.client(port) == both("memfd")
    assert all(e.get("PATH") != A for e in seen.events(LPORT=port))


@families
@kinds
def test_deleted_before_exec(seen, a, echoes, kind, family):
    path = act.copy(f"{ROOT}/gone")
    fd = a("open", path, os.O_RDONLY)
    os.unlink(path)
    a("exec_fd", fd)
    port = seen.talk_of(a, family, kind)
    assert seen.client(port) == both("deleted")
    assert all(e.get("PATH") not in (A, path) for e in seen.events(LPORT=port))


@families
@pytest.mark.parametrize("when", ("before it talks", "after it talked"))
def test_deleted_while_it_runs(seen, echoes, when, family):
    """As after each package upgrade: what it was when it was executed."""
    path = act.copy(f"{ROOT}/upgraded")
    with Act(path) as program:
        ports = []
        if when == "after it talked":
            ports.append(program.talk(family))
        os.unlink(path)
        ports.append(program.talk(family))
        for port in ports:
            assert seen.client(port) == both(path)


@families
def test_replaced_while_it_runs(seen, echoes, family):
    """Both the old and the new program have the name that each was executed by."""
    path = act.copy(f"{ROOT}/replaced")
    with Act(path) as old:
        os.rename(act.copy(f"{ROOT}/new"), path)
        with Act(path) as new:
            ports = [old.talk(family), new.talk(family)]
            for port in ports:
                assert seen.client(port) == both(path)
        os.rename(path, f"{ROOT}/renamed")
        port = old.talk(family)
        assert seen.client(port) == both(path)


@families
def test_name_that_ends_like_a_deleted_ones(seen, echoes, family):
    path = act.copy(f"{ROOT}/late")
    os.rename(path, path + " (deleted)")
    with Act(path + " (deleted)") as program:
        port = program.talk(family)
        assert seen.client(port) == both(path + " (deleted)")


@families
def test_links(seen, echoes, family):
    hard, symbolic = f"{ROOT}/hard", f"{ROOT}/symbolic"
    os.link(A, hard)
    os.symlink(hard, symbolic)
    try:
        with Act(hard) as one, Act(symbolic) as two, Act(A) as three:
            ports = [program.talk(family) for program in (one, two, three)]
            assert [seen.client(port) for port in ports] == [both(hard), both(hard), both(A)]
    finally:
        os.unlink(symbolic), os.unlink(hard)


@families
def test_bind_mount(seen, echoes, family):
    path = f"{ROOT}/bound"
    with open(path, "w", encoding="ascii"):
        pass
    net.run("mount", "--bind", A, path)
    try:
        with Act(path) as program:
            port = program.talk(family)
            assert seen.client(port) == both(path)
    finally:
        net.run("umount", "--lazy", path)


@families
def test_overlay(seen, echoes, family):
    folder = f"{ROOT}/overlay"
    for name in ("lower", "upper", "work", "merged"):
        os.makedirs(f"{folder}/{name}", exist_ok=True)
    act.copy(f"{folder}/lower/act")
    net.run("mount", "-t", "overlay", "none", f"{folder}/merged", "-o",
            f"lowerdir={folder}/lower,upperdir={folder}/upper,workdir={folder}/work")
    try:
        with Act(f"{folder}/merged/act") as program:
            port = program.talk(family)
            assert seen.client(port) == both(f"{folder}/merged/act")
    finally:
        net.run("umount", "--lazy", f"{folder}/merged")


# ---- other roots, other mount namespaces ----

def box(program):
    """A root of its own for a program, where A is at its path on the host."""
    folder = f"{ROOT}/box"
    os.makedirs(folder, exist_ok=True)
    program("unshare", act.CLONE_NEWNS)
    program("mount", "none", "/", "none", act.MS_REC | act.MS_PRIVATE)
    program("mount", "none", folder, "tmpfs", 0)
    # Nobody else sees it.
    assert os.listdir(folder) == []
    act.copy(f"/proc/{program.process.pid}/root{folder}{A}")
    return folder


@families
@pytest.mark.parametrize("way", ("pivot_root", "chroot"))
def test_same_path_in_a_container(seen, a, echoes, way, family):
    folder = box(a)
    a(way, folder)
    a.exec(A)
    port = seen.talk_of(a, family)
    assert seen.client(port) == both("foreign")
    inode = os.stat(f"/proc/{a.process.pid}/ns/mnt").st_ino
    assert {e["MNTNS"] for e in seen.events(LPORT=port)} == {inode}


@families
def test_service_with_a_private_mount_namespace(seen, a, echoes, family):
    """As systemd makes it for PrivateTmp=: the file is the host's."""
    a("unshare", act.CLONE_NEWNS)
    a("mount", "none", "/", "none", act.MS_REC | act.MS_PRIVATE)
    a("mount", "none", "/tmp", "tmpfs", 0)
    a.exec(B)
    a("setuid", 61000)
    port = seen.talk_of(a, family)
    assert seen.client(port) == both(B)
    assert all("MNTNS" not in e for e in seen.events(LPORT=port))


@families
def test_daemon_in_a_chroot(seen, a, echoes, family):
    inside = act.copy(f"{ROOT}/jail{A}")
    a("chroot", f"{ROOT}/jail")
    a.exec(A)
    port = seen.talk_of(a, family)
    assert seen.client(port) == both(inside)


# ---- the kernel's own ----

@families
def test_tunnel(seen, a, there, family):
    """The inner packet is the program's, the outer one, sent in its context, is not."""
    mode, prot = {4: ("ipip", socket.IPPROTO_IPIP), 6: ("ip6ip6", socket.IPPROTO_IPV6)}[family]
    inner = {4: ("10.78.0.1", "10.78.0.2"), 6: ("fd78::1", "fd78::2")}[family]
    dash, width = [f"-{family}"], {4: "24", 6: "64"}[family]
    ends = (([], net.LOCAL, net.PEER, inner[0]),
            (["-n", net.NAMESPACE], net.PEER, net.LOCAL, inner[1]))
    for prefix, local, remote, address in ends:
        net.run("ip", *prefix, *dash, "tunnel", "add", "e7t", "mode", mode, "local",
                local[family], "remote", remote[family])
        net.run("ip", *prefix, "address", "add", f"{address}/{width}", "dev", "e7t",
                *(["nodad"] if family == 6 else []))
        net.run("ip", *prefix, "link", "set", "e7t", "up")
    try:
        server, port = there.serve("udp", family)
        fd, own = a.dial("udp", inner[1], port)
        a("write", fd, 10)
        there("reply", server, 10)
        a("read", fd, 10)
        assert seen.client(own) == both(A)
        assert seen.names(PROT=prot) == both("kernel")
    finally:
        for prefix, *_ in ends:
            net.run("ip", *prefix, *dash, "tunnel", "del", "e7t")


@families
def test_kernels_socket(seen, a, there, family):
    """VXLAN's outer datagrams leave and enter by a UDP socket of the kernel's."""
    inner = ("10.79.0.1", "10.79.0.2")
    ends = (([], net.LOCAL, net.PEER, "e7a", inner[0]),
            (["-n", net.NAMESPACE], net.PEER, net.LOCAL, "e7b", inner[1]))
    for prefix, local, remote, device, address in ends:
        net.run("ip", *prefix, "link", "add", "e7x", "type", "vxlan", "id", "7", "dstport", "4789",
                "local", local[family], "remote", remote[family], "dev", device)
        net.run("ip", *prefix, "address", "add", f"{address}/24", "dev", "e7x")
        net.run("ip", *prefix, "link", "set", "e7x", "up")
    try:
        server, port = there.serve("udp", 4)
        fd, own = a.dial("udp", inner[1], port)
        a("write", fd, 10)
        there("reply", server, 10)
        a("read", fd, 10)
        assert seen.client(own) == both(A)
        found = seen.names({}, PROT=socket.IPPROTO_UDP, RPORT=4789)
        found["in"] = seen.names({"in": 1}, PROT=socket.IPPROTO_UDP, LPORT=4789)["in"]
        assert found == both("kernel")
    finally:
        for prefix, *_ in ends:
            net.run("ip", *prefix, "link", "del", "e7x")


def segment(family, source, destination, sport, dport, flags):
    """An IP packet with a TCP header and nothing more."""
    addresses = b"".join(ipaddress.ip_address(text).packed for text in (source, destination))
    tcp = struct.pack("!HHIIBBHHH", sport, dport, 1, 0, 5 << 4, flags, 1024, 0, 0)
    pseudo = addresses + struct.pack("!IHBB", len(tcp), 0, 0, 6)
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    if family == 6:
        return struct.pack("!IHBB", 6 << 28, len(tcp), 6, 64) + addresses + tcp
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + addresses
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + tcp


def checksum(data):
    """RFC 1071's, of an even number of bytes."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


@families
def test_tun_writer_is_not_named(seen, a, b, family):
    """Its packets cause answers of other programs' sockets, in its own context."""
    own, far = {4: ("10.76.0.1", "10.76.0.2"), 6: ("fd76::1", "fd76::2")}[family]
    net.run("modprobe", "tun")
    tun = a("tun", "e7u")
    net.run("ip", "address", "add", f"{own}/{'24' if family == 4 else '64'}", "dev", "e7u",
            *(["nodad"] if family == 6 else []))
    net.run("ip", "link", "set", "e7u", "up")
    _, port = b.serve("tcp", family)
    a("bytes", tun, segment(family, far, own, 1234, port, 2).hex())
    assert seen.names(LPORT=port) == both(B)
    # Where nobody listens, the kernel answers.
    a("bytes", tun, segment(family, far, own, 1234, 7999, 2).hex())
    found = seen.names(LPORT=7999)
    assert found["in"] == {"unknown: nosocket"}
    assert found["out"] <= {"kernel", "unknown: nosocket"}


# ---- processes that come and go ----

@families
def test_short_lives(seen, a, b, there, family):
    """Processes of two programs that connect, send and end, all at once."""
    ports = [there.serve("tcp", family)[1] for _ in range(2)]
    for program, path, port in zip((a, b), (A, B), ports):
        program.begin("storm", 20, path, net.PEER[family], port)
    assert a.answer() == b.answer() == 20
    # A SYN, its answer, data, two ends.
    assert [seen.names({"in": 40, "out": 60}, RPORT=port) for port in ports] == [both(A), both(B)]


@families
def test_pid_that_is_used_again(seen, a, there, cut, family):
    """What an ended program left unacknowledged stays its own, whoever has its pid."""
    server, port = there.serve("tcp", family)
    fd, own = a.dial("tcp", net.PEER[family], port)
    child = there("accept", server)
    begin, end = cut
    begin()
    a("write", fd, 10)
    pid = a.process.pid
    a.end()
    successor = None
    for _ in range(100):
        with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
            file.write(str(pid - 1))
        successor = Act(B)
        if successor.process.pid == pid:
            break
        successor.__exit__()
    with successor as b:
        assert b.process.pid == pid
        datagrams = b.socket("udp", family)
        b("sendto", datagrams, 10, 0, net.PEER[family], 9)
        seen.forget()
        assert seen.client(own, enough={"out": 1}) == {"out": {A}}
        end()
        assert there("read", child, 10) == 10
        assert seen.client(own) == both(A)
        b("sendto", datagrams, 10, 0, net.PEER[family], 9)
        found = seen.client(b("port", datagrams), enough={"out": 1})
        assert found["out"] == {B}


# ---- sockets that are older than the module ----

@contextlib.contextmanager
def young(*parameters):
    """What the module sees that was loaded after all that is there."""
    assert module.insmod("mode=enabled", "squelch=disabled", *parameters).returncode == 0
    with genl.Family() as e7, watch.Watch(e7) as seen:
        yield seen


def settles(seen, act_once, expected, **match):
    """Packets get their name once the walk is done; until then they say that it goes on."""
    def names():
        seen.forget()
        act_once()
        return seen.names({}, **match)

    found = names()
    assert net.wait_until(lambda: names() == expected, 30), (names(), expected)
    for direction, first in found.items():
        assert first <= expected[direction] | {"unknown: searching"}


@families
def test_older_connection(a, there, family):
    """The program does nothing: packets come in, the kernel acknowledges them."""
    server, port = there.serve("tcp", family)
    fd, own = a.dial("tcp", net.PEER[family], port)
    child = there("accept", server)
    with module.unloaded(), young() as seen:
        settles(seen, lambda: there("write", child, 3000), both(A), LPORT=own)
        seen.forget()
        a("write", fd, 10)
        assert seen.client(own) == both(A)


@families
def test_older_connection_is_held(a, there, family):
    """What would be told of an unknown program is dropped, and comes again when there is a name."""
    server, port = there.serve("tcp", family)
    fd, own = a.dial("tcp", net.PEER[family], port)
    child = there("accept", server)
    with module.unloaded(), young("hold=enabled") as seen:
        there("write", child, 10)
        assert a("read", fd, 10) == 10
        assert seen.client(own) == both(A)


@families
def test_older_listener(a, there, family):
    _, port = a.serve("tcp", family)

    def dial():
        fd, _ = there.dial("tcp", net.LOCAL[family], port)
        there("close", fd)

    with module.unloaded(), young() as seen:
        settles(seen, dial, both(A), LPORT=port)


@families
def test_older_receiver(a, there, family):
    _, port = a.serve("udp", family)
    fd, _ = there.dial("udp", net.LOCAL[family], port)
    with module.unloaded(), young() as seen:
        settles(seen, lambda: there("write", fd, 10), {"in": {A}}, LPORT=port)


@families
def test_older_socket_of_two_programs(a, b, there, family):
    """Either might be meant, until one of them uses it."""
    fd, port = a.serve("udp", family)
    shared = a.hand(fd, b)
    far, own = there.dial("udp", net.LOCAL[family], port)
    with module.unloaded(), young() as seen:
        settles(seen, lambda: there("write", far, 10), {"in": {"unknown: shared"}}, LPORT=port)
        b("sendto", shared, 10, 0, net.PEER[family], own)
        seen.forget()
        there("write", far, 10)
        assert seen.names({"in": 1}, LPORT=port) == {"in": {B}}


@families
def test_older_socket_that_nobody_holds(a, there, family):
    """It is on its way from one process to another."""
    fd, port = a.serve("udp", family)
    far, _ = there.dial("udp", net.LOCAL[family], port)
    ends = socket.socketpair()
    passing = a.fetch(fd)
    socket.send_fds(ends[0], [b"x"], [passing])
    os.close(passing)
    a("close", fd)
    with ends[0], ends[1], module.unloaded(), young() as seen:
        settles(seen, lambda: there("write", far, 10), {"in": {"unknown: nobody"}}, LPORT=port)


@families
def test_older_process_with_a_younger_socket(a, there, family):
    """Its start was not seen, its file was not forged."""
    server, port = there.serve("udp", family)
    with module.unloaded(), young() as seen:
        def exchange():
            fd, _ = a.dial("udp", net.PEER[family], port)
            a("write", fd, 10)
            there("reply", server, 10)
            a("read", fd, 10), a("close", fd)

        exchange()
        assert seen.names(RPORT=port) == both(A)
