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
  /// The kernel, which may be asked what no lane asks for, too.
  public var target: Target
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
    let who = Audit.who(maker, sender)
    var fault: Outcome
    if let refusal = lanes[index].refusal { return Desk.end(datagram, refusal) }
    if !Authority.agrees(sender, with: maker) {
      fault = Outcome(EPERM, "the sender is not who made the lane")
    } else if truncated {
      fault = Outcome(EBADMSG, "the message is longer than \(Limit.message) bytes")
    } else {
      do throws(DecodeError) {
        let messages = try Message.bundle(datagram)
        if messages.count == 1 { return try answer(index, datagram, who, now: now) }
        if messages.count <= Limit.bundle { return try answer(index, messages, who, now: now) }
        fault = Outcome(EBADMSG, "more than \(Limit.bundle) messages in one datagram")
      } catch {
        fault = Outcome(EBADMSG, error.phrase)
      }
    }
    audit.after(who, "message", fault, from: nil, now: now)
    return Desk.end(datagram, fault)
  }

  private mutating func answer(
    _ index: Int, _ datagram: [UInt8], _ who: Phrase, now: UInt64
  ) throws(DecodeError) -> Reaction {
    var message = try Message(decoding: datagram)
    let type = message.header.type
    var outcome = Outcome()
    var replies: [[UInt8]] = []
    do throws(DecodeError) {
      if type == .hello {
        replies.append(Desk.greeting(message.header.sequence))
      } else if type == .save {
        outcome = try save(index, &message.attributes, who, now: now)
      } else if type.isEdit {
        outcome = told(index, try LaneEdit(type, message.attributes), who, now: now)
      } else {
        outcome = Outcome(EOPNOTSUPP, "a lane takes edits; ask the broker for all else")
        audit.after(who, type.phrase, outcome, from: nil, now: now)
      }
    } catch {
      outcome = Outcome(EINVAL, error.phrase)
      audit.after(who, type.phrase, outcome, from: nil, now: now)
    }
    replies.append(Desk.done(message.header.sequence, outcome))
    return Reaction(replies: replies)
  }

  /// `Hello` of E7IPC, with its `Role.admin`.
  private static func greeting(_ sequence: UInt32) -> [UInt8] {
    Message.encode(.hello, sequence: sequence) {
      $0.u8(.minor, UInt8(E7_IPC_MINOR))
      $0.u8(.role, 3)
    }
  }

  @inline(never) private static func done(_ sequence: UInt32, _ outcome: Outcome) -> [UInt8] {
    Message.encode(.done, sequence: sequence) { outcome.write(&$0) }
  }

  /// One of several edits of one datagram.
  private struct Item {
    let sequence: UInt32
    var words: Phrase
    /// Nil where it is refused before the kernel sees it.
    var edit: LaneEdit?
    var outcome = Outcome()
  }

  /// Answers several edits of one transaction; each is read and judged as if it had come alone.
  private mutating func answer(
    _ index: Int, _ messages: [[UInt8]], _ who: Phrase, now: UInt64
  ) throws(DecodeError) -> Reaction {
    var items: [Item] = []
    var edits: [LaneEdit] = []
    for bytes in messages {
      let item = item(index, try Message(decoding: bytes))
      if let edit = item.edit {
        audit.before(who, item.words, nil)
        edits.append(edit)
      }
      items.append(item)
    }
    let collected = audit.flush() ? target.collect(edits) : edits.map { _ in Audit.silent }
    var next = 0
    var reaction = Reaction()
    var datagram: [UInt8] = []
    for var item in items {
      if item.edit != nil {
        item.outcome = collected[next]
        next += 1
      }
      audit.after(who, item.words, item.outcome, from: nil, now: now)
      let reply = Desk.done(item.sequence, item.outcome)
      if datagram.count + reply.count > Limit.message {
        reaction.replies.append(datagram)
        datagram = []
      }
      datagram += reply
    }
    reaction.replies.append(datagram)
    return reaction
  }

  private func item(_ index: Int, _ message: Message) -> Item {
    let type = message.header.type
    var item = Item(sequence: message.header.sequence, words: type.phrase)
    do throws(DecodeError) {
      let edit = try LaneEdit(type, message.attributes)
      item.words = edit.words
      if !type.isCollected || type == .answer {
        item.outcome = Outcome(EINVAL, "only edits of rules come several in a datagram")
      } else if transaction != lanes[index].id {
        item.outcome = Outcome(EINVAL, "several edits in a datagram go between BEGIN and COMMIT")
      } else if let fault = edit.fault {
        item.outcome = Outcome(EINVAL, fault)
      } else {
        item.edit = edit
      }
    } catch {
      item.outcome = Outcome(EINVAL, error.phrase)
    }
    return item
  }

  /// Does an edit between the two lines that tell of it.
  private mutating func told(
    _ index: Int, _ edit: LaneEdit, _ who: Phrase, now: UInt64
  ) -> Outcome {
    var outcome = fault(index, edit, now: now)
    var before: UInt64?
    if outcome == nil {
      // Of a draft the generation is that of its BEGIN.
      let isDrafted = transaction == lanes[index].id && edit.type != .commit && edit.type != .abort
      before = isDrafted ? nil : target.generation()
      audit.before(who, edit.words, before)
      outcome = audit.flush() ? judge(index, edit) : Audit.silent
    }
    let came = outcome ?? Outcome()
    audit.after(who, edit.words, came, from: before, now: now)
    return came
  }

  private mutating func save(
    _ index: Int, _ reader: inout AttributeReader, _ who: Phrase, now: UInt64
  ) throws(DecodeError) -> Outcome {
    let id = lanes[index].id
    guard let text = reader.string(.part) else { throw .missing(.part) }
    let meant = reader.flag(.last) ? reader.u64(.generation) : nil
    if reader.has(.last), meant == nil { throw .missing(.generation) }
    try reader.finish()
    if vault.owner != id { audit.before(who, "save", meant) }
    guard audit.flush() else { return Audit.silent }
    // Of the rules that are in force as its last part comes.
    let current = meant == nil ? nil : target.generation()
    guard let end = vault.take(text, of: meant, from: id, current) else { return Outcome() }
    audit.after(who, "save of \(vault.size) bytes", end, from: nil, now: now)
    return end
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

  /// Answers what may be no message, so that even its refusal finds its question.
  private static func end(_ datagram: [UInt8], _ outcome: Outcome) -> Reaction {
    let first = (try? Message.bundle(datagram).first) ?? datagram
    let sequence = (try? Header(decoding: first).sequence) ?? 0
    return Reaction(replies: [done(sequence, outcome)], closes: true)
  }

  private func index(of id: UInt64) -> Int? {
    for index in lanes.indices where lanes[index].id == id { return index }
    return nil
  }
}

extension Outcome {
  @inline(never) init(_ errno: Int32, _ text: Phrase) {
    self.init(error: UInt32(bitPattern: errno), text: text.bytes)
  }
}
