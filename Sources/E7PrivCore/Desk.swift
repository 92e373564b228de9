// SPDX-License-Identifier: GPL-2.0-or-later
// What this module speaks of comes with it.
@_exported public import E7Lane
@_exported public import E7System

/// Where edits go that were found right.
package protocol EditTarget: ~Copyable {
  /// Carries a command out, with the attributes that were read for it.
  mutating func apply(_ type: MessageType, _ attributes: [UInt8]) -> Outcome

  /// The generation of the rules in force; nil where the module does not tell.
  mutating func generation() -> UInt64?
}

/// All lanes of one e7-priv: who may say what, and the one transaction; `now` is milliseconds.
package struct Desk<Target: EditTarget & ~Copyable>: ~Copyable {
  private let authority: Authority
  /// The kernel, which may be asked what no lane asks for, too.
  package var target: Target
  package private(set) var lanes: [Lane] = []
  private var transaction: Lane?
  private var vault: Vault
  private var audit: Audit

  /// A desk without lanes, which saves nothing where the number of `folder` is none.
  package init(
    authority: Authority, target: consuming Target, folder: consuming FileDescriptor, now: UInt64,
    write: @escaping Audit.Write
  ) {
    self.authority = authority
    self.target = target
    vault = Vault(folder)
    audit = Audit(now: now, write)
  }

  /// Takes a lane on; false where there is no room even for one that serves nobody, which stays until
  /// its first message, which it refuses, or is overdue.
  package mutating func open(
    _ socket: consuming FileDescriptor, maker: Credentials?, now: UInt64
  ) -> Bool {
    guard lanes.count < 2 * Limit.lanes else { return false }
    let refusal = refusal(of: maker, over: socket)
    let maker = maker ?? Credentials(pid: 0, uid: .max, gid: .max)
    lanes.append(Lane(socket, maker, refusal, now: now))
    audit.after(
      Audit.who(maker, nil), refusal == nil ? "lane opened" : "lane",
      refusal ?? Outcome(), from: nil, now: now)
    return true
  }

  private func refusal(
    of maker: Credentials?, over socket: borrowing FileDescriptor
  ) -> Outcome? {
    guard authority.admits(maker, over: socket), let maker else {
      return Outcome(EPERM, "edits are for root and members of group e7-admin")
    }
    if lanes.count(where: { $0.refusal == nil }) >= Limit.lanes {
      return Outcome(EUSERS, "all \(Limit.lanes) lanes are in use; try again later")
    }
    let own = lanes.count { $0.refusal == nil && $0.maker.uid == maker.uid }
    guard own >= Limit.lanesPerUid else { return nil }
    return Outcome(EUSERS, "all \(Limit.lanesPerUid) lanes of this user are in use; close one")
  }

  /// Tells what there was no room to tell before.
  package mutating func settle(now: UInt64) { audit.settle(now: now) }

  /// Forgets the lane at an index; a transaction that it has open goes with it.
  package mutating func close(_ index: Int, now: UInt64) {
    let lane = lanes.remove(at: index)
    vault.abandon(lane)
    guard transaction === lane else { return }
    transaction = nil
    audit.after(
      Audit.who(lane.maker, nil), "abort, since its lane was closed", target.apply(.abort, []),
      from: nil, now: now)
  }

  /// Takes a datagram of a lane, whose answers then wait in it.
  package mutating func receive(
    _ lane: Lane, _ datagram: [UInt8], from sender: Credentials?, truncated: Bool, now: UInt64
  ) {
    let who = Audit.who(lane.maker, sender)
    let fault: Outcome
    if let refusal = lane.refusal { return Desk.end(lane, datagram, refusal) }
    if !Authority.agrees(sender, with: lane.maker) {
      fault = Outcome(EPERM, "the sender is not who made the lane")
    } else if truncated {
      fault = Outcome(EBADMSG, "the message is longer than \(Limit.message) bytes")
    } else {
      do throws(DecodeError) {
        var message = try Message(decoding: datagram)
        let sequence = message.header.sequence
        return lane.answer(Desk.done(sequence, answer(lane, &message, who, now: now)))
      } catch { fault = Outcome(EBADMSG, error.phrase) }
    }
    audit.after(who, "message", fault, from: nil, now: now)
    Desk.end(lane, datagram, fault)
  }

  /// Answers what may be no message, so that even its refusal finds its question.
  private static func end(_ lane: Lane, _ datagram: [UInt8], _ fault: Outcome) {
    lane.answer(done((try? Header(decoding: datagram).sequence) ?? 0, fault))
    lane.closes = true
  }

  private static func done(_ sequence: UInt32, _ outcome: Outcome) -> [UInt8] {
    Message.encode(.done, sequence: sequence) { outcome.write(&$0) }
  }

  private mutating func answer(
    _ lane: Lane, _ message: inout Message, _ who: Phrase, now: UInt64
  ) -> Outcome {
    switch message.header.type {
    case .hello:
      // As `Hello` of E7IPC writes it, with its `Role.admin`.
      let hello = Message.encode(.hello, sequence: message.header.sequence) {
        $0.u8(.minor, UInt8(E7_IPC_MINOR))
        $0.u8(.role, 3)
      }
      lane.answer(hello)
      return Outcome()
    case .save: return save(lane, &message.attributes, who, now: now)
    case let type:
      let edit = LaneEdit(type, message.attributes)
      var before: UInt64?
      let outcome = lateness(lane, now: now) ?? edit.fault ?? carryOut(edit, lane, who, &before)
      audit.after(who, edit.words, outcome, from: before, now: now)
      return outcome
    }
  }

  /// What there is against one more edit of a lane, or nil.
  private func lateness(_ lane: Lane, now: UInt64) -> Outcome? {
    if transaction === lane || lane.pace.admits(now: now) { return nil }
    let most = Limit.laneMessagesPerSecond
    return Outcome(EAGAIN, "over \(most) edits a second; collect them between BEGIN and COMMIT")
  }

  /// Does nothing that could not be told before; of a draft the generation is that of its BEGIN.
  private mutating func carryOut(
    _ edit: LaneEdit, _ lane: Lane, _ who: Phrase, _ before: inout UInt64?
  ) -> Outcome {
    if transaction !== lane || edit.type == .commit || edit.type == .abort {
      before = target.generation()
    }
    guard audit.before(who, edit.words, before) else { return Audit.silent }
    let owns = transaction === lane
    switch edit.type {
    case .begin:
      if owns { return Outcome(EBUSY, "this lane has a transaction open; end it first") }
      if let other = transaction?.maker {
        return Outcome(
          EBUSY,
          "process \(other.pid) of user \(other.uid) has a transaction open; try again later")
      }
      let outcome = target.apply(.begin, edit.attributes)
      if outcome.error == 0 { transaction = lane }
      return outcome
    case .commit, .abort:
      guard owns else { return Outcome(EINVAL, "this lane has no transaction open") }
      transaction = nil
      let outcome = target.apply(edit.type, edit.attributes)
      // Whatever made it fail, the kernel must not keep a draft that nobody knows of.
      if edit.type == .commit, outcome.error != 0 { _ = target.apply(.abort, []) }
      return outcome
    default:
      // For an answer a flow waits: it is no part of a change, whoever has one open.
      let isDirect = edit.type.isCollected && (!owns || edit.type == .answer)
      return target.apply(edit.type, isDirect ? edit.direct : edit.attributes)
    }
  }

  private mutating func save(
    _ lane: Lane, _ reader: inout AttributeReader, _ who: Phrase, now: UInt64
  ) -> Outcome {
    var what: Phrase = "save"
    var outcome: Outcome
    do throws(DecodeError) {
      guard let text = reader.string(.part) else { throw .missing(.part) }
      let isLast = reader.flag(.last)
      let meant = isLast ? reader.u64(.generation) : nil
      if isLast, meant == nil { throw .missing(.generation) }
      try reader.finish()
      guard vault.owner === lane || audit.before(who, what, meant) else { return Audit.silent }
      // Of the rules that are in force as its last part comes.
      let current = isLast ? target.generation() : nil
      guard let end = vault.take(text, of: meant, from: lane, current) else { return Outcome() }
      what += " of \(vault.size) bytes"
      outcome = end
    } catch { outcome = Outcome(EINVAL, error.phrase) }
    audit.after(who, what, outcome, from: nil, now: now)
    return outcome
  }
}
