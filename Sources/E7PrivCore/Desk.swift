// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
public import E7Lane
public import E7System
import E7Text

/// Where edits go that were found right.
public protocol EditTarget: ~Copyable {
  /// Carries an edit out.
  ///
  /// `collected` is the transaction that BEGIN opens and COMMIT or ABORT ends, of which there is
  /// one; all other edits take effect at once, beside it.
  mutating func apply(_ edit: LaneEdit, collected: Bool) -> Outcome

  /// Ends the transaction whose lane was closed.
  mutating func abort() -> Outcome

  /// Adds edits of rules to the transaction that is open; an outcome for each.
  mutating func collect(_ edits: [LaneEdit]) -> [Outcome]

  /// The generation of the rules in force; nil where the module does not tell.
  mutating func generation() -> UInt64?
}

/// What becomes of a datagram on a lane.
public struct Reaction: Sendable {
  /// Datagrams to send, in this order.
  public var replies: [[UInt8]] = []
  /// Whether the lane is closed after them.
  public var closes = false
}

/// All lanes of one e7-priv: who may say what, and the one transaction.
///
/// No system call happens here; `now` is any clock's milliseconds.
public struct Desk<Target: EditTarget & ~Copyable>: ~Copyable {
  private struct Lane {
    let id: UInt64
    let maker: Credentials
    let opened: UInt64
    /// What the first message is answered with, where the lane serves nobody.
    let refusal: Outcome?
    var pace: Pace
  }

  private let authority: Authority
  private var target: Target
  private var lanes: [Lane] = []
  private var transaction: UInt64?
  private var vault: Vault
  private var audit: Audit

  /// A desk without lanes, which saves nothing where there is no `shelf`.
  public init(
    authority: Authority, target: consuming Target, journal: any Journal, shelf: (any Shelf)?,
    now: UInt64
  ) {
    self.authority = authority
    self.target = target
    vault = Vault(shelf)
    audit = Audit(journal, now: now)
  }

  /// Lets the target do what no lane asks for.
  public mutating func withTarget(_ body: (inout Target) -> Void) { body(&target) }

  /// Takes a lane on; nil where there is no room even for a refusal.
  ///
  /// A lane that serves nobody stays until its first message, which it refuses, or until `expired`.
  public mutating func open(_ id: UInt64, maker: Peer?, now: UInt64) -> Bool {
    guard lanes.count < 2 * Limit.lanes else { return false }
    let nobody = Credentials(pid: 0, uid: .max, gid: .max)
    let credentials = maker?.credentials ?? nobody
    let refusal = refusal(of: maker)
    lanes.append(
      Lane(
        id: id, maker: credentials, opened: now, refusal: refusal,
        pace: Pace(perSecond: Limit.laneMessagesPerSecond, now: now)))
    audit.after(
      Audit.who(credentials, nil), refusal == nil ? "lane opened" : "lane",
      refusal ?? Outcome(), from: nil, now: now)
    audit.flush()
    return true
  }

  private func refusal(of maker: Peer?) -> Outcome? {
    guard authority.admits(maker), let maker else {
      return Outcome(EPERM, "edits are for root and members of group e7-admin")
    }
    var served = 0
    var same = 0
    for lane in lanes where lane.refusal == nil {
      served += 1
      if lane.maker.uid == maker.credentials.uid { same += 1 }
    }
    if served >= Limit.lanes {
      return Outcome(EUSERS, "all \(Limit.lanes) lanes are in use; try again later")
    }
    if same >= Limit.lanesPerUid {
      return Outcome(
        EUSERS, "all \(Limit.lanesPerUid) lanes of this user are in use; close one")
    }
    return nil
  }

  /// The lanes that serve nobody and have not asked for anything in time.
  public mutating func expired(now: UInt64) -> [UInt64] {
    audit.settle(now: now)
    var ids: [UInt64] = []
    for lane in lanes
    where lane.refusal != nil && now >= lane.opened + UInt64(Limit.helloMilliseconds) {
      ids.append(lane.id)
    }
    return ids
  }

  /// Forgets a lane; a transaction that it has open goes with it.
  public mutating func close(_ id: UInt64, now: UInt64) {
    guard let index = index(of: id) else { return }
    defer { audit.flush() }
    let maker = lanes.remove(at: index).maker
    if vault.owner == id { vault.abandon() }
    guard transaction == id else { return }
    transaction = nil
    let outcome = target.abort()
    audit.after(
      Audit.who(maker, nil), "abort, since its lane was closed", outcome, from: nil,
      now: now)
  }

