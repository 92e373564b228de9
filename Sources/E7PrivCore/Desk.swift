// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
public import E7IPC
public import E7System

/// Where edits go that were found right.
public protocol EditTarget: ~Copyable {
  /// Carries an edit out.
  ///
  /// `collected` is the transaction that BEGIN opens and COMMIT or ABORT ends, of which there is
  /// one; all other edits take effect at once, beside it.
  mutating func apply(_ edit: Edit, collected: Bool) -> Outcome

  /// Adds edits of rules to the transaction that is open; an outcome for each.
  mutating func collect(_ edits: [Edit]) -> [Outcome]
}

/// What becomes of a datagram on a lane.
public struct Reaction: Sendable {
  /// A line for the log: what was asked and what came of it.
  public struct Line: Sendable {
    /// What it says.
    public let text: [UInt8]
    /// Whether it tells of a refusal.
    public let isRefusal: Bool
  }

  /// Datagrams to send, in this order.
  public var replies: [[UInt8]] = []
  /// Whether the lane is closed after them.
  public var closes = false
  /// Lines for the log, one for each edit.
  public var lines: [Line] = []
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

  /// A desk without lanes.
  public init(authority: Authority, target: consuming Target) {
    self.authority = authority
    self.target = target
  }

  /// Takes a lane on; nil where there is no room even for a refusal.
  ///
  /// A lane that serves nobody stays until its first message, which it refuses, or until `expired`.
  public mutating func open(_ id: UInt64, maker: Peer?, now: UInt64) -> Reaction? {
    guard lanes.count < 2 * Limit.lanes else { return nil }
    let nobody = Credentials(pid: 0, uid: .max, gid: .max)
    let credentials = maker?.credentials ?? nobody
    let refusal = refusal(of: maker)
    lanes.append(
      Lane(
        id: id, maker: credentials, opened: now, refusal: refusal,
        pace: Pace(perSecond: Limit.laneMessagesPerSecond, now: now)))
    return reaction(
      credentials, Array((refusal == nil ? "lane opened" : "lane").utf8), refusal ?? Outcome())
  }

  private func refusal(of maker: Peer?) -> Outcome? {
    guard authority.admits(maker), let maker else {
      return Outcome(Errno.perm, "edits are for root and members of group e7-admin")
    }
    var served = 0
    var same = 0
    for lane in lanes where lane.refusal == nil {
      served += 1
      if lane.maker.uid == maker.credentials.uid { same += 1 }
    }
    if served >= Limit.lanes {
      return Outcome(Errno.userQuota, "all \(Limit.lanes) lanes are in use; try again later")
    }
    if same >= Limit.lanesPerUid {
      return Outcome(
        Errno.userQuota, "all \(Limit.lanesPerUid) lanes of this user are in use; close one")
    }
    return nil
  }

  /// The lanes that serve nobody and have not asked for anything in time.
  public func expired(now: UInt64) -> [UInt64] {
    var ids: [UInt64] = []
    for lane in lanes
    where lane.refusal != nil && now >= lane.opened + UInt64(Limit.helloMilliseconds) {
      ids.append(lane.id)
    }
    return ids
  }

  /// Forgets a lane; a transaction that it has open goes with it.
  public mutating func close(_ id: UInt64) -> Reaction? {
    guard let index = index(of: id) else { return nil }
    let maker = lanes.remove(at: index).maker
    guard transaction == id else { return nil }
    transaction = nil
    let outcome = target.apply(.abort, collected: true)
    return reaction(maker, Array("abort, since its lane was closed".utf8), outcome)
  }

  /// Takes a datagram of a lane.
  public mutating func receive(
    _ id: UInt64, _ datagram: [UInt8], from sender: Credentials?, truncated: Bool, now: UInt64
  ) -> Reaction {
    guard let index = index(of: id) else { return Reaction(closes: true) }
    let maker = lanes[index].maker
    let sequence = Desk.sequence(datagram)
    if let refusal = lanes[index].refusal { return end(sequence, refusal) }
    guard Authority.agrees(sender, with: maker) else {
      return end(
        sequence, Outcome(Errno.perm, "the sender is not who made the lane"), maker, "message")
    }
    guard !truncated else {
      return end(
        sequence, Outcome(Errno.badMessage, "the message is longer than \(Limit.message) bytes"),
        maker, "message")
    }
    do throws(DecodeError) {
      let messages = try Message.bundle(datagram)
      guard messages.count == 1 else { return try answer(index, messages) }
      var message = try Message(decoding: datagram)
      return answer(index, &message, now: now)
    } catch {
      return end(sequence, Outcome(Errno.badMessage, error.text), maker, "message")
    }
  }

