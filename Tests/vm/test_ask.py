# SPDX-License-Identifier: GPL-2.0-or-later
"""Flows that are held for an answer: A is the program, the peer is a host across a veth pair, where a
capture shows that nothing of a flow is on the wire before its answer.
"""

import contextlib
import errno
import os
import subprocess
import sys

import pytest

from kit import act, capture, defs, genl, module, net
from kit.act import A, B, Act
from kit.ask import Questions
from kit.service import Service, outcome

families = pytest.mark.parametrize("family", (4, 6))
kinds = pytest.mark.parametrize("kind", ("tcp", "udp"))
answers = pytest.mark.parametrize("answer", ("allow", "block", "reject"))
NUMBER = {"tcp": 6, "udp": 17}
# Milliseconds: longer than any question waits here, and than the machine ever stands still.
PATIENCE = 60000
# Milliseconds in which what is to come has surely come.
SOON = 1500
OTHER = net.PORT + 1


@pytest.fixture(scope="module")
def servers(peer):
    with net.echo("tcp"), net.echo("udp"), net.echo("tcp", OTHER), net.echo("udp", OTHER):
        yield


@pytest.fixture
def questions(e7):
    """The questions of rules that ask; nobody is in a hurry."""
    e7.set("asktime", 600)
    e7.set("squelch", "disabled")
    with Questions() as asked:
        yield asked


@pytest.fixture
def wire(peer):
    with capture.Capture() as captured:
        yield captured


def asks(program, kind, address, port=net.PORT):
    """Begins to talk, and waits for nothing: the socket."""
    fd = program.socket(kind, 6 if ":" in address else 4)
    program("patience", fd, PATIENCE)
    if kind == "tcp":
        program.begin("connect", fd, address, port)
    else:
        program("connect", fd, address, port)
        program("write", fd, 10)
    return fd


def comes_of(program, kind, fd, answer):
    """What comes of it after its answer, in a word."""
    if kind == "tcp" and answer == "block":
        # It goes on sending SYNs that are dropped, until its patience is over.
        program.channel.settimeout(2 * PATIENCE / 1000)
        return outcome(program.answer)
    if kind == "udp" and answer == "block":
        program("patience", fd, SOON)

    def talk():
        if kind == "tcp":
            program.answer()
            program("write", fd, 10)
        program("read", fd, 10)

    return outcome(talk)


EXPECTED = {"allow": "passes", "block": "hangs", "reject": "ECONNREFUSED"}


@families
@kinds
@answers
def test_out(e7, a, servers, questions, wire, kind, family, answer):
    address = net.PEER[family]
    rule = e7.ask(kind, A)["ID"]
    fd = asks(a, kind, address)
    number = questions.next()
    event = questions.asked[number]
    assert (event["PATH"], event["PID"], event["UID"]) == (A, a.process.pid, 0)
    assert (event["REMOTE"], event["RPORT"], event["PROT"]) == (address, net.PORT, NUMBER[kind])
    assert defs.DIRECTION[event["DIRECTION"]] == "out" and 0 < event["LEFT"] <= 600
    assert event["ID"] == rule and event["VERDICT"] == defs.ACTION["ask"]
    questions.settle(1.5)
    assert wire.seen(family, NUMBER[kind], two=net.PORT) == 0
    if answer == "block" and kind == "tcp":
        # The timeout that counts is the one that connect(2) began with: it is over soon.
        e7.answer(number, answer)
        questions.settle(4)
        assert wire.seen(family, NUMBER[kind], two=net.PORT) == 0
        assert e7.get("qdrops") > 0
    else:
        e7.answer(number, answer)
        assert comes_of(a, kind, fd, answer) == EXPECTED[answer]
    assert questions.ends(number) == (answer, "answer")
    assert bool(wire.seen(family, NUMBER[kind], two=net.PORT)) == (answer == "allow")
    assert list(questions.asked) == [number], "one question, however often it was sent"


