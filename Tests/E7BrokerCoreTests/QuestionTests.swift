// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7BrokerCore
import E7IPC
import E7Rules
import Glibc
import Testing

@Suite struct QuestionTests {
  private func rules(_ count: Int) -> [Rule] {
    (0..<count).map { number in
      Rule(
        id: UInt64(number + 1), action: number.isMultiple(of: 2) ? .allow : .block,
        match: Match(prot: NamedProtocol.tcp.rawValue, path: Array("/opt/\(number)/x".utf8)))
    }
  }

  @Test func tellsTheStatus() throws {
    let world = World()
    world.kernel.generation = 42
    let id = world.greeted()
    world.ask(id, .status)
    world.run()
    var messages = try world.messages(id)
    try #require(messages.map(\.header.type) == [.status, .done])
    #expect(messages.map(\.header.sequence) == [7, 7])
    let status = try Status(&messages[0].attributes)
    #expect(status.instance == FakeKernel.instance && status.generation == 42)
    #expect(status.version == UInt32(E7_GENL_VERSION))
    #expect(try Outcome(&messages[1].attributes) == Outcome())
  }

  @Test func tellsOneFlagOrAll() throws {
    let world = World()
    world.kernel.mode = 2
    let id = world.greeted()
    world.ask(id, .flagGet) { $0.u8(.flag, UInt8(Flag.mode.rawValue)) }
    world.run()
    var one = try world.messages(id)
    try #require(one.map(\.header.type) == [.flagGet, .done])
    #expect(try FlagValue(&one[0].attributes) == FlagValue(flag: .mode, value: 2))
    world.ask(id, .flagGet)
    world.run()
    let all = try world.messages(id)
    #expect(all.last?.header.type == .done)
    let flags = try all.dropLast().map { message in
      var message = message
      return try FlagValue(&message.attributes).flag
    }
    #expect(flags == Flag.all)
  }

  @Test func tellsTheStatisticsToAnybody() throws {
    let world = World()
    let id = world.greeted(uid: 1000)
    world.ask(id, .statGet)
    world.run()
    var messages = try world.messages(id)
    try #require(messages.map(\.header.type) == [.statGet, .statGet, .done])
    var end = messages.removeLast()
    #expect(try Outcome(&end.attributes) == Outcome())
    let values = try messages.map { message in
      var message = message
      return try StatisticValue(&message.attributes)
    }
    #expect(values == FakeKernel.statistics)
  }

  @Test(arguments: [0, 1, 99, 100, 101, 1000])
  func listsTheRules(count: Int) throws {
    let world = World()
    world.kernel.rules = rules(count)
    world.kernel.generation = 9
    let id = world.greeted()
    world.ask(id, .ruleGet)
    world.run()
    var messages = try world.messages(id)
    var end = messages.removeLast()
    #expect(try Outcome(&end.attributes) == Outcome(generation: 9))
    var listed: [Rule] = []
    for var message in messages {
      #expect(message.header.type == .ruleGet && message.header.sequence == 7)
      listed.append(try Rule(&message.attributes))
    }
    #expect(listed == rules(count))
    #expect(world.kernel.dumps.isEmpty)
  }

  @Test func asksForAnybodyWhichRuleDecides() throws {
    let world = World()
    world.kernel.rules = rules(250)
    world.kernel.generation = 9
    world.kernel.interruptions = [0]
    let id = world.greeted(uid: 1000)
    let flow = Flow(
      prot: 6, programClass: .foreign, path: Array("/usr/bin/curl".utf8), direction: .outgoing,
      remote: [10, 1, 2, 3], port: 443, uid: 1000)
    world.ask(id, .why, flow.write)
    world.run()
    var messages = try world.messages(id)
    var end = messages.removeLast()
    #expect(try Outcome(&end.attributes) == Outcome(generation: 9))
    let listed = try messages.map { message in
      var message = message
      #expect(message.header.type == .why && message.header.sequence == 7)
      return try Rule(&message.attributes)
    }
    #expect(listed == rules(250))
    // Once more, since the rules changed under the first answer.
    #expect(world.kernel.flows == [flow, flow])
    let bare = Flow(prot: 1, direction: .incoming, remote: [UInt8](repeating: 0, count: 16))
    world.ask(id, .why, bare.write)
    world.run()
    #expect(world.kernel.flows.last == bare)
  }

