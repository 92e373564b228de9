// SPDX-License-Identifier: GPL-2.0-or-later
import CE7BrokerCalls
import CE7Linux
import CE7Sandbox
import CE7Schema
import E7BrokerCore
import E7IPC
import E7Netlink
import E7Questions
import E7Loop
import E7System
import E7Unix
import Logging

/// Feeds the state machine and does what it wants done, in rounds, on one thread.
///
/// A round takes one message of each console, a bounded number of events, and sends a bounded
/// number of messages to each console: nobody makes anybody else wait for more than that.
struct Loop: ~Copyable {
  /// Datagrams of events that a round takes; less than it sends to a console.
  private static let eventsOfARound = 32
  /// Messages that a round sends to one console.
  private static let messagesOfARound = 64
  private static let signalToken: UInt64 = 0
  private static let doorToken: UInt64 = 1
  private static let viewToken: UInt64 = 2
  /// Tokens of consoles are the numbers from here on.
  private static let firstConsole: UInt64 = 16

  private let log = Logger(label: JournalHandler.label)
  private let poller: Poller
  private let signals: Signals
  private let view: EventSocket
  private let lanes: FileDescriptor
  /// Whether it is e7-priv that gives the view its role, and not who started this process.
  private let asksForView: Bool
  private var manager: ServiceManager
  private var door: Door
  private var kernel: Kernel
  private var broker: Broker
  private var consoles: [ConsoleID: Console] = [:]
  private var nextConsole = Loop.firstConsole

  /// Takes over the descriptors, or says why it cannot and ends the process.
  init(
    console: consuming FileDescriptor, view: consuming EventSocket,
    lanes: consuming FileDescriptor, asksForView: Bool
  ) {
    door = Door(console)
    self.view = view
    manager = ServiceManager(by: lanes.raw)
    self.lanes = lanes
    self.asksForView = asksForView
    do throws(NetlinkError) {
      kernel = try Kernel()
      broker = Broker(
        groups: RoleGroups(
          admin: Account.group("e7-admin"), view: Account.group("e7-view")),
        module: try kernel.look(), at: monotonicMilliseconds())
    } catch {
      fail("\(error.text)")
    }
    do throws(SystemError) {
      signals = try Signals()
      poller = try Poller()
      try poller.add(signals.raw, token: Loop.signalToken, .input)
      try poller.add(door.raw, token: Loop.doorToken, .input)
      try poller.add(self.view.raw, token: Loop.viewToken, .input)
    } catch {
      fail(error.text)
    }
    seal()
    // The module's next load brings another start of this process.
    if asksForView, !broker.isModuleMissing { askForView() }
    log.info("serves consoles")
    manager.ready()
  }

  /// Has e7-priv give the view its role, which it may have already.
  ///
  /// Where e7-priv ends before it has, it is asked again by its next start's claim.
  private func askForView() {
    do throws(SystemError) {
      guard try view.pass(Message.encode(.claim, sequence: 0), over: lanes) else {
        return log.error("e7-priv does not give a view: it takes no messages")
      }
    } catch {
      log.error("e7-priv does not give a view: \(error.text)")
    }
  }

  /// Nobody is served before this is done, or the process has ended.
  private func seal() {
    if e7_landlock_version() == 0 {
      log.warning("this kernel has no Landlock; other means alone keep files away")
    }
    if let fault = unsafe e7_seal(e7_broker_calls(), -1) { fail(unsafe String(cString: fault)) }
  }

  /// Serves until a signal or the module's next load ends it.
  mutating func run() {
    while true {
      do throws(SystemError) {
        for ready in try poller.wait(timeoutMilliseconds: pause()) {
          switch ready.token {
          case Loop.signalToken: endIfAsked()
          case Loop.doorToken: try admit()
          case Loop.viewToken: listen()
          default: serve(ready)
          }
        }
        let now = monotonicMilliseconds()
        if let time = door.reopens, now >= time { try openDoor() }
        broker.tick(at: now)
        try perform()
        manager.live(at: now)
      } catch {
        fail(error.text)
      }
    }
  }

  private func pause() -> Int32 {
    if broker.hasEffects { return 0 }
    let due = [broker.deadline, door.reopens, manager.wakes].compactMap { $0 }.min()
    guard let due else { return -1 }
    let now = monotonicMilliseconds()
    return due > now ? Int32(clamping: due - now) : 0
  }

  private func endIfAsked() {
    while let signal = signals.next() {
      switch signal {
      case .terminate, .hangUp: _exit(0)
      case .child: break
      }
    }
  }

  // MARK: The door

  private mutating func admit() throws(SystemError) {
    if broker.isModuleMissing {
      // Whoever comes right after the module is served by the broker that listens to it.
      look()
      try perform()
    }
    let now = monotonicMilliseconds()
    switch try door.visit(at: now) {
    case .nobody: break
    case .full:
      log.warning("out of descriptors: no more consoles until one is closed")
      try poller.modify(door.raw, token: Loop.doorToken, [])
    case .came(let socket, let peer):
      let id = ConsoleID(nextConsole)
      nextConsole += 1
      try poller.add(socket.raw, token: id.number, .input)
      consoles[id] = Console(id, socket)
      broker.opened(
        id,
        by: Visitor(
          uid: peer.credentials.uid, groups: [peer.credentials.gid] + peer.groups), at: now)
    }
  }