@families
@kinds
@answers
def test_in(e7, a, there, questions, kind, family, answer):
    service = Service(a, kind, family)
    a("patience", service.fd, PATIENCE)
    e7.ask(kind, A, began="in")
    fd = asks(there, kind, net.LOCAL[family], service.port)
    number = questions.next()
    event = questions.asked[number]
    assert event["PATH"] == A and event["LPORT"] == service.port
    assert event["REMOTE"] == net.PEER[family] and defs.DIRECTION[event["DIRECTION"]] == "in"
    a("patience", service.fd, SOON)
    with pytest.raises(BlockingIOError):
        a("accept" if kind == "tcp" else "read", service.fd, *([] if kind == "tcp" else [10]))
    e7.answer(number, answer)
    assert questions.ends(number) == (answer, "answer")
    a("patience", service.fd, PATIENCE if answer == "allow" else SOON)
    if answer == "allow":
        if kind == "tcp":
            child = a("accept", service.fd)
            there.answer()
            there("write", fd, 10)
            assert a("read", child, 10) == 10
            a("write", child, 10)
        else:
            a("reply", service.fd, 10)
        assert there("read", fd, 10) == 10
    elif answer == "reject":
        assert comes_of(there, kind, fd, answer) == "ECONNREFUSED"
    else:
        with pytest.raises(BlockingIOError):
            a("accept" if kind == "tcp" else "read", service.fd, *([] if kind == "tcp" else [10]))
    assert list(questions.asked) == [number], "the connection is not asked about again"


@families
@answers
def test_ping_out(e7, peer, questions, wire, family, answer):
    prot = {4: "icmp", 6: "icmp6"}[family]
    request = {4: 8, 6: 128}[family]
    e7.ask(prot, net.PING, to=net.PEER[family])
    words = ["ping", "-n", "-c", "1", "-W", "20", f"-{family}", net.PEER[family]]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as ping:
        number = questions.next()
        assert questions.asked[number]["PATH"] == net.PING
        assert wire.seen(family, defs.PROT[prot], request) == 0
        e7.answer(number, answer)
        assert questions.ends(number) == (answer, "answer")
        if answer == "allow":
            assert ping.wait(60) == 0
        assert bool(wire.seen(family, defs.PROT[prot], request)) == (answer == "allow")
        ping.kill()


@families
@answers
def test_ping_in(e7, peer, questions, family, answer):
    e7.ask({4: "icmp", 6: "icmp6"}[family], of="kernel", sender=net.PEER[family])
    words = ["ip", "netns", "exec", net.NAMESPACE, "ping", "-n", "-c", "1", "-W", "20", f"-{family}",
             net.LOCAL[family]]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as ping:
        number = questions.next()
        assert defs.CLASS_NAME[questions.asked[number]["CLASS"]] == "kernel"
        e7.answer(number, answer)
        assert questions.ends(number) == (answer, "answer")
        if answer == "allow":
            assert ping.wait(60) == 0
        elif answer == "reject":
            # It is told that nobody is there for it.
            assert ping.wait(60) != 0
        else:
            with pytest.raises(subprocess.TimeoutExpired):
                ping.wait(2)
        ping.kill()


# ---- one question a flow ----


@families
def test_syns_join_their_flow(e7, a, servers, questions, wire, family):
    e7.ask("tcp", A)
    fd = asks(a, "tcp", net.PEER[family])
    number = questions.next()
    # TCP sends a SYN again after one, three and seven seconds.
    questions.settle(8)
    assert list(questions.asked) == [number]
    assert wire.seen(family, 6, two=net.PORT) == 0
    e7.answer(number, "allow")
    assert comes_of(a, "tcp", fd, "allow") == "passes"


def test_syns_from_elsewhere_join_their_flow(e7, a, there, questions):
    service = Service(a, "tcp", 4)
    e7.ask("tcp", A)
    held = e7.get("qheld")
    asks(there, "tcp", net.LOCAL[4], service.port)
    number = questions.next()
    questions.settle(8)
    assert list(questions.asked) == [number] and e7.get("qheld") == held + 1
    e7.answer(number, "allow")
    a("patience", service.fd, PATIENCE)
    a("accept", service.fd), there.answer()


@families
def test_two_programs_at_once(e7, a, b, servers, questions, family):
    e7.ask("tcp", act.ROOT + "/")
    held = {program: asks(program, "tcp", net.PEER[family]) for program in (a, b)}
    assert questions.look(lambda: len(questions.asked) == 2)
    numbers = {event["PATH"]: number for number, event in questions.asked.items()}
    e7.answer(numbers[B], "reject"), e7.answer(numbers[A], "allow")
    assert comes_of(a, "tcp", held[a], "allow") == "passes"
    assert comes_of(b, "tcp", held[b], "reject") == "ECONNREFUSED"


