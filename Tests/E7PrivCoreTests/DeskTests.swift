// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
import E7IPC
import E7System
import Testing

@testable import E7PrivCore

struct DeskTests {
  @Test func anEditReachesTheKernelAndItsOutcomeTheAsker() throws {
    let fixture = Fixture()
    #expect(try fixture.open(1))
    let reaction = try fixture.send(1, curl)
    let outcome = try done(reaction)
    #expect(outcome == Outcome(generation: 7, id: 3))
    #expect(!reaction.closes)
    let who = "uid=0 ruid=0 gid=0 pid=100"
    #expect(
      fixture.journal.lines == [
        "\(who) lane opened: done",
        "\(who) RULE_ADD ACTION=block PROT=tcp PATH=/usr/bin/curl: begins generation=6",
        "\(who) RULE_ADD ACTION=block PROT=tcp PATH=/usr/bin/curl: done id=3 before=6 generation=7",
      ])
    #expect(fixture.kernel.edits == [curl])
    #expect(fixture.kernel.seen.allSatisfy { $0.1 })
  }

  @Test func theKernelsRefusalReachesTheAskerAndTheLog() throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    fixture.kernel.answer = Outcome(error: 28, text: Array("the ruleset is full".utf8))
    let reaction = try fixture.send(1, curl)
    #expect(try done(reaction) == fixture.kernel.answer)
    #expect(!reaction.closes)
    #expect(
      fixture.journal.lines.last
        == "! uid=0 ruid=0 gid=0 pid=100 RULE_ADD ACTION=block PROT=tcp PATH=/usr/bin/curl: refused: ENOSPC the ruleset is "
        + "full before=6")
  }

  @Test func answersAreCheckedBeforeTheKernelSeesThem() throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    for lasting: Lasting in [.seconds(0), .seconds(UInt32(Limit.forSeconds) + 1)] {
      let reaction = try fixture.send(1, .answer(question: 7, .allow, lasting))
      #expect(try done(reaction).error == UInt32(EINVAL))
    }
    let unknown = Message.encode(.answer, sequence: 9) {
      $0.u64(.question, 7)
      $0.u8(.action, 9)
    }
    #expect(try done(try fixture.receive(1, unknown)).error == UInt32(EINVAL))
    #expect(fixture.kernel.edits.isEmpty)
    fixture.kernel.answer = Outcome(error: 2, text: Array("no such question".utf8))
    let reaction = try fixture.send(1, .answer(question: 7, .reject, .seconds(90)))
    #expect(try done(reaction) == fixture.kernel.answer)
    #expect(
      fixture.journal.lines.last
        == "! uid=0 ruid=0 gid=0 pid=100 ANSWER QUESTION=7 ACTION=reject FOR=90: refused: ENOENT no such question before=6"
    )
  }

  @Test func aGreetingIsAnswered() throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    let reaction = try fixture.receive(
      1, Message.encode(.hello, sequence: 4) { Hello().write(&$0) })
    #expect(reaction.replies.count == 2 && !reaction.closes)
    var hello = try Message(decoding: reaction.replies[0])
    #expect(try Hello(&hello.attributes) == Hello(role: .admin))
    #expect(try done(reaction, sequence: 4) == Outcome())
  }

  @Test(arguments: [
    nil,
    Credentials(pid: 101, uid: 0, gid: 0), Credentials(pid: 100, uid: 1000, gid: 0),
    Credentials(pid: 0, uid: 0, gid: 0),
  ])
  func aMessageOfSomebodyElseEndsTheLane(sender: Credentials?) throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    let reaction = try fixture.send(1, curl, from: sender)
    #expect(try done(reaction).error == UInt32(EPERM))
    #expect(reaction.closes && fixture.kernel.edits.isEmpty)
  }

  @Test func whoMayNotEditIsToldSoOnceAndNothingElse() throws {
    let fixture = Fixture()
    let alice = Credentials(pid: 5, uid: 1000, gid: 1000)
    #expect(try fixture.open(1, alice))
    #expect(
      fixture.journal.lines[0].hasPrefix(
        "! uid=1000 ruid=1000 gid=1000 pid=5 lane: refused: EPERM"))
    let reaction = try fixture.send(1, curl, from: alice)
    #expect(try done(reaction).error == UInt32(EPERM))
    #expect(reaction.closes && fixture.kernel.edits.isEmpty)
  }

  @Test func aLaneThatIsRefusedDoesNotStayForEver() throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    _ = try fixture.open(2, nil)
    let limit = UInt64(Limit.helloMilliseconds)
    for (time, isOver) in [(limit - 1, false), (limit, true), (limit + 1, true)] {
      #expect(try !fixture.lane(1).isOverdue(now: 1000 + time))
      #expect(try fixture.lane(2).isOverdue(now: 1000 + time) == isOver)
    }
  }

  @Test func aPeerThatTakesNoAnswersIsWaitedForAndNotForEver() throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    let lane = try fixture.lane(1)
    let unread = Message.encode(.hello, sequence: 4) { Hello().write(&$0) }
    while lane.reads {
      fixture.desk.receive(
        lane, unread, from: root, truncated: false, now: fixture.now)
      #expect(lane.flush(now: fixture.now))
    }
    let limit = UInt64(Limit.stallMilliseconds)
    for (time, isOver) in [(limit - 1, false), (limit, true)] {
      #expect(lane.isOverdue(now: 1000 + time) == isOver)
    }
    // Whole and in order, once they are taken.
    let hello = try fixture.receive(1, unread)
    #expect(hello.replies.count > 2 && !hello.closes)
    #expect(lane.flush(now: fixture.now) && lane.reads)
    for (index, reply) in hello.replies.enumerated() {
      #expect(try Message(decoding: reply).header.type == (index % 2 == 0 ? .hello : .done))
    }
    #expect(!lane.isOverdue(now: 1000 + limit))
  }

  @Test func bytesThatAreNoMessageEndTheLane() throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    let whole = Message.encode(curl.type, sequence: 9, curl.write)
    for count in 1..<whole.count {
      let reaction = try fixture.receive(1, Array(whole[..<count]))
      #expect(reaction.closes)
      #expect(try done(reaction, sequence: 0).error == UInt32(EBADMSG))
    }
    let reaction = try fixture.receive(1, whole, truncated: true)
    #expect(reaction.closes && fixture.kernel.edits.isEmpty)
  }

  @Test(arguments: [MessageType.status, .ruleGet, .event, .lane, .done, .subscribe])
  func aLaneTakesNothingButEdits(type: MessageType) throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    let reaction = try fixture.receive(1, Message.encode(type, sequence: 9))
    #expect(try done(reaction).error == UInt32(EOPNOTSUPP))
    #expect(fixture.kernel.edits.isEmpty)
  }

  @Test func anAttributeTooManyIsRefusedByName() throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    let datagram = Message.encode(.commit, sequence: 9) { $0.u64(.id, 4) }
    let outcome = try done(
      try fixture.receive(1, datagram))
    #expect(outcome.error == UInt32(EINVAL))
    #expect(text(outcome.text).contains("ID"))
  }

  @Test func whatALaterVersionWouldSayMoreOfAnEditIsNotLeftOut() throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    // Without it the rule would be about more than was meant.
    var datagram = Message.encode(.ruleAdd, sequence: 9, curl.write)
    datagram[5] = UInt8(E7_IPC_MINOR) + 1
    datagram += [4, 0, 200, 0]
    datagram.set(datagram.count, at: 16)
    let outcome = try done(try fixture.receive(1, datagram))
    #expect(outcome.error == UInt32(EINVAL))
    #expect(text(outcome.text) == "attribute 200 is not known")
    #expect(fixture.kernel.edits.isEmpty)
  }

  @Test func aBundleIsNoMessage() throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    let one = Message.encode(.ruleAdd, sequence: 9, curl.write)
    let reaction = try fixture.receive(1, one + one)
    #expect(try done(reaction, sequence: 0).error == UInt32(EBADMSG) && reaction.closes)
    #expect(fixture.kernel.edits.isEmpty)
  }

  @Test func lanesAreCountedByUserAndInAll() throws {
    let fixture = Fixture()
    func peer(_ uid: UInt32) -> Credentials { Credentials(pid: 1, uid: uid, gid: 77) }
    func isServed(_ id: UInt64, _ uid: UInt32) throws -> Bool {
      #expect(try fixture.open(id, peer(uid)))
      fixture.now += 1000
      return fixture.journal.lines.last?.hasSuffix("lane opened: done") == true
    }
    for id in 0..<UInt64(Limit.lanesPerUid) { #expect(try isServed(id, 1)) }
    #expect(try !isServed(90, 1))
    for id in UInt64(Limit.lanesPerUid)..<UInt64(Limit.lanes) {
      #expect(try isServed(id, UInt32(id)))
    }
    #expect(try !isServed(91, 500))
    #expect(fixture.journal.lines.last?.contains("EUSERS") == true)
    try fixture.close(0)
    #expect(try isServed(92, 500))
    // Refused ones are counted on their own, so that nobody fills the memory with them.
    var id: UInt64 = 100
    while try fixture.open(id, nil) { id += 1 }
    #expect(id - 100 == UInt64(Limit.lanes) - 2)
  }

  @Test func editsHaveAPaceAndTransactionsHaveNone() throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    for _ in 0..<Limit.laneMessagesPerSecond { #expect(try fixture.outcome(1, curl).error == 0) }
    #expect(try fixture.outcome(1, curl).error == UInt32(EAGAIN))
    #expect(fixture.kernel.edits.count == Int(Limit.laneMessagesPerSecond))
    fixture.now += 1000
    #expect(try fixture.outcome(1, .begin(replace: true, generation: 6)).error == 0)
    for _ in 0..<2 * Limit.laneMessagesPerSecond {
      #expect(try fixture.outcome(1, curl).error == 0)
    }
  }
}
