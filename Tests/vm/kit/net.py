# SPDX-License-Identifier: GPL-2.0-or-later
"""Real peers: a network namespace behind a veth pair, servers, other users."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time

# This machine's end and the peer's, by family.
LOCAL = {4: "10.77.0.1", 6: "fd77::1"}
PEER = {4: "10.77.0.2", 6: "fd77::2"}
LOOPBACK = {4: "127.0.0.1", 6: "::1"}
NAMESPACE = "peer"
# Its network alone.  With ip-netns a program has mounts of its own too, by which it is known later.
NETWORK = "/run/netns/peer"
PORT = 7000
PING = os.path.realpath(shutil.which("ping") or "/usr/bin/ping")


def run(*words, **options):
    """A command that must succeed."""
    return subprocess.run(words, check=True, capture_output=True, text=True, **options)


def has(prot):
    """Whether the kernel has this of TCP's and UDP's kin.

    Distributions keep some from being loaded by a socket, not by root; 6.16 has no DCCP any more,
    7.1 no UDP-Lite.
    """
    modules = {"sctp": ["sctp"], "dccp": ["dccp", "dccp_ipv4", "dccp_ipv6"]}.get(prot, [])
    if prot == "udplite":
        try:
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDPLITE).close()
        except OSError:
            return False
    return all(subprocess.run(["modprobe", name], capture_output=True, check=False).returncode == 0
               for name in modules)


@contextlib.contextmanager
def peer():
    """A namespace `peer` with addresses of both families on a veth pair."""
    run("ip", "netns", "add", NAMESPACE)
    try:
        run("ip", "link", "add", "e7a", "type", "veth", "peer", "name", "e7b",
            "netns", NAMESPACE)
        for prefix, device, addresses in (([], "e7a", LOCAL),
                                          (["-n", NAMESPACE], "e7b", PEER)):
            run("ip", *prefix, "address", "add", addresses[4] + "/24", "dev", device)
            run("ip", *prefix, "address", "add", addresses[6] + "/64", "dev", device, "nodad")
            run("ip", *prefix, "link", "set", device, "up")
            run("ip", *prefix, "link", "set", "lo", "up")
        yield
    finally:
        subprocess.run(["ip", "link", "del", "e7a"], check=False)
        run("ip", "netns", "del", NAMESPACE)


@contextlib.contextmanager
def vrf(name, table):
    """This machine's end is part of a VRF."""
    run("ip", "link", "add", name, "type", "vrf", "table", str(table))
    try:
        run("ip", "link", "set", name, "up")
        _enslave("master", name)
        yield
    finally:
        _enslave("nomaster")
        run("ip", "link", "del", name)


def _enslave(*words):
    run("ip", "link", "set", "e7a", *words)
    # IPv6 forgets its addresses on the way.
    run("ip", "address", "replace", LOCAL[6] + "/64", "dev", "e7a", "nodad")


# Where programs of the scenarios' own live: named by no rule about anything else.
FOLDER = "/run/e7-scenarios/below/deep"
TALK = f"{FOLDER}/talk"
PEER_TALK = "/run/e7-scenarios-peer/talk"


def build_talk(path=TALK):
    """Compiles programs/talk.c to a path."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    source = os.path.join(os.path.dirname(__file__), "../programs/talk.c")
    run("gcc", "-O1", "-o", path, source)
    return path


def _inside(namespace):
    if namespace == NETWORK:
        return ["nsenter", f"--net={NETWORK}"]
    return ["ip", "netns", "exec", namespace] if namespace else []


@contextlib.contextmanager
def echo(kind, port=PORT, namespace=NAMESPACE, program=None):
    """An echo server of both families; namespace None is this one."""
    # The peer's programs run on another machine, so to say: a file of another name.
    program = program or (PEER_TALK if namespace else TALK)
    server = subprocess.Popen([*_inside(namespace), program, kind, "echo", str(port)],
                              stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == "ready\n"
        yield server
    finally:
        server.kill()
        server.wait()


def exchange(kind, address, port=PORT, program=None, namespace=None, milliseconds=60000, size=5):
    """Whether a program gets so many bytes echoed in time."""
    program = program or (PEER_TALK if namespace else TALK)
    words = [*_inside(namespace), program, kind, "ask", address, str(port), str(milliseconds),
             str(size)]
    return subprocess.run(words, capture_output=True).returncode == 0


def blocked(kind, address, **options):
    """Whether it does not: a shorter wait, since nothing is to come."""
    return not exchange(kind, address, milliseconds=600, **options)


def python():
    """The file that runs as this interpreter: links resolved, as the kernel sees it."""
    return os.path.realpath("/proc/self/exe")


def burst(address, count, program=TALK):
    """Sends so many datagrams to a port where nobody listens."""
    run(program, "udp", "burst", address, "9", str(count))


def send(number, address, namespace=None):
    """Whether a raw socket may send one packet of this IP protocol."""
    words = [*_inside(namespace), PEER_TALK if namespace else TALK, str(number), "send", address]
    return subprocess.run(words, capture_output=True).returncode == 0


def ping(family, address, namespace=None, program="ping"):
    """Whether one echo request is answered within a second."""
    words = [*_inside(namespace), program, "-n", "-c", "1", "-W", "1", f"-{family}", address]
    return subprocess.run(words, capture_output=True).returncode == 0


def as_user(name, *words, **options):
    """Runs a command as another user, without that user's login."""
    entry = pwd.getpwnam(name)
    return subprocess.run(words, user=entry.pw_uid, group=entry.pw_gid,
                          extra_groups=os.getgrouplist(name, entry.pw_gid),
                          capture_output=True, text=True, **options)


def wait_until(condition, seconds=10.0):
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())