def test_a_thousand_flows_each_answered_on_its_own(e7, programs, servers, questions):
    e7.ask("udp", act.ROOT + "/many/")
    files = [act.copy(f"{act.ROOT}/many/{n}") for n in range(10)]
    verdicts = ("allow", "block", "reject")
    with contextlib.ExitStack() as stack, capture.Capture() as wire:
        several = [stack.enter_context(Act(file)) for file in files]
        for program in several:
            program("sockets", 100, net.PEER[4], net.PORT)
        assert questions.look(lambda: len(questions.asked) == 1000)
        assert e7.stats()["asking"] == 1000
        assert len({(e["PATH"], e["LPORT"]) for e in questions.asked.values()}) == 1000
        assert wire.seen(4, 17, two=net.PORT) == 0
        given = {number: verdicts[n % 3] for n, number in enumerate(sorted(questions.asked))}
        for number, verdict in given.items():
            e7.answer(number, verdict)
        assert questions.look(lambda: len(questions.over) == 1000)
        assert questions.over == {number: (verdict, "answer") for number, verdict in given.items()}
        passed = {questions.asked[n]["LPORT"] for n, verdict in given.items() if verdict == "allow"}
        assert net.wait_until(lambda: wire.seen(4, 17, two=net.PORT) >= len(passed))
        assert {one for family, prot, one, _ in wire.packets if (family, prot) == (4, 17)} == passed
        assert e7.stats()["asking"] == 0


def test_datagrams_join_their_flow_as_far_as_there_is_room(e7, a, servers, questions, wire):
    e7.ask("udp", A)
    fd = asks(a, "udp", net.PEER[4])
    number = questions.next()
    for _ in range(defs.LIMIT["ASK_PACKETS"]):
        a("write", fd, 10)
    e7.answer(number, "allow")
    for _ in range(defs.LIMIT["ASK_PACKETS"]):
        a("read", fd, 10)
    a("patience", fd, SOON)
    with pytest.raises(BlockingIOError):
        a("read", fd, 10)
    assert list(questions.asked) == [number]


@pytest.mark.parametrize("size, passes", ((20000, 3), (60000, 2)))
def test_of_a_flow_so_many_bytes_are_held(e7, a, servers, questions, wire, size, passes):
    """The first whatever it is, and what fits beside it."""
    e7.ask("udp", A)
    fd = a.socket("udp", 4)
    a("option", fd, 1, 7, 1 << 20)
    a("connect", fd, net.LOOPBACK[4], 9)
    for _ in range(6):
        a("send", fd, size, 0)
    number = questions.next()
    held = e7.get("qheld")
    assert held > 0
    e7.answer(number, "block")
    assert questions.ends(number)[0] == "block"


def test_it_is_told_again(e7, a, servers, questions):
    e7.ask("udp", A)
    asks(a, "udp", net.PEER[4])
    number = questions.next()
    assert questions.look(lambda: questions.again[number] == 3)
    assert list(questions.asked) == [number]


# ---- what an answer is for ----


@families
@kinds
def test_once_is_for_this_flow(e7, a, servers, questions, kind, family):
    e7.ask(kind, A)
    fd = asks(a, kind, net.PEER[family])
    number = questions.next()
    e7.answer(number, "allow")
    assert comes_of(a, kind, fd, "allow") == "passes"
    # Whatever else changes.
    for n in range(3):
        e7.block("tcp", f"/opt/{n}")
        a("write", fd, 10), a("read", fd, 10)
    assert list(questions.asked) == [number]
    # Another socket is another flow, and so is another end.
    asks(a, kind, net.PEER[family], OTHER)
    second = questions.next(known={number})
    e7.answer(second, "allow")
    assert questions.ends(second) == ("allow", "answer")
    if kind == "tcp":
        a.answer()
    # A rule stops it all the same.
    e7.block(kind, A)
    a("patience", fd, SOON)
    with pytest.raises((BlockingIOError, PermissionError)):
        a("write", fd, 10), a("read", fd, 10)


