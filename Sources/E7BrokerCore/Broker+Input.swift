// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules

extension Broker {
  /// A console has sent a datagram, of which `bytes` may be the beginning alone.
  ///
  /// An empty one is the end of what it has to say.  True when the descriptor that came along is to
  /// be handed over to e7-priv and the result reported with `handedOver`; any other one is closed.
  package mutating func received(
    _ id: ConsoleID, _ bytes: [UInt8], truncated: Bool = false, passed: Passed = .none,
    at now: UInt64
  ) -> Bool {
    guard let session = sessions[id], !session.isClosing else { return false }
    defer { settle(session, at: now) }
    guard !bytes.isEmpty else {
      session.isClosing = true
      return false
    }
    if session.speech == .unknown {
      session.speech = Header.isBinary(bytes) ? .messages : .lines
    }
    // A console's first message is free; a line is charged when it is looked at.
    if session.isGreeted && session.speech == .messages { charge(session, at: now) }
    if truncated || bytes.count > Limit.message {
      if session.speech == .lines { charge(session, at: now) }
      refuse(
        session, sequence(of: bytes),
        Refusal(.tooLong, "a message has at most \(Limit.message) bytes"))
      return false
    }
    switch session.speech {
    case .lines:
      guard passed == .none, !Header.isBinary(bytes) else {
        strike(
          session, 0,
          Refusal(.protocolViolation, "expected a line of text and no descriptor"), at: now)
        return false
      }
      session.isGreeted = true
      session.lines = Broker.lines(bytes)
      return false
    case .messages, .unknown:
      return receivedMessage(session, bytes, passed, at: now)
    }
  }

  /// e7-priv was sent a lane of this console, or could not be: errno(3), 0 where it was.
  package mutating func handedOver(_ id: ConsoleID, error: Int32, at now: UInt64) {
    guard let session = sessions[id], let sequence = session.lane else { return }
    session.lane = nil
    let outcome =
      error == 0
      ? Outcome()
      : Refusal(.noLane, "e7-priv takes no lanes: is it running?").outcome
    reply(session, Message.encode(.done, sequence: sequence, outcome.write))
    settle(session, at: now)
  }

  // MARK: Messages

  private mutating func receivedMessage(
    _ session: Session, _ bytes: [UInt8], _ passed: Passed, at now: UInt64
  ) -> Bool {
    var message: Message
    do {
      message = try Message(decoding: bytes)
    } catch .unsupportedVersion(let major) {
      refuse(
        session, sequence(of: bytes),
        Refusal(.protocolViolation, DecodeError.unsupportedVersion(major: major).text))
      session.isClosing = true
      return false
    } catch {
      strike(session, sequence(of: bytes), Refusal(error), at: now)
      return false
    }
    let sequence = message.header.sequence
    guard passed == .none || message.header.type == .lane else {
      strike(
        session, sequence, Refusal(.invalid, "a descriptor comes with LANE alone"), at: now)
      return false
    }
    guard sequence != 0 else {
      strike(
        session, 0, Refusal(.protocolViolation, "a question has a sequence number other than 0"),
        at: now)
      return false
    }
    guard session.isGreeted != (message.header.type == .hello) else {
      let text = session.isGreeted ? "HELLO was said already" : "expected HELLO first"
      strike(session, sequence, Refusal(.protocolViolation, text), at: now)
      return false
    }
    do {
      return try question(session, &message, passed, at: now)
    } catch {
      strike(session, sequence, Refusal(error), at: now)
      return false
    }
  }

