// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7TestSupport
import Testing

@testable import E7BrokerCore

/// Thousands of steps that a seed chooses, against a model that keeps everything.
@Suite struct ModelTests {
  @Test(arguments: 0..<10)
  func whatIsToldIsToldOrCounted(seed: UInt64) throws {
    var model = Model(seed: seed)
    for _ in 0..<400 {
      try model.step()
      model.check()
    }
    try model.finish()
  }
}

private struct Model {
  /// What one console was to be told, and how far it got.
  struct Reader {
    let uid: UInt32
    let role: Role
    /// Reads at once, always.
    let isQuick: Bool
    /// Numbers of the events that it may see.
    var expected: [UInt64] = []
    var next = 0
    /// Sequence numbers of its questions that have no end yet.
    var asked: [UInt32] = []
    var gaps = 0
    /// The last thing told was a gap without a number.
    var isLost = false
  }

  let world = World()
  var random: SeededGenerator
  var readers: [ConsoleID: Reader] = [:]
  var events: UInt64 = 0
  var sequence: UInt32 = 100

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    world.kernel.rules = (0..<800).map { number in
      Rule(
        id: UInt64(number), action: .allow,
        match: Match(prot: 6, path: Array("/opt/\(number)".utf8)))
    }
  }

  mutating func step() throws {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<6: open()
    case 6..<9: close()
    case 9..<55: tell()
    case 55..<70: read()
    case 70..<85: ask()
    case 85..<88: world.send(pick() ?? ConsoleID(0), [0xe7, 1, 2, 3])
    case 88: overrun()
    default: world.wait(.random(in: 0...400, using: &random))
    }
    for _ in 0..<Int.random(in: 0...3, using: &random) { world.round() }
    try collect()
  }

  private mutating func pick() -> ConsoleID? {
    readers.keys.sorted { $0.number < $1.number }.randomElement(using: &random)
  }

  private mutating func open() {
    let uid = UInt32.random(in: 0...6, using: &random)
    let isViewer = Int.random(in: 0..<4, using: &random) == 0
    let id = world.greeted(uid: uid, groups: isViewer ? [World.viewers] : [], subscribed: true)
    guard world.isOpen(id), world.consoles[id]?.sent.isEmpty == true else {
      world.broker.closed(id, at: world.now)
      return
    }
    let isQuick = Bool.random(using: &random)
    readers[id] = Reader(
      uid: uid, role: uid == 0 ? .admin : isViewer ? .all : .own, isQuick: isQuick)
    if !isQuick { world.unblock(id, room: 0) }
  }

  private mutating func close() {
    guard let id = pick() else { return }
    world.broker.closed(id, at: world.now)
    readers[id] = nil
  }

  private mutating func tell() {
    // Mostly a few, and at times more than any outbox holds.
    let burst = Int.random(in: 0..<25, using: &random) == 0 ? 600 : 8
    for count in 0..<Int.random(in: 1...burst, using: &random) {
      if count % 30 == 29 { world.round() }
      let uid: UInt32? =
        Int.random(in: 0..<8, using: &random) == 0 ? nil : .random(in: 0...6, using: &random)
      events += 1
      for (id, reader) in readers where reader.role != .own || reader.uid == uid {
        readers[id]?.expected.append(events)
      }
      world.tell([.of(uid: uid, number: events)])
    }
  }

  private mutating func read() {
    guard let id = pick(), readers[id]?.isQuick == false else { return }
    world.unblock(id, room: .random(in: 0...700, using: &random))
  }

  private mutating func ask() {
    guard let id = pick() else { return }
    sequence += 1
    let type = [MessageType.status, .flagGet, .ruleGet].randomElement(using: &random) ?? .status
    readers[id]?.asked.append(sequence)
    world.ask(id, type, sequence: sequence)
  }

  private mutating func overrun() {
    world.broker.told([.lost], at: world.now)
  }

  /// Compares what each console got with what it was to get.
  private mutating func collect() throws {
    for id in readers.keys {
      for var message in try world.messages(id) {
        switch message.header.type {
        case .event:
          let event = try Event(&message.attributes)
          try readers[id]?.got(event)
        case .gap:
          try readers[id]?.got(try Gap(&message.attributes))
        case .done where message.header.sequence >= 100:
          #expect(readers[id]?.asked.first == message.header.sequence)
          readers[id]?.asked.removeFirst()
        default:
          break
        }
      }
      if !world.isOpen(id) {
        // Only for what it sent, or for what it did not read.
        readers[id] = nil
      }
    }
  }

  /// What holds after every step.
  func check() {
    var byUser: [UInt32: Int] = [:]
    for session in world.broker.sessions.values {
      byUser[session.uid, default: 0] += 1
      #expect(session.outbox.count <= Limit.outboxMessages)
      #expect(session.outbox.bytes <= Limit.outboxBytes)
      #expect((session.answer?.rows.count ?? 0) <= world.kernel.rulesOfAPart + 1)
      #expect(session.isClosing || session.strikes < Session.mostStrikes)
      if let since = session.unreadSince {
        #expect(world.now < since + UInt64(Limit.stallMilliseconds) + 400)
      }
    }
    #expect(byUser.values.allSatisfy { $0 <= Limit.connectionsPerUid })
    #expect(world.broker.count <= Limit.connections)
    #expect(world.exit == nil)
    for (id, reader) in readers where reader.isQuick {
      // The clock may stand still for it, but nothing is taken from it.
      #expect(reader.gaps == 0, "console \(id.number)")
    }
  }

  /// Everybody reads on: nothing is left untold or uncounted.
  mutating func finish() throws {
    for id in readers.keys { world.unblock(id) }
    for _ in 0..<60 {
      world.run()
      world.wait(500)
      try collect()
    }
    for (id, reader) in readers {
      #expect(reader.next == reader.expected.count || reader.isLost, "console \(id.number)")
      #expect(reader.asked.isEmpty, "console \(id.number)")
      #expect(world.consoles[id]?.sent.isEmpty == true)
    }
  }
}

extension Model.Reader {
  fileprivate mutating func got(_ event: Event) throws {
    #expect(role != .own || event.uid == uid)
    // After a gap without a number the stream goes on anywhere.
    if isLost { next = try #require(expected[next...].firstIndex(of: event.time)) }
    isLost = false
    try #require(next < expected.count)
    #expect(expected[next] == event.time)
    next += 1
  }

  fileprivate mutating func got(_ gap: Gap) throws {
    guard let lost = gap.lost else {
      isLost = true
      return
    }
    gaps += 1
    next += Int(lost)
    #expect(next <= expected.count)
  }
}