  /// Takes a datagram of a lane.
  public mutating func receive(
    _ id: UInt64, _ datagram: [UInt8], from sender: Credentials?, truncated: Bool, now: UInt64
  ) -> Reaction {
    guard let index = index(of: id) else { return Reaction(closes: true) }
    defer { audit.flush() }
    let maker = lanes[index].maker
    let sequence = Desk.sequence(datagram)
    let who = Audit.who(maker, sender)
    var fault: Outcome
    if let refusal = lanes[index].refusal { return end(sequence, refusal) }
    if !Authority.agrees(sender, with: maker) {
      fault = Outcome(EPERM, "the sender is not who made the lane")
    } else if truncated {
      fault = Outcome(EBADMSG, "the message is longer than \(Limit.message) bytes")
    } else {
      do throws(DecodeError) {
        let messages = try Message.bundle(datagram)
        guard messages.count == 1 else { return try answer(index, messages, who, now: now) }
        var message = try Message(decoding: datagram)
        return answer(index, &message, who, now: now)
      } catch {
        fault = Outcome(EBADMSG, error.phrase)
      }
    }
    audit.after(who, "message", fault, from: nil, now: now)
    return end(sequence, fault)
  }

  private mutating func answer(
    _ index: Int, _ message: inout Message, _ who: Phrase, now: UInt64
  ) -> Reaction {
    let header = message.header
    if header.type == .hello {
      return Reaction(replies: [
        Message.encode(.hello, sequence: header.sequence) { Desk.greet(&$0) },
        Message.encode(.done, sequence: header.sequence) { Outcome().write(&$0) },
      ])
    }
    let outcome: Outcome
    if header.type == .save {
      outcome = save(index, &message.attributes, who, now: now)
    } else if header.type.isEdit {
      do throws(DecodeError) {
        outcome = told(
          index, try LaneEdit(header.type, message.attributes), who, now: now)
      } catch {
        outcome = refuse(who, header.type, Outcome(EINVAL, error.phrase), now: now)
      }
    } else {
      outcome = refuse(
        who, header.type,
        Outcome(EOPNOTSUPP, "a lane takes edits; ask the broker for all else"), now: now)
    }
    return Reaction(replies: [
      Message.encode(.done, sequence: header.sequence) { outcome.write(&$0) }
    ])
  }

  /// `Role.admin` of E7IPC, whose `Hello` this is.
  private static var admin: UInt8 { 3 }

  private static func greet(_ writer: inout AttributeWriter) {
    writer.u8(.minor, UInt8(E7_IPC_MINOR))
    writer.u8(.role, Desk.admin)
  }

  /// Answers several edits of one transaction; each is read and judged as if it had come alone.
  private mutating func answer(
    _ index: Int, _ messages: [[UInt8]], _ who: Phrase, now: UInt64
  ) throws(DecodeError) -> Reaction {
    guard messages.count <= Limit.bundle else {
      let fault = Outcome(
        EBADMSG, "more than \(Limit.bundle) messages in one datagram")
      audit.after(who, "messages", fault, from: nil, now: now)
      return end(Desk.sequence(messages[0]), fault)
    }
    var sequences: [UInt32] = []
    var words: [Phrase] = []
    var outcomes: [Outcome] = []
    var edits: [LaneEdit] = []
    var places: [Int] = []
    for bytes in messages {
      let message = try Message(decoding: bytes)
      let type = message.header.type
      sequences.append(message.header.sequence)
      words.append(type.phrase)
      do throws(DecodeError) {
        let edit = try LaneEdit(type, message.attributes)
        words[words.count - 1] = edit.words
        if let refusal = refusal(index, ofBundled: edit) {
          outcomes.append(refusal)
        } else {
          places.append(outcomes.count)
          edits.append(edit)
          outcomes.append(Outcome())
        }
      } catch {
        outcomes.append(Outcome(EINVAL, error.phrase))
      }
    }
    let isTold = edits.isEmpty || audit.before(who, places.map { words[$0] }, nil)
    let collected =
      isTold ? (edits.isEmpty ? [] : target.collect(edits)) : edits.map { _ in Audit.silent }
    for (place, outcome) in zip(places, collected) { outcomes[place] = outcome }
    for index in outcomes.indices {
      audit.after(who, words[index], outcomes[index], from: nil, now: now)
    }
    return Desk.reaction(sequences, outcomes)
  }

  private func refusal(_ index: Int, ofBundled edit: LaneEdit) -> Outcome? {
    switch edit.type {
    case .ruleAdd, .ruleDel, .ruleClear:
      guard transaction == lanes[index].id else {
        return Outcome(EINVAL, "several edits in a datagram go between BEGIN and COMMIT")
      }
      return edit.fault.map { Outcome(EINVAL, $0) }
    default:
      return Outcome(EINVAL, "only edits of rules come several in a datagram")
    }
  }