  /// Answers several edits of one transaction; each is read and judged as if it had come alone.
  private mutating func answer(
    _ index: Int, _ messages: [[UInt8]]
  ) throws(DecodeError) -> Reaction {
    guard messages.count <= Limit.bundle else {
      return end(
        Desk.sequence(messages[0]),
        Outcome(Errno.badMessage, "more than \(Limit.bundle) messages in one datagram"),
        lanes[index].maker, "messages")
    }
    var sequences: [UInt32] = []
    var words: [[UInt8]] = []
    var outcomes: [Outcome] = []
    var edits: [Edit] = []
    var places: [Int] = []
    for bytes in messages {
      var message = try Message(decoding: bytes)
      let type = message.header.type
      sequences.append(message.header.sequence)
      words.append(Array(type.name.utf8))
      do throws(DecodeError) {
        let edit = try Edit(type, &message.attributes)
        words[words.count - 1] = edit.words
        if let refusal = refusal(index, ofBundled: edit) {
          outcomes.append(refusal)
        } else {
          places.append(outcomes.count)
          edits.append(edit)
          outcomes.append(Outcome())
        }
      } catch {
        outcomes.append(Outcome(Errno.invalid, error.text))
      }
    }
    let collected = edits.isEmpty ? [] : target.collect(edits)
    for (place, outcome) in zip(places, collected) { outcomes[place] = outcome }
    return reaction(lanes[index].maker, sequences, words, outcomes)
  }

  private func refusal(_ index: Int, ofBundled edit: Edit) -> Outcome? {
    switch edit {
    case .add, .remove, .removeID, .clear:
      guard transaction == lanes[index].id else {
        return Outcome(Errno.invalid, "several edits in a datagram go between BEGIN and COMMIT")
      }
      return edit.fault.map { Outcome(Errno.invalid, $0) }
    default:
      return Outcome(Errno.invalid, "only edits of rules come several in a datagram")
    }
  }

  private func reaction(
    _ maker: Credentials, _ sequences: [UInt32], _ words: [[UInt8]], _ outcomes: [Outcome]
  ) -> Reaction {
    var whole = Reaction()
    var datagram: [UInt8] = []
    let name = Desk.name(maker)
    for index in outcomes.indices {
      whole.lines += reaction(name, words[index], outcomes[index]).lines
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

  private mutating func answer(_ index: Int, _ message: inout Message, now: UInt64) -> Reaction {
    let maker = lanes[index].maker
    let header = message.header
    if header.type == .hello {
      return Reaction(replies: [
        Message.encode(.hello, sequence: header.sequence) { Hello(role: .admin).write(&$0) },
        Message.encode(.done, sequence: header.sequence) { Outcome().write(&$0) },
      ])
    }
    var words = Array(header.type.name.utf8)
    let outcome: Outcome
    if Edit.isEdit(header.type) {
      do throws(DecodeError) {
        let edit = try Edit(header.type, &message.attributes)
        words = edit.words
        outcome = judge(index, edit, now: now)
      } catch {
        outcome = Outcome(Errno.invalid, error.text)
      }
    } else {
      outcome = Outcome(Errno.notSupported, "a lane takes edits; ask the broker for all else")
    }
    var reaction = reaction(maker, words, outcome)
    reaction.replies.append(
      Message.encode(.done, sequence: header.sequence) { outcome.write(&$0) })
    return reaction
  }

  private mutating func judge(_ index: Int, _ edit: Edit, now: UInt64) -> Outcome {
    let id = lanes[index].id
    let owns = transaction == id
    guard owns || lanes[index].pace.admits(now: now) else {
      return Outcome(
        Errno.again,
        "more than \(Limit.laneMessagesPerSecond) edits a second; collect them between BEGIN and COMMIT"
      )
    }
    if let fault = edit.fault { return Outcome(Errno.invalid, fault) }
    switch edit {
    case .begin:
      if owns { return Outcome(Errno.busy, "this lane has a transaction open; end it first") }
      if let transaction {
        let other = self.index(of: transaction).map { lanes[$0].maker }
        return Outcome(
          Errno.busy,
          "process \(other?.pid ?? 0) of user \(other?.uid ?? 0) has a transaction open; try again later"
        )
      }
      let outcome = target.apply(edit, collected: true)
      if outcome.error == 0 { transaction = id }
      return outcome
    case .commit, .abort:
      guard owns else { return Outcome(Errno.invalid, "this lane has no transaction open") }
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

  private func end(
    _ sequence: UInt32, _ outcome: Outcome, _ maker: Credentials, _ what: String
  ) -> Reaction {
    var reaction = reaction(maker, Array(what.utf8), outcome)
    reaction.replies = end(sequence, outcome).replies
    reaction.closes = true
    return reaction
  }

  private func reaction(
    _ maker: Credentials, _ what: [UInt8], _ outcome: Outcome
  ) -> Reaction {
    reaction(Desk.name(maker), what, outcome)
  }

  private static func name(_ maker: Credentials) -> [UInt8] {
    Array("uid=\(maker.uid) pid=\(maker.pid) ".utf8)
  }

  private func reaction(_ maker: [UInt8], _ what: [UInt8], _ outcome: Outcome) -> Reaction {
    var line = maker
    line += what
    line += [58, 32]
    if outcome.error == 0 {
      line += Array("done".utf8)
    } else {
      let name = SystemError.name(Int32(truncatingIfNeeded: outcome.error))
      line += Array("refused: \(name) ".utf8) + outcome.text
    }
    if let id = outcome.id { line += Array(" id=\(id)".utf8) }
    if let generation = outcome.generation {
      line += Array(" generation=\(generation)".utf8)
    }
    var reaction = Reaction()
    reaction.lines = [Reaction.Line(text: line, isRefusal: outcome.error != 0)]
    return reaction
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

extension Outcome {
  init(_ errno: Int32, _ text: String) {
    self.init(error: UInt32(bitPattern: errno), text: Array(text.utf8))
  }
}