@families
@kinds
def test_always_makes_a_rule(e7, a, servers, questions, kind, family):
    e7.ask(kind, act.ROOT + "/", user=0)
    fds = [asks(a, kind, net.PEER[family])]
    number = questions.next()
    made = e7.answer(number, "allow", ALWAYS=True)
    assert made["GENERATION"] == e7.get("generation")
    assert comes_of(a, kind, fds[0], "allow") == "passes"
    rule = next(row for row in e7.rules() if row["ID"] == made["ID"])
    assert rule | {"HITS": 0, "LAST_HIT": 0} == {
        "ID": made["ID"], "ACTION": defs.ACTION["allow"], "PROT": NUMBER[kind], "PATH": A,
        "DIRECTION": defs.BEGAN["out"], "REMOTE": net.PEER[family],
        "PREFIX": {4: 32, 6: 128}[family], "PORT_FIRST": net.PORT, "PORT_LAST": net.PORT, "UID": 0,
        "HITS": 0, "LAST_HIT": 0}
    assert a.talk(family, kind)
    assert list(questions.asked) == [number]


def test_a_rule_that_is_made_answers_what_waits(e7, a, b, servers, questions):
    e7.ask("udp", act.ROOT + "/")
    asks(a, "udp", net.PEER[4]), asks(a, "udp", net.PEER[4]), asks(b, "udp", net.PEER[4])
    assert questions.look(lambda: len(questions.asked) == 3)
    of_a = [n for n, event in questions.asked.items() if event["PATH"] == A]
    e7.answer(of_a[0], "block", FOR=600)
    assert questions.ends(of_a[0]) == ("block", "answer")
    assert questions.ends(of_a[1]) == ("block", "rule")
    assert len(questions.over) == 2
    assert [row for row in e7.rules() if row.get("FOR")]


def test_an_answer_to_a_quick_rule_is_quick(e7, a, servers, questions):
    e7.ask("udp", quick=True, began="out", port=net.PORT)
    fd = asks(a, "udp", net.PEER[4])
    e7.answer(questions.next(), "allow", ALWAYS=True)
    assert a("read", fd, 10) == 10
    assert a.talk(4, "udp")


def test_flags_may_ask(e7, a, servers, questions):
    e7.set("unkrule", "ask")
    e7.allow(path=act.PEER), e7.allow(path=net.PEER_TALK)
    fd = asks(a, "tcp", net.PEER[4])
    number = questions.next()
    assert defs.REASON[questions.asked[number]["REASON"]] == "unkrule"
    assert "ID" not in questions.asked[number]
    e7.answer(number, "allow")
    assert comes_of(a, "tcp", fd, "allow") == "passes"


# ---- answers that are refused ----


def test_while_a_load_is_on_trial_no_answer_makes_a_rule(e7, a, servers, questions):
    e7.do("BEGIN")
    e7.ask("udp", A)
    e7.do("COMMIT", CONFIRM=3600)
    asks(a, "udp", net.PEER[4])
    once = questions.next()
    e7.answer(once, "allow")
    asks(a, "udp", net.PEER[4])
    number = questions.next((once,))
    for lasting in ({"ALWAYS": True}, {"FOR": 60}):
        with pytest.raises(genl.Refused) as told:
            e7.answer(number, "allow", **lasting)
        assert told.value.errno == errno.EBUSY
    assert number not in questions.over
    e7.do("CONFIRM")
    assert e7.answer(number, "allow", ALWAYS=True)["ID"]


