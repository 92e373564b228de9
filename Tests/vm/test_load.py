# SPDX-License-Identifier: GPL-2.0-or-later
"""Loading, parameters and unloading, under traffic of all kinds."""

import errno
import pathlib
import subprocess
import sys
import time

import pytest

from kit import defs, genl, module, net
from kit.module import insmod, rmmod

# tools/kmod-other builds it.
OTHER_MODULE = str(pathlib.Path(__file__).parents[2] / "build/kmod-other/e7.ko")


@pytest.fixture
def unloaded():
    """Without the module; it is back afterwards."""
    with module.unloaded():
        yield


@pytest.mark.parametrize("parameter", (
    "mode=3", "mode=on", "mode=-1", "mode=", "unkrule=asks", "unkproc=0", "squelch=2",
    "fail=99999999999999999999", "loopback=block", "debug=yes", "asktime=0",
    "asktime=3601", "askmax=0", "askmax=4097", "askmax=many"))
def test_wrong_parameters_are_refused(unloaded, parameter):
    net.run("dmesg", "--clear")
    assert insmod(parameter).returncode != 0
    log = net.run("dmesg").stdout
    assert f"parameter {parameter}" in log and "expected" in log


SOCKETS_LEAST, SOCKETS_MOST = (defs.LIMIT[name] for name in ("SOCKETS_MIN", "SOCKETS_MAX"))


@pytest.mark.parametrize("text", (
    str(SOCKETS_LEAST - 1), str(SOCKETS_MOST + 1), "0", "-1", f"-{SOCKETS_LEAST}", "", "many",
    "1024x", "1e6", str(2**32 + SOCKETS_LEAST), "9" * 40))
def test_a_wrong_number_of_sockets_is_refused_with_the_range(unloaded, text):
    net.run("dmesg", "--clear")
    assert insmod(f"sockets={text}").returncode != 0
    log = net.run("dmesg").stdout
    assert f"parameter sockets={text}: expected" in log
    assert f"from {SOCKETS_LEAST} to {SOCKETS_MOST}" in log