  @Test func aFlowThatIsNoneIsRefused() throws {
    typealias Body = (inout AttributeWriter) -> Void
    let right: Body = Flow(prot: 6, direction: .outgoing, remote: [1, 2, 3, 4]).write
    let bodies: [Body] = [
      { _ in }, { $0.u16(.prot, 6) },
      {
        right(&$0); $0.u8(.programClass, 9)
      },
      {
        right(&$0); $0.string(.path, Array("x".utf8))
      },
      {
        right(&$0); $0.u8(.programClass, 5); $0.string(.path, Array("/x".utf8))
      },
      {
        right(&$0); $0.u16(.portLast, 6)
      },
      {
        right(&$0); $0.flag(.quick)
      },
      {
        $0.u16(.prot, 256); $0.u8(.direction, 1); $0.address(.remote, [1, 2, 3, 4])
      },
      {
        $0.u16(.prot, 6); $0.u8(.direction, 3); $0.address(.remote, [1, 2, 3, 4])
      },
      {
        $0.u16(.prot, 6); $0.u8(.direction, 1)
      },
    ]
    for (index, body) in bodies.enumerated() {
      let world = World()
      let id = world.greeted()
      #expect(try world.outcomeOf(id, .why, body).error == UInt32(EINVAL), "\(index)")
      #expect(world.kernel.fetched == 0)
    }
  }

  @Test func aLongListComesAsItIsRead() throws {
    let world = World()
    world.kernel.rules = rules(100_000)
    let id = world.greeted(subscribed: true)
    world.unblock(id, room: 10)
    world.ask(id, .ruleGet)
    world.run()
    // What is held is half an outbox and one part, whatever the length of the list.
    #expect(world.consoles[id]?.got.count == 10)
    #expect(world.kernel.fetched <= 2 + Limit.outboxMessages / 2 / world.kernel.rulesOfAPart + 1)
    // The reader is no worse off for events.
    for number in 0..<Limit.outboxMessages / 2 {
      world.tell([.of(uid: 1000, number: UInt64(number))])
    }
    world.unblock(id)
    world.run()
    var types: [MessageType: Int] = [:]
    for message in try world.messages(id) { types[message.header.type, default: 0] += 1 }
    #expect(types == [.ruleGet: 100_000, .event: Limit.outboxMessages / 2, .done: 1])
  }

  @Test func aSlowReaderHoldsNobodyUp() throws {
    let world = World()
    world.kernel.rules = rules(5000)
    let slow = world.greeted(uid: 1000)
    let quick = world.greeted(uid: 1001, subscribed: true)
    world.unblock(slow, room: 0)
    world.ask(slow, .ruleGet)
    world.run()
    world.ask(quick, .ruleGet)
    world.tell([.of(uid: 1001)])
    world.run()
    #expect(try world.messages(quick).count == 5002)
    #expect(world.consoles[slow]?.got.isEmpty == true)
  }

  @Test func twoListsTakeTurns() {
    let world = World()
    world.kernel.rules = rules(10_000)
    let ids = [world.greeted(uid: 1000), world.greeted(uid: 1001)]
    for id in ids { world.ask(id, .ruleGet) }
    for _ in 0..<200 {
      world.round()
      let counts = ids.map { world.consoles[$0]?.got.count ?? 0 }
      #expect(abs(counts[0] - counts[1]) <= world.share)
    }
  }