def test_refused_answers(e7, a, servers, questions):
    e7.ask("udp", A)
    asks(a, "udp", net.PEER[4])
    number = questions.next()
    allow = defs.ACTION["allow"]
    generation = e7.get("generation")
    for attributes, error, words in (
            ({"QUESTION": number}, errno.EINVAL, "E7_ATTR_ACTION is missing"),
            ({"ACTION": allow}, errno.EINVAL, "E7_ATTR_QUESTION is missing"),
            ({"QUESTION": number, "ACTION": defs.ACTION["ask"]}, errno.EINVAL, "ask is no answer"),
            ({"QUESTION": number, "ACTION": 9}, errno.EINVAL, "no such action"),
            ({"QUESTION": number, "ACTION": allow, "FOR": 5, "ALWAYS": True}, errno.EINVAL,
             "expected FOR or ALWAYS"),
            ({"QUESTION": number, "ACTION": allow, "FOR": 0}, errno.EINVAL, "1 to 31536000"),
            ({"QUESTION": number, "ACTION": allow, "FOR": 31536001}, errno.EINVAL, "1 to 31536000"),
            ({"QUESTION": number, "ACTION": allow, "PATH": "/x"}, errno.EINVAL, "does not belong"),
            ({"QUESTION": number + 1, "ACTION": allow}, errno.ENOENT, "no flow is held"),
            ({"QUESTION": number - 1, "ACTION": allow}, errno.ENOENT, "no flow is held"),
            ({"QUESTION": 0, "ACTION": allow}, errno.ENOENT, "no flow is held")):
        with pytest.raises(genl.Refused) as told:
            e7.do("ANSWER", **attributes)
        assert told.value.errno == error and words in told.value.text, attributes
    assert number not in questions.over and e7.get("generation") == generation
    # Once, and never again.
    e7.answer(number, "allow")
    with pytest.raises(genl.Refused) as told:
        e7.answer(number, "block")
    assert told.value.errno == errno.ENOENT


def test_of_an_unknown_program_no_rule_is_made(e7, peer, there, questions):
    e7.set("unkproc", "ask")
    there.begin("connect", there.socket("tcp", 4), net.LOCAL[4], 9)
    number = questions.next()
    for more in ({"ALWAYS": True}, {"FOR": 60}):
        with pytest.raises(genl.Refused) as told:
            e7.answer(number, "allow", **more)
        assert told.value.errno == errno.EINVAL and "unknown" in told.value.text
    e7.answer(number, "allow")
    with pytest.raises(ConnectionRefusedError):
        there.answer()


def test_a_rule_that_asks_for_exactly_this_is_not_ended(e7, a, servers, questions):
    e7.ask("udp", A, to=net.PEER[4], port=net.PORT)
    asks(a, "udp", net.PEER[4])
    number = questions.next()
    with pytest.raises(genl.Refused) as told:
        e7.answer(number, "allow", FOR=60)
    assert told.value.errno == errno.EEXIST
    rule = e7.rules()[0]["ID"]
    assert e7.answer(number, "allow", ALWAYS=True)["ID"] == rule
    assert e7.rules()[0]["ACTION"] == defs.ACTION["allow"]


def test_an_ordinary_user_answers_nothing(e7, a, servers, questions):
    e7.ask("udp", A)
    asks(a, "udp", net.PEER[4])
    number = questions.next()
    script = (f"import sys, os; sys.path.insert(0, {os.path.dirname(__file__)!r})\n"
              "from kit import genl\n"
              "os.setgid(61000); os.setuid(61000)\n"
              "try:\n"
              f"    genl.Family().answer({number}, 'allow')\n"
              "except OSError as error:\n"
              "    sys.exit(error.errno != 1)\n"
              "sys.exit(1)\n")
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
    questions.settle(1)
    assert not questions.over


# ---- when nobody answers ----


@pytest.mark.parametrize("fail, expected", (("allow", "passes"), ("block", "hangs")))
@kinds
def test_flag_fail_decides_when_time_is_up(e7, a, servers, questions, kind, fail, expected):
    e7.set("asktime", 1)
    e7.set("fail", fail)
    e7.ask(kind, A)
    fd = asks(a, kind, net.PEER[4])
    number = questions.next()
    assert questions.asked[number]["LEFT"] == 1
    assert questions.ends(number) == (fail, "late")
    with pytest.raises(genl.Refused):
        e7.answer(number, "allow")
    if expected == "passes":
        assert comes_of(a, kind, fd, "allow") == "passes"
    questions.settle(4)
    assert list(questions.asked) == [number], "it is not asked about again"


def test_askmax_at_its_edge(e7, a, servers, questions):
    e7.set("askmax", 3)
    e7.set("fail", "allow")
    e7.ask("udp", A)
    for _ in range(3):
        asks(a, "udp", net.PEER[4])
    assert questions.look(lambda: len(questions.asked) == 3) and not questions.failed
    fd = asks(a, "udp", net.PEER[4])
    assert a("read", fd, 10) == 10
    assert questions.look(lambda: questions.failed)
    assert defs.REASON[questions.failed[0]["REASON"]] == "full"
    e7.answer(questions.next(), "block")
    # Room for one again, and with flag fail the other way.
    asks(a, "udp", net.PEER[4])
    assert questions.look(lambda: len(questions.asked) == 4)
    e7.set("fail", "block")
    with pytest.raises(PermissionError):
        asks(a, "udp", net.PEER[4])


