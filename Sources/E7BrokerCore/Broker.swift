// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

/// All that the broker decides, as a state machine.
///
/// It makes no system call and reads no clock: whoever runs it says what happened and when, in
/// milliseconds of a clock that only goes forward, and then does what `takeEffects` lists.  One
/// round of both gives each console a bounded share, however much another one sends or asks.
package struct Broker: ~Copyable {
  let groups: RoleGroups
  var sessions: [ConsoleID: Session] = [:]
  var admission = Admission()
  var rates = RateLimiter()
  var complaints = Complaints()
  var module: Module
  /// This load of the module is on its way out, though its family may still answer.
  var leaving: UInt64?
  /// When the module is looked for again, in milliseconds.
  var nextLook: UInt64?
  var effects: [Effect] = []
  /// The flows that are held for an answer, as far as they were told.
  var held = HeldFlows()
  /// Messages of the kernel that could not be read.
  var unknown: UInt64 = 0

  /// Exit status that asks the supervisor for another broker, with another view socket.
  package static let restartStatus: Int32 = 75

  /// How often a missing module is looked for, in milliseconds.
  static let lookInterval: UInt64 = 250

  /// A broker without consoles, on what is known of the module.
  package init(groups: RoleGroups, module: Module, at now: UInt64) {
    self.groups = groups
    self.module = module
    if case .ready = module { return }
    effects.append(.log(.warning, Broker.refusal(module).text))
    nextLook = now + Broker.lookInterval
  }

  /// What is to be done; an effect that follows from doing it is in the next list.
  package mutating func takeEffects() -> [Effect] {
    let taken = effects
    effects.removeAll(keepingCapacity: true)
    for case .flush(let id) in taken { sessions[id]?.isFlushing = false }
    return taken
  }

  /// Whether something is to be done at once.
  package var hasEffects: Bool { !effects.isEmpty }

  /// Consoles that are open.
  package var count: Int { sessions.count }

  /// Whether the next accepted console should wait until the module was looked for.
  package var isModuleMissing: Bool {
    if case .ready = module { return false }
    return true
  }

  // MARK: Consoles

  /// A console has connected.
  package mutating func opened(_ id: ConsoleID, by visitor: Visitor, at now: UInt64) {
    let session = Session(id, uid: visitor.uid, role: groups.role(of: visitor), opened: now)
    sessions[id] = session
    let refusal = admission.refusal(uid: visitor.uid)
    admission.opened(uid: visitor.uid)
    guard let refusal else { return }
    // What it speaks is not known yet; a program understands this, and a person reads the text in it.
    session.outbox.append(Message.encode(.done, sequence: 0, refusal.outcome.write))
    complain(about: session, refusal.text, at: now)
    session.isClosing = true
    settle(session, at: now)
  }

  /// A console's peer has closed, or its socket failed.
  package mutating func closed(_ id: ConsoleID, at now: UInt64) {
    guard let session = sessions[id] else { return }
    drop(session)
  }

  /// Whether a message of this console would be taken now.
  package func reads(_ id: ConsoleID) -> Bool {
    guard let session = sessions[id] else { return false }
    return reads(session)
  }

  func reads(_ session: Session) -> Bool {
    session.isIdle && !(session.isGreeted && rates.isPaused(session.uid))
  }

  /// The message behind `index` others that wait for this console, or nil.
  package func outgoing(_ id: ConsoleID, at index: Int) -> [UInt8]? {
    sessions[id]?.outbox.message(at: index)
  }

  /// The first `count` of those were sent; `blocked` when the next one found no room.
  package mutating func wrote(_ id: ConsoleID, count: Int, blocked: Bool, at now: UInt64) {
    guard let session = sessions[id] else { return }
    session.outbox.removeFirst(count)
    session.isBlocked = blocked
    if !blocked {
      session.unreadSince = nil
    } else if count > 0 || session.unreadSince == nil {
      session.unreadSince = now
    }
    if let lost = session.lost, session.outbox.isHalfEmpty {
      session.lost = nil
      putGap(lost, to: session)
    }
    settle(session, at: now)
  }

  /// There is room to write to this console again.
  package mutating func writable(_ id: ConsoleID, at now: UInt64) {
    guard let session = sessions[id] else { return }
    session.isBlocked = false
    settle(session, at: now)
  }

  // MARK: Time

  /// When `tick` is due, in milliseconds; nil while nothing waits for a time.
  package var deadline: UInt64? {
    var first = rates.deadline
    func consider(_ time: UInt64?) {
      guard let time else { return }
      first = min(first ?? time, time)
    }
    consider(nextLook)
    for session in sessions.values { consider(session.deadline) }
    return first
  }

  /// Time has passed.
  package mutating func tick(at now: UInt64) {
    for session in sessions.values.filter({ ($0.deadline ?? .max) <= now }) {
      if session.unreadSince != nil {
        complain(about: session, "a console left its messages unread, and is closed", at: now)
      }
      drop(session)
    }
    let resumed = rates.tick(at: now)
    if !resumed.isEmpty {
      for session in sessions.values where resumed.contains(session.uid) {
        settle(session, at: now)
      }
    }
    complaints.tick(at: now)
    if let time = nextLook, now >= time { look(at: now) }
  }

  // MARK: Inside

  mutating func log(_ level: LogLevel, _ text: String) {
    effects.append(.log(level, text))
  }

  mutating func complain(about session: Session, _ text: String, at now: UInt64) {
    guard let line = complaints.line(about: session.uid, text, at: now) else { return }
    log(.warning, line)
  }

  mutating func drop(_ session: Session) {
    guard sessions.removeValue(forKey: session.id) != nil else { return }
    admission.closed(uid: session.uid)
    effects.append(.close(session.id))
  }

  /// Takes one message's token, and stops reading the user's consoles when it was the last.
  mutating func charge(_ session: Session, at now: UInt64) {
    guard rates.take(session.uid, at: now) else { return }
    for other in sessions.values where other.uid == session.uid { watch(other) }
  }

  /// Brings a console as far as it gets without being fed.
  mutating func settle(_ session: Session, at now: UInt64) {
    guard sessions[session.id] === session else { return }
    advance(session, at: now)
    if session.isClosing && session.answer == nil && session.outbox.isEmpty {
      drop(session)
      return
    }
    flush(session)
    watch(session)
  }

  mutating func flush(_ session: Session) {
    guard !session.isFlushing, !session.isBlocked, !session.outbox.isEmpty else { return }
    session.isFlushing = true
    effects.append(.flush(session.id))
  }

  private mutating func watch(_ session: Session) {
    let wanted = (input: reads(session), output: session.isBlocked)
    guard wanted != session.watched else { return }
    session.watched = wanted
    effects.append(.watch(session.id, input: wanted.input, output: wanted.output))
  }
}