  private static func reaction(_ sequences: [UInt32], _ outcomes: [Outcome]) -> Reaction {
    var whole = Reaction()
    var datagram: [UInt8] = []
    for index in outcomes.indices {
      let reply = Message.encode(.done, sequence: sequences[index]) { outcomes[index].write(&$0) }
      if datagram.count + reply.count > Limit.message {
        whole.replies.append(datagram)
        datagram = []
      }
      datagram += reply
    }
    whole.replies.append(datagram)
    return whole
  }

  private mutating func refuse(
    _ who: Phrase, _ type: MessageType, _ outcome: Outcome, now: UInt64
  ) -> Outcome {
    audit.after(who, type.phrase, outcome, from: nil, now: now)
    return outcome
  }

  /// Does an edit between the two lines that tell of it.
  private mutating func told(
    _ index: Int, _ edit: LaneEdit, _ who: Phrase, now: UInt64
  ) -> Outcome {
    let words = edit.words
    var outcome = fault(index, edit, now: now)
    var before: UInt64?
    if outcome == nil {
      // Of a draft the generation is that of its BEGIN.
      before = transaction == lanes[index].id && !edit.ends ? nil : target.generation()
      outcome = audit.before(who, [words], before) ? judge(index, edit) : Audit.silent
    }
    let came = outcome ?? Outcome()
    audit.after(who, words, came, from: before, now: now)
    return came
  }

  private mutating func save(
    _ index: Int, _ reader: inout AttributeReader, _ who: Phrase, now: UInt64
  ) -> Outcome {
    let id = lanes[index].id
    do throws(DecodeError) {
      guard let text = reader.string(.part) else { throw .missing(.part) }
      let meant = reader.flag(.last) ? reader.u64(.generation) : nil
      if reader.has(.last), meant == nil { throw .missing(.generation) }
      try reader.finish()
      guard vault.owner == id || audit.before(who, ["save"], meant) else { return Audit.silent }
      let end = vault.take(text, of: meant, from: id) { target.generation() }
      guard let end else { return Outcome() }
      audit.after(who, "save of \(vault.size) bytes", end, from: nil, now: now)
      return end
    } catch {
      return refuse(who, .save, Outcome(EINVAL, error.phrase), now: now)
    }
  }

  /// What is wrong with an edit before the kernel sees it, or nil.
  private mutating func fault(_ index: Int, _ edit: LaneEdit, now: UInt64) -> Outcome? {
    guard transaction == lanes[index].id || lanes[index].pace.admits(now: now) else {
      return Outcome(
        EAGAIN,
        "more than \(Limit.laneMessagesPerSecond) edits a second; collect them between BEGIN and COMMIT"
      )
    }
    return edit.fault.map { Outcome(EINVAL, $0) }
  }

  private mutating func judge(_ index: Int, _ edit: LaneEdit) -> Outcome {
    let id = lanes[index].id
    let owns = transaction == id
    switch edit.type {
    case .begin:
      if owns { return Outcome(EBUSY, "this lane has a transaction open; end it first") }
      if let transaction {
        let other = self.index(of: transaction).map { lanes[$0].maker }
        return Outcome(
          EBUSY,
          "process \(other?.pid ?? 0) of user \(other?.uid ?? 0) has a transaction open; try again later"
        )
      }
      let outcome = target.apply(edit, collected: true)
      if outcome.error == 0 { transaction = id }
      return outcome
    case .commit, .abort:
      guard owns else { return Outcome(EINVAL, "this lane has no transaction open") }
      transaction = nil
      return target.apply(edit, collected: true)
    case .answer:
      // A flow waits for it: it is no part of a change, whoever has one open.
      return target.apply(edit, collected: false)
    default:
      return target.apply(edit, collected: owns)
    }
  }

  private func end(_ sequence: UInt32, _ outcome: Outcome) -> Reaction {
    Reaction(
      replies: [Message.encode(.done, sequence: sequence) { outcome.write(&$0) }], closes: true)
  }

  private func index(of id: UInt64) -> Int? {
    for index in lanes.indices where lanes[index].id == id { return index }
    return nil
  }

  /// The sequence number of what may be no message, so that even its refusal finds its question.
  private static func sequence(_ datagram: [UInt8]) -> UInt32 {
    do throws(DecodeError) {
      return try Header(decoding: datagram).sequence
    } catch {
      return 0
    }
  }
}

extension LaneEdit {
  fileprivate var ends: Bool { type == .commit || type == .abort }
}

extension Outcome {
  init(_ errno: Int32, _ text: Phrase) {
    self.init(error: UInt32(bitPattern: errno), text: text.bytes)
  }
}