def test_one_user_does_not_hold_it_all(e7, a, servers, questions):
    e7.set("askmax", 4)
    e7.set("fail", "block")
    e7.ask("udp", act.ROOT + "/")
    with Act(B, user="alice") as alice:
        for _ in range(2):
            asks(alice, "udp", net.PEER[4])
        for _ in range(3):
            with pytest.raises(PermissionError):
                asks(alice, "udp", net.PEER[4])
        assert questions.look(lambda: len(questions.asked) == 2)
        for _ in range(2):
            asks(a, "udp", net.PEER[4])
        assert questions.look(lambda: len(questions.asked) == 4)


def test_the_network_does_not_hold_it_all(e7, a, there, servers, questions):
    e7.set("askmax", 4)
    e7.ask("udp", A)
    service = Service(a, "udp", 4)
    for _ in range(6):
        asks(there, "udp", net.LOCAL[4], service.port)
    assert questions.look(lambda: questions.failed)
    assert len(questions.asked) == 2
    asks(a, "udp", net.PEER[4])
    assert questions.look(lambda: len(questions.asked) == 3)


@pytest.mark.parametrize("flag, least, most", (
    ("asktime", 1, 3600), ("askmax", 1, defs.LIMIT["ASK_MOST"])))
def test_numbers_at_their_edges(e7, flag, least, most):
    for value in (least, most):
        e7.set(flag, value)
        assert e7.get(flag) == value
    for value in (least - 1, most + 1, 1 << 40):
        with pytest.raises(genl.Refused) as told:
            e7.set(flag, value)
        assert f"{least} to {most}" in told.value.text and e7.get(flag) == most


# ---- what else ends a question ----


@kinds
def test_it_is_withdrawn_with_its_program(e7, programs, servers, questions, wire, kind):
    e7.ask(kind, A)
    with Act(A) as program:
        asks(program, kind, net.PEER[4])
        number = questions.next()
        program.process.kill()
        assert questions.ends(number) == ("block", "gone")
    with pytest.raises(genl.Refused):
        e7.answer(number, "allow")
    questions.settle(2)
    assert wire.seen(4, NUMBER[kind], two=net.PORT) == 0


def test_it_is_withdrawn_with_its_connection(e7, a, servers, questions, wire):
    """A program that gives up waits for no answer."""
    e7.ask("tcp", A)
    fd = a.socket("tcp", 4)
    a("patience", fd, 1000)
    with pytest.raises(OSError):
        a("connect", fd, net.PEER[4], net.PORT)
    number = questions.next()
    a("close", fd)
    assert questions.ends(number) == ("block", "gone")
    assert wire.seen(4, 6, two=net.PORT) == 0


def test_exec_makes_it_another_question(e7, a, servers, questions):
    e7.ask("udp", act.ROOT + "/")
    fd = asks(a, "udp", net.PEER[4])
    number = questions.next()
    a.exec(B)
    assert questions.ends(number) == ("block", "gone")
    a("write", fd, 10)
    second = questions.next(known={number})
    assert questions.asked[second]["PATH"] == B
    e7.answer(second, "allow")
    a("patience", fd, PATIENCE)
    assert a("read", fd, 10) == 10


@pytest.mark.parametrize("change, ends, expected", (
    (lambda e7: e7.allow("tcp", A), ("allow", "rule"), "passes"),
    (lambda e7: e7.reject("tcp", A), ("reject", "rule"), "ECONNREFUSED"),
    (lambda e7: e7.block("tcp", A, port=net.PORT), ("block", "rule"), None),
    (lambda e7: e7.clear(), ("allow", "unkrule"), "passes"),
    (lambda e7: e7.set("mode", "disabled"), ("allow", "mode"), "passes"),
    (lambda e7: e7.set("mode", "block"), ("block", "mode"), None),
), ids=("allow", "reject", "block", "clear", "disabled", "mode block"))
def test_a_change_of_rules_decides(e7, a, servers, questions, change, ends, expected):
    e7.ask("tcp", A)
    fd = asks(a, "tcp", net.PEER[4])
    number = questions.next()
    e7.block("tcp", "/opt/of-no-matter")
    questions.settle(1)
    assert not questions.over
    change(e7)
    assert questions.ends(number) == ends
    if expected:
        assert comes_of(a, "tcp", fd, "allow") == expected