  @Test func questionsAreAnsweredInOrder() throws {
    let world = World()
    world.kernel.rules = rules(1000)
    let id = world.greeted()
    world.ask(id, .ruleGet, sequence: 10)
    world.ask(id, .status, sequence: 11)
    world.ask(id, .flagGet, sequence: 12)
    world.run()
    let sequences = try world.messages(id).map(\.header.sequence)
    #expect(sequences == sequences.sorted())
    #expect(sequences.filter { $0 == 11 }.count == 2)
  }

  @Test func aListThatChangedIsBegunAgain() throws {
    let world = World()
    world.kernel.rules = rules(300)
    // In its first part nothing has gone out yet.
    world.kernel.interruptions = [0, 0, 0]
    let id = world.greeted()
    world.ask(id, .ruleGet)
    world.run()
    #expect(try world.messages(id).count == 301)
    #expect(world.kernel.dumps.isEmpty)
  }

  @Test func aListThatKeepsChangingIsGivenUp() throws {
    let world = World()
    world.kernel.rules = rules(300)
    world.kernel.interruptions = Array(repeating: 0, count: 8)
    let id = world.greeted()
    world.ask(id, .ruleGet)
    world.run()
    #expect(try world.messages(id).count == 301)
    world.kernel.interruptions = Array(repeating: 0, count: 9)
    let outcome = try world.outcomeOf(id, .ruleGet)
    #expect(outcome.error == UInt32(EAGAIN))
    #expect(outcome.line == "the rules changed while they were listed; ask again")
    #expect(world.kernel.dumps.isEmpty)
  }

  @Test func aListThatChangedTooLateSaysSo() throws {
    let world = World()
    world.kernel.rules = rules(300)
    world.kernel.interruptions = [2]
    let id = world.greeted()
    world.ask(id, .ruleGet)
    world.run()
    var messages = try world.messages(id)
    var end = try #require(messages.last)
    messages.removeLast()
    #expect(messages.allSatisfy { $0.header.type == .ruleGet } && messages.count == 200)
    let outcome = try Outcome(&end.attributes)
    #expect(outcome.error == UInt32(EAGAIN) && outcome.generation == nil)
  }

  @Test func passesTheKernelsRefusalOn() throws {
    let world = World()
    let id = world.greeted()
    world.kernel.failure = KernelPart([], .failed(EMSGSIZE, text: Array("too small".utf8)))
    let outcome = try world.outcomeOf(id, .ruleGet)
    #expect(outcome.error == UInt32(EMSGSIZE))
    #expect(outcome.line == "too small")
    #expect(world.isOpen(id))
    #expect(world.logs == ["user 1000: a question to module e7 failed: too small"])
  }

  private func row(
    _ question: Question, _ body: (inout AttributeWriter) -> Void
  ) throws(DecodeError) -> KernelRow {
    var writer = AttributeWriter()
    body(&writer)
    var reader = try AttributeReader(writer.bytes, from: 0, skipUnknown: false)
    return try KernelRow(question, &reader)
  }

  @Test func aRowIsWhatWasAskedFor() throws {
    let status = Status(version: 1, instance: 2, generation: 3)
    let mode = FlagValue(flag: .mode, value: 1)
    let rule = Rule(id: 1, action: .block, match: Match(prot: 6, path: Array("/x".utf8)))
    #expect(try row(.status, status.write) == .status(status))
    #expect(try row(.flags, mode.write) == .flag(mode))
    #expect(try row(.flag(.mode), mode.write) == .flag(mode))
    #expect(try row(.rules, rule.write) == .rule(rule))
    let flow = Flow(prot: 6, direction: .incoming, remote: [1, 2, 3, 4])
    #expect(try row(.why(flow), rule.write) == .rule(rule))
    #expect(throws: DecodeError.outOfRange(.flag)) { try row(.flag(.fail), mode.write) }
    let learnt = StatisticValue(statistic: .learnt, value: 5)
    #expect(try row(.statistics, learnt.write) == .statistic(learnt))
    #expect(throws: DecodeError.outOfRange(.stat)) {
      try row(.statistics) { $0.u8(.stat, 7) }
    }
    #expect(throws: DecodeError.missing(.value)) { try row(.statistics) { $0.u8(.stat, 1) } }
    #expect(throws: DecodeError.missing(.version)) { try row(.status, rule.write) }
    #expect(throws: DecodeError.missing(.flag)) { try row(.flags) { _ in } }
    #expect(throws: DecodeError.missing(.action)) { try row(.rules) { $0.u64(.id, 1) } }
  }

  @Test func aConsoleThatLeavesEndsItsDump() {
    let world = World()
    world.kernel.rules = rules(5000)
    let id = world.greeted()
    world.unblock(id, room: 5)
    world.ask(id, .ruleGet)
    world.run()
    #expect(world.kernel.dumps.count == 1)
    world.broker.closed(id, at: world.now)
    world.run()
    #expect(world.kernel.dumps.isEmpty && world.broker.count == 0)
  }
}