  private mutating func question(
    _ session: Session, _ message: inout Message, _ passed: Passed, at now: UInt64
  ) throws(DecodeError) -> Bool {
    let sequence = message.header.sequence
    switch message.header.type {
    case .hello:
      _ = try Hello(&message.attributes)
      session.isGreeted = true
      let hello = Hello(role: session.role)
      reply(session, Message.encode(.hello, sequence: sequence, hello.write))
      done(session, sequence)
    case .status:
      try message.attributes.finish()
      begin(session, Answer(.messages(sequence), [.status]))
    case .flagGet:
      var questions = [Question.flags]
      if let number = message.attributes.u8(.flag) {
        guard let flag = Flag(wire: number) else { throw .outOfRange(.flag) }
        questions = [.flag(flag)]
      }
      try message.attributes.finish()
      begin(session, Answer(.messages(sequence), questions))
    case .statGet:
      try message.attributes.finish()
      begin(session, Answer(.messages(sequence), [.statistics]))
    case .ruleGet:
      try message.attributes.finish()
      begin(session, Answer(.messages(sequence), [.status, .rules]))
    case .why:
      let flow = try Flow(&message.attributes)
      begin(session, Answer(.messages(sequence), [.status, .why(flow)]))
    case .subscribe:
      try message.attributes.finish()
      done(session, sequence)
      subscribe(session, at: now)
    case .questions:
      try message.attributes.finish()
      begin(session, heldFlows(.messages(sequence), of: session, at: now))
    case .unsubscribe:
      try message.attributes.finish()
      unsubscribe(session)
      done(session, sequence)
    case .lane:
      try message.attributes.finish()
      return lane(session, sequence, passed, at: now)
    case .ruleAdd, .ruleDel, .ruleClear, .flagSet, .begin, .commit, .abort, .confirm, .revert,
      .answer, .save:
      refuse(session, sequence, .edit)
    case .event, .notice, .done, .gap, .claim, .helper:
      throw .unknownType(message.header.type.rawValue)
    }
    return false
  }

  private mutating func lane(
    _ session: Session, _ sequence: UInt32, _ passed: Passed, at now: UInt64
  ) -> Bool {
    guard session.role == .admin else {
      refuse(
        session, sequence,
        Refusal(.notPermitted, "user \(session.uid) is neither root nor in group e7-admin"))
      return false
    }
    guard passed == .one else {
      strike(session, sequence, Refusal(.invalid, "LANE carries exactly one descriptor"), at: now)
      return false
    }
    guard !isModuleMissing else {
      // e7-priv is not there to say so: it ends with the module.
      refuse(session, sequence, Broker.refusal(module))
      return false
    }
    session.lane = sequence
    return true
  }

  func unsubscribe(_ session: Session) {
    session.isSubscribed = false
    session.lost = nil
  }

  // MARK: Answers that need no kernel

  func reply(_ session: Session, _ message: [UInt8]) {
    session.outbox.append(message)
  }

  private func done(_ session: Session, _ sequence: UInt32) {
    reply(session, Message.encode(.done, sequence: sequence, Outcome().write))
  }

  func refuse(_ session: Session, _ sequence: UInt32, _ refusal: Refusal) {
    switch session.speech {
    case .lines: reply(session, refusal.line)
    case .messages, .unknown:
      reply(session, Message.encode(.done, sequence: sequence, refusal.outcome.write))
    }
  }

  private mutating func strike(
    _ session: Session, _ sequence: UInt32, _ refusal: Refusal, at now: UInt64
  ) {
    refuse(session, sequence, refusal)
    session.strikes += 1
    guard session.strikes >= Session.mostStrikes else { return }
    session.isClosing = true
    complain(about: session, "a console is closed: " + refusal.text, at: now)
  }

  /// The sequence number of what may be no message.
  private func sequence(of bytes: [UInt8]) -> UInt32 {
    guard bytes.count >= Header.size else { return 0 }
    return (0..<4).reduce(0) { $0 | UInt32(bytes[12 + $1]) << (8 * UInt32($1)) }
  }
}

extension Refusal {
  init(_ error: DecodeError) {
    switch error {
    case .unknownAttribute, .duplicate, .missing, .malformed, .outOfRange, .unexpected:
      self.init(.invalid, error.text)
    case .truncated, .tooLong, .badMagic, .unsupportedVersion, .wrongLength, .unknownType,
      .reservedBits:
      self.init(.protocolViolation, error.text)
    }
  }
}