def test_a_live_connection_is_held_too(e7, a, servers, questions):
    fd, _ = a.dial("tcp", net.PEER[4])
    a("write", fd, 10), a("read", fd, 10)
    e7.ask("tcp", A)
    a("patience", fd, PATIENCE)
    a("write", fd, 10)
    number = questions.next()
    e7.answer(number, "allow")
    assert a("read", fd, 10) == 10
    a("write", fd, 10), a("read", fd, 10)
    assert list(questions.asked) == [number]


def test_the_same_ends_again_are_another_flow(e7, a, there, questions):
    """A peer that connects again from the same port."""
    service = Service(a, "tcp", 4)
    a("patience", service.fd, PATIENCE)
    e7.ask("tcp", A)
    known = set()
    for _ in range(2):
        fd = there.socket("tcp", 4)
        there("option", fd, 1, 2, 1)
        there("bind", fd, net.PEER[4], 7777)
        there("patience", fd, PATIENCE)
        there.begin("connect", fd, net.LOCAL[4], service.port)
        number = questions.next(known)
        known.add(number)
        e7.answer(number, "allow")
        child = a("accept", service.fd)
        there.answer()
        there("write", fd, 10), a("read", child, 10)
        there("linger", fd), there("close", fd), a("close", child)


def test_a_device_that_goes_takes_its_packets_along(e7, a, questions):
    net.run("ip", "link", "add", "e7gone", "type", "dummy")
    net.run("ip", "address", "add", "10.79.0.1/24", "dev", "e7gone")
    net.run("ip", "link", "set", "e7gone", "up")
    e7.ask("udp", A)
    asks(a, "udp", "10.79.0.9")
    number = questions.next()
    net.run("ip", "link", "del", "e7gone", timeout=60)
    assert questions.ends(number) == ("block", "gone")


def test_a_namespace_that_goes_takes_its_packets_along(e7, programs, questions):
    net.run("ip", "netns", "add", "e7gone")
    try:
        net.run("ip", "-n", "e7gone", "link", "set", "lo", "up")
        e7.ask("udp", A)
        with Act(A, namespace="e7gone") as program:
            asks(program, "udp", net.LOOPBACK[4])
            number = questions.next()
    finally:
        net.run("ip", "netns", "del", "e7gone", timeout=60)
    assert questions.ends(number) == ("block", "gone")


@pytest.mark.parametrize("held", ("few", "many"))
def test_the_modules_end_drops_what_is_held(e7, programs, servers, held):
    with Questions() as asked, Act(A) as program:
        e7.ask("udp", A), e7.ask("tcp", A)
        asks(program, "udp", net.PEER[4])
        if held == "many":
            program("sockets", 500, net.PEER[4], net.PORT)
        fd = asks(program, "tcp", net.PEER[4])
        asked.next()
        e7.close(), asked.family.close()
        try:
            with module.unloaded():
                # Sent again, with nobody there who would ask.
                assert comes_of(program, "tcp", fd, "allow") == "passes"
        finally:
            with contextlib.suppress(OSError):
                e7.__init__()


def test_it_goes_on_without_a_console(e7, a, servers):
    e7.ask("tcp", A)
    e7.set("asktime", 600)
    fd = asks(a, "tcp", net.PEER[4])
    assert net.wait_until(lambda: e7.stats()["asking"] == 1, 60)
    with Questions() as asked:
        number = asked.next()
        e7.answer(number, "allow")
    assert comes_of(a, "tcp", fd, "allow") == "passes"


def test_what_is_answered_is_forgotten_with_its_socket(e7, a, servers, questions):
    e7.ask("udp", A)
    fd = asks(a, "udp", net.PEER[4])
    e7.answer(questions.next(), "allow")
    assert a("read", fd, 10) == 10
    assert e7.stats()["answered"] >= 1
    a("close", fd)
    assert net.wait_until(lambda: e7.stats()["answered"] == 0, 180)