@Suite struct EditTests {
  private static let edits: [Edit] = [
    .answer(question: 1, .allow, .once),
    .add(.allow, Match(prot: 6, path: [])), .remove(Match(path: Array("/x".utf8))), .removeID(3),
    .clear(nil, generation: nil), .set(.mode, 1), .begin(replace: true, generation: 1), .commit(),
    .commit(confirm: 60), .abort, .confirm, .revert,
  ]

  @Test(arguments: EditTests.edits, [UInt32(1000), 0])
  func areRefusedWhoeverAsks(edit: Edit, uid: UInt32) throws {
    let world = World()
    let id = world.greeted(uid: uid)
    let outcome = try world.outcomeOf(id, edit.type, edit.write)
    #expect(outcome.error == UInt32(EPERM))
    #expect(
      outcome.line == "edits go over a lane, which e7-client opens; a console only looks")
    #expect(world.kernel.fetched == 0)
    #expect(world.isOpen(id))
  }
}

@Suite struct LaneTests {
  @Test(arguments: [(UInt32(0), [UInt32]()), (1000, [World.admins])] as [(UInt32, [UInt32])])
  func isHandedOverForAdministrators(uid: UInt32, groups: [UInt32]) throws {
    let world = World()
    let id = world.greeted(uid: uid, groups: groups)
    #expect(try world.outcomeOf(id, .lane, passed: .one) == Outcome())
    #expect(world.lanes == [id])
  }

  @Test(arguments: [[], [World.viewers]] as [[UInt32]])
  func isRefusedForOthers(groups: [UInt32]) throws {
    let world = World()
    let id = world.greeted(groups: groups)
    for _ in 0..<5 {
      let outcome = try world.outcomeOf(id, .lane, passed: .one)
      #expect(outcome.error == UInt32(EPERM))
      #expect(outcome.line == "user 1000 is neither root nor in group e7-admin")
    }
    #expect(world.lanes.isEmpty && world.isOpen(id))
  }

  @Test(arguments: [Passed.none, .tooMany])
  func carriesExactlyOneDescriptor(passed: Passed) throws {
    let world = World()
    let id = world.greeted(uid: 0)
    let outcome = try world.outcomeOf(id, .lane, passed: passed)
    #expect(outcome.error == UInt32(EINVAL))
    #expect(outcome.line == "LANE carries exactly one descriptor")
    #expect(world.lanes.isEmpty)
  }

  @Test func isRefusedWithoutTheModule() throws {
    let world = World(module: .absent)
    let id = world.greeted(uid: 0)
    let outcome = try world.outcomeOf(id, .lane, passed: .one)
    #expect(outcome.error == UInt32(ENODEV))
    #expect(world.lanes.isEmpty && world.isOpen(id))
  }

  @Test func saysWhereNobodyTakesIt() throws {
    let world = World()
    world.laneError = EPIPE
    let id = world.greeted(uid: 0)
    let outcome = try world.outcomeOf(id, .lane, passed: .one)
    #expect(outcome.error == UInt32(ECONNREFUSED))
    #expect(outcome.line == "e7-priv takes no lanes: is it running?")
    #expect(world.isOpen(id))
  }
}