# A debug kernel takes minutes to go through the greatest table: Tests/kmod does.
@pytest.mark.parametrize("number", (SOCKETS_LEAST, SOCKETS_MOST // 16))
def test_a_number_of_sockets_in_the_range_is_taken(unloaded, number):
    assert insmod(f"sockets={number}").returncode == 0
    with open("/sys/module/e7/parameters/sockets", encoding="ascii") as file:
        assert file.read() == f"{number}\n"


def test_every_flag_is_a_parameter(unloaded):
    words = {"MODE": "block", "ACTION": "block", "VERDICT": "block", "SWITCH": None,
             "SCOPE": "allow", "NUMBER": "17"}
    chosen = {}
    for flag, kind in defs.FLAG_KIND.items():
        chosen[flag] = words[kind] or "enabled"
    assert insmod(*(f"{flag}={word}" for flag, word in chosen.items())).returncode == 0
    with genl.Family() as e7:
        for flag, word in chosen.items():
            with open(f"/sys/module/e7/parameters/{flag}", encoding="ascii") as file:
                assert file.read() == word + "\n"
            table = {"MODE": defs.MODE, "SWITCH": defs.SWITCH, "SCOPE": defs.SCOPE}.get(
                defs.FLAG_KIND[flag], defs.ACTION)
            assert e7.get(flag) == (int(word) if word.isdigit() else table[word])


def test_each_load_is_another_instance(unloaded):
    seen = set()
    for _ in range(3):
        assert insmod().returncode == 0
        with genl.Family() as e7:
            seen.add(e7.do("STATUS")["INSTANCE"])
            e7.join("notices")
            # A suite that runs meets each of these loads, too.
            assert net.wait_until(rmmod, 60)
            told = [defs.NOTICE[notice["KIND"]] for _, notice in e7.events()]
            assert "unload" in told, told
    assert len(seen) == 3


def client(*words):
    return subprocess.run(["e7-client", *words], capture_output=True, text=True)


def client_answers():
    return client("get", "mode").returncode == 0


def test_without_the_module_the_client_says_how_to_load_it(unloaded):
    for words in (("query",), ("allow", "tcp", "/usr/bin/curl")):
        done = client(*words)
        assert done.returncode == 3 and done.stdout == ""
        assert done.stderr.count("\n") == 1 and "modprobe e7" in done.stderr
    assert insmod().returncode == 0
    assert net.wait_until(client_answers, 20), "the suite finds the module again"
    assert client("allow", "tcp", "/usr/bin/curl").returncode == 0


def test_a_module_of_another_version_is_refused_with_both_versions(unloaded):
    done = subprocess.run(["insmod", OTHER_MODULE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    try:
        for words in (("query",), ("allow", "tcp", "/usr/bin/curl")):
            assert net.wait_until(lambda words=words: "99" in client(*words).stderr, 20)
            done = client(*words)
            assert done.returncode == 3 and done.stderr.count("\n") == 1
            assert "version 99" in done.stderr and "version 1" in done.stderr
        with genl.Family() as e7:
            assert e7.version == 99 and e7.rules() == []
    finally:
        assert net.wait_until(rmmod)
    assert insmod().returncode == 0
    assert net.wait_until(client_answers, 20)


_TRAFFIC = """
import itertools, os, socket
v4, v6 = ('127.0.0.1', 7100), ('::1', 7100)
servers = []
for family, kind in itertools.product((socket.AF_INET, socket.AF_INET6),
                                      (socket.SOCK_STREAM, socket.SOCK_DGRAM)):
    s = socket.socket(family, kind)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(('::' if family == socket.AF_INET6 else '', 7100))
    if kind == socket.SOCK_STREAM:
        s.listen(64)
    servers.append(s)
print('ready', flush=True)
pinging = 0
for n in itertools.count():
    for family, address in ((socket.AF_INET, v4), (socket.AF_INET6, v6)):
        try:
            with socket.create_connection(address, 1) as c:
                a, _ = servers[0 if family == socket.AF_INET else 2].accept()
                c.send(b'x'); a.recv(1); a.close()
            with socket.socket(family, socket.SOCK_DGRAM) as u:
                u.sendto(b'x', address)
            servers[1 if family == socket.AF_INET else 3].recv(1)
        except OSError:
            pass
    # One at a time: begun faster than they end, they would take the whole machine.
    if pinging and os.waitpid(pinging, os.WNOHANG)[0]:
        pinging = 0
    if n % 20 == 0 and not pinging:
        pinging = os.fork()
        if not pinging:
            os.execlp('ping', 'ping', '-n', '-q', '-c', '1', '-W', '1', '127.0.0.1')
"""


# A hundred are the storm's.
LOADS = 30


@pytest.fixture
def suite_halted():
    """Its sockets stay open, but it does not start anew at each of the loads."""
    subprocess.run(["pkill", "-STOP", "-x", "e7-priv|e7-supervisor|e7-broker"], check=False)
    yield
    subprocess.run(["pkill", "-CONT", "-x", "e7-priv|e7-supervisor|e7-broker"], check=False)
    assert net.wait_until(client_answers, 60), "the suite has lived through it"


def hears(listener):
    """Whether something was told, be it that more was told than there is room for."""
    try:
        return listener.next(5) is not None
    except OSError as error:
        return error.errno == errno.ENOBUFS


def test_loads_and_unloads_under_traffic(suite_halted, unloaded, peer):
    traffic = [subprocess.Popen([sys.executable, "-c", _TRAFFIC], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True)]
    try:
        assert traffic[0].stdout.readline() == "ready\n"
        for n in range(LOADS):
            assert insmod("mode=enabled", "accepts=enabled", "squelch=disabled").returncode == 0
            with genl.Family() as e7, genl.Family() as listener:
                listener.join("events")
                e7.allow("tcp")
                if n % 10 == 0:
                    # A transaction is open, and events wait, when the module goes.
                    e7.do("BEGIN")
                    e7.block("udp")
                    assert hears(listener), "packets are judged"
                time.sleep(0.02)
                assert rmmod(), n
    finally:
        for process in traffic:
            process.kill()
            process.wait()
