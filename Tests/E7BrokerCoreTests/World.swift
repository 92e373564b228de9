// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7BrokerCore
import E7IPC
import Testing

/// A console's socket and the process behind it.
struct FakeConsole {
  /// What was sent to the broker and not read by it.
  var sent: [(bytes: [UInt8], passed: Passed, truncated: Bool)] = []
  /// What the broker sent.
  var got: [[UInt8]] = []
  /// Messages that the kernel's buffer takes before the process reads.
  var room = Int.max
  var watch = (input: true, output: false)
  var isOpen = true
}

/// Runs a broker as e7-broker does: one round reads a message of each console that is watched, and
/// then carries out the effects, once.
final class World {
  static let admins: UInt32 = 900
  static let viewers: UInt32 = 901

  var broker: Broker
  var kernel = FakeKernel()
  var now: UInt64
  var consoles: [ConsoleID: FakeConsole] = [:]
  var logs: [String] = []
  var looks = 0
  var exit: Int32?
  /// What handing a descriptor over comes to.
  var laneError: Int32 = 0
  var lanes: [ConsoleID] = []
  /// Messages that one flush sends.
  var share = 32
  private var last: UInt64 = 0

  init(module: Module = .ready(instance: FakeKernel.instance), at now: UInt64 = 1_000_000) {
    self.now = now
    broker = Broker(
      groups: RoleGroups(admin: World.admins, view: World.viewers), module: module, at: now)
  }

  // MARK: What happens outside

  func open(uid: UInt32 = 1000, groups: [UInt32] = [], room: Int = .max) -> ConsoleID {
    last += 1
    let id = ConsoleID(last)
    consoles[id] = FakeConsole(room: room)
    broker.opened(id, by: Visitor(uid: uid, groups: groups), at: now)
    return id
  }

  /// A console that was greeted, and has read the greeting.
  func greeted(uid: UInt32 = 1000, groups: [UInt32] = [], subscribed: Bool = false) -> ConsoleID {
    let id = open(uid: uid, groups: groups)
    ask(id, .hello, sequence: 1) { Hello().write(&$0) }
    if subscribed { ask(id, .subscribe, sequence: 2) }
    run()
    consoles[id]?.got = []
    return id
  }

  func send(
    _ id: ConsoleID, _ bytes: [UInt8], passed: Passed = .none, truncated: Bool = false
  ) {
    consoles[id]?.sent.append((bytes, passed, truncated))
  }

  func ask(
    _ id: ConsoleID, _ type: MessageType, sequence: UInt32 = 7, passed: Passed = .none,
    _ body: (inout AttributeWriter) -> Void = { _ in }
  ) {
    send(id, Message.encode(type, sequence: sequence, body), passed: passed)
  }

  func type(_ id: ConsoleID, _ text: String) {
    send(id, Array(text.utf8))
  }

  func tell(_ events: [Event] = [], _ notices: [Notice] = []) {
    broker.told(
      events.map { .event($0) } + notices.map { .notice($0) }, at: now)
  }

  /// The process has read all and reads on.
  func unblock(_ id: ConsoleID, room: Int = .max) {
    consoles[id]?.room = room
    if consoles[id]?.watch.output == true { broker.writable(id, at: now) }
  }

  func wait(_ milliseconds: UInt64) {
    now += milliseconds
    broker.tick(at: now)
  }

  // MARK: Rounds

  func round() {
    for id in consoles.keys.sorted(by: { $0.number < $1.number }) {
      guard let console = consoles[id], console.isOpen, console.watch.input,
        broker.reads(id), let message = console.sent.first
      else { continue }
      consoles[id]?.sent.removeFirst()
      let handOver = broker.received(
        id, message.bytes, truncated: message.truncated, passed: message.passed, at: now)
      if handOver {
        #expect(message.passed == .one)
        if laneError == 0 { lanes.append(id) }
        broker.handedOver(id, error: laneError, at: now)
      }
    }
    for effect in broker.takeEffects() { perform(effect) }
  }

  /// Rounds until nothing more happens, and how many it took.
  @discardableResult func run(atMost most: Int = 100_000) -> Int {
    var rounds = 0
    while rounds < most {
      round()
      rounds += 1
      let isReadable = consoles.contains { id, console in
        console.isOpen && console.watch.input && !console.sent.isEmpty && broker.reads(id)
      }
      if !broker.hasEffects && !isReadable { return rounds }
    }
    Issue.record("the broker does not come to rest")
    return rounds
  }

  private func perform(_ effect: Effect) {
    switch effect {
    case .watch(let id, let input, let output):
      consoles[id]?.watch = (input, output)
    case .flush(let id):
      flush(id)
    case .close(let id):
      #expect(consoles[id]?.isOpen == true)
      consoles[id]?.isOpen = false
      kernel.forget(id)
    case .ask(let id, let question):
      broker.answered(id, kernel.ask(id, question), at: now)
    case .pull(let id):
      broker.answered(id, kernel.pull(id), at: now)
    case .forget(let id):
      kernel.forget(id)
    case .look:
      looks += 1
    case .log(_, let text):
      logs.append(text)
    case .exit(let status):
      exit = status
    }
  }

  private func flush(_ id: ConsoleID) {
    guard consoles[id]?.isOpen == true else { return }
    var count = 0
    while count < share, let message = broker.outgoing(id, at: count) {
      guard let room = consoles[id]?.room, room > 0 else {
        broker.wrote(id, count: count, blocked: true, at: now)
        return
      }
      consoles[id]?.room = room == .max ? room : room - 1
      consoles[id]?.got.append(message)
      count += 1
    }
    broker.wrote(id, count: count, blocked: false, at: now)
  }

  // MARK: What came of it

  func isOpen(_ id: ConsoleID) -> Bool { consoles[id]?.isOpen == true }

  /// The messages that came since it was last asked.
  func messages(_ id: ConsoleID) throws -> [Message] {
    let got = consoles[id]?.got ?? []
    consoles[id]?.got = []
    return try got.map { try Message(decoding: $0) }
  }

  /// The lines that came since it was last asked.
  func text(_ id: ConsoleID) -> String {
    let got = consoles[id]?.got ?? []
    consoles[id]?.got = []
    return String(decoding: got.joined(), as: UTF8.self)
  }

  /// The outcome of the question that was just asked; the only message that came.
  func outcome(_ id: ConsoleID, sequence: UInt32 = 7) throws -> Outcome {
    let messages = try messages(id)
    var message = try #require(messages.last)
    #expect(messages.count == 1)
    #expect(message.header.type == .done)
    #expect(message.header.sequence == sequence)
    return try Outcome(&message.attributes)
  }

  func outcomeOf(
    _ id: ConsoleID, _ type: MessageType, passed: Passed = .none,
    _ body: (inout AttributeWriter) -> Void = { _ in }
  ) throws -> Outcome {
    ask(id, type, passed: passed, body)
    run()
    return try outcome(id)
  }
}

extension Event {
  /// An event of a socket that `uid` has.
  static func of(uid: UInt32?, number: UInt64 = 0, path: String = "/usr/bin/curl") -> Event {
    var event = Event(
      kind: .norule, verdict: .allow, reason: .unkrule, direction: .outgoing,
      prot: NamedProtocol.tcp.rawValue, local: [192, 0, 2, 1], remote: [192, 0, 2, 2],
      netns: 4_026_531_840, time: number)
    event.uid = uid
    event.path = Array(path.utf8)
    event.localPort = 40000
    event.remotePort = 80
    event.pid = 77
    return event
  }
}

extension Outcome {
  var line: String { String(decoding: text, as: UTF8.self) }
}