  private mutating func openDoor() throws(SystemError) {
    door.open()
    try poller.modify(door.raw, token: Loop.doorToken, .input)
  }

  // MARK: The kernel

  private mutating func listen() {
    var news: [KernelNews] = []
    do throws(NetlinkError) {
      for _ in 0..<Loop.eventsOfARound {
        guard let messages = try view.receive() else { break }
        news += messages.map(KernelNews.init)
      }
    } catch {
      log.error("events: \(error.text)")
    }
    if asksForView, news.contains(where: \.isOfControl) { askForView() }
    broker.told(news, at: monotonicMilliseconds())
  }

  private mutating func look() {
    do throws(NetlinkError) {
      broker.module(try kernel.look(), at: monotonicMilliseconds())
    } catch {
      log.error("\(error.text)")
    }
  }

  // MARK: Consoles

  private mutating func serve(_ ready: Ready) {
    let id = ConsoleID(ready.token)
    guard let console = consoles[id] else { return }
    let now = monotonicMilliseconds()
    if ready.output { broker.writable(id, at: now) }
    if broker.reads(id) {
      if ready.input { receive(console, at: now) }
    } else if ready.closed {
      broker.closed(id, at: now)
    }
  }

  private mutating func receive(_ console: Console, at now: UInt64) {
    do throws(SystemError) {
      // One byte more than a message has tells of a longer one.
      guard
        var datagram = try SequencedSocket.receive(
          console.socket, expectingDescriptor: true, capacity: Limit.message + 1)
      else { return }
      let isTooLong = datagram.bytes.count > Limit.message
      let descriptor = datagram.takeDescriptor()
      let passed: Passed =
        datagram.truncated && !isTooLong ? .tooMany : descriptor == nil ? .none : .one
      let isLane = broker.received(
        console.id, datagram.bytes, truncated: isTooLong, passed: passed, at: now)
      if isLane { handOver(descriptor, of: console, at: now) }
    } catch {
      broker.closed(console.id, at: now)
    }
  }

  private mutating func handOver(
    _ descriptor: consuming FileDescriptor?, of console: Console, at now: UInt64
  ) {
    var errno = EBADMSG
    if let descriptor {
      do throws(SystemError) {
        let lane = Message.encode(.lane, sequence: UInt32(truncatingIfNeeded: console.id.number))
        errno = try SequencedSocket.send(lanes, lane, passing: descriptor) ? 0 : EAGAIN
      } catch {
        errno = error.errno
      }
    }
    if errno != 0 { log.error("e7-priv takes no lane: \(SystemError.text(errno))") }
    broker.handedOver(console.id, error: errno, at: now)
  }

  private mutating func flush(_ console: Console) {
    var count = 0
    var isBlocked = false
    do throws(SystemError) {
      while !isBlocked, count < Loop.messagesOfARound,
        let message = broker.outgoing(console.id, at: count)
      {
        if try SequencedSocket.send(console.socket, message) {
          count += 1
        } else {
          isBlocked = true
        }
      }
      broker.wrote(
        console.id, count: count, blocked: isBlocked, at: monotonicMilliseconds())
    } catch {
      broker.closed(console.id, at: monotonicMilliseconds())
    }
  }

  // MARK: Effects

  private mutating func perform() throws(SystemError) {
    for effect in broker.takeEffects() {
      switch effect {
      case .look: look()
      case .log(let level, let text): log.log(level: Logger.Level(level), "\(text)")
      case .exit(let status): _exit(status)
      case .close(let id):
        // The descriptor leaves the poller as it is closed.
        if let console = consoles.removeValue(forKey: id) { SequencedSocket.drain(console.socket) }
        if door.reopens != nil { try openDoor() }
      case .watch(let id, _, _), .flush(let id), .ask(let id, _), .pull(let id), .forget(let id):
        guard let console = consoles[id] else { continue }
        try perform(effect, for: console)
      }
    }
  }

  private mutating func perform(
    _ effect: Effect, for console: Console
  ) throws(SystemError) {
    switch effect {
    case .watch(let id, let input, let output):
      let interest: Interest = [input ? .input : [], output ? .output : []]
      try poller.modify(console.socket.raw, token: id.number, interest)
    case .flush:
      flush(console)
    case .ask(let id, let question):
      let part = kernel.ask(question, for: console)
      broker.answered(id, part, at: monotonicMilliseconds())
    case .pull(let id):
      let part = kernel.pull(for: console)
      broker.answered(id, part, at: monotonicMilliseconds())
    case .forget:
      console.forget()
    case .look, .log, .exit, .close:
      break
    }
  }
}

extension Logger.Level {
  init(_ level: LogLevel) {
    switch level {
    case .error: self = .error
    case .warning: self = .warning
    case .notice: self = .notice
    case .info: self = .info
    }
  }
}
