// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
import E7IPC
import E7System
import E7Unix
import Testing

@testable import E7PrivCore

/// A kernel that notes what reaches it and answers as it is told.
final class Kernel {
  /// Each edit, and whether it takes effect at once beside a transaction.
  var seen: [(Edit, Bool)] = []
  var answer = Outcome(generation: 7, id: 3)
  var generation: UInt64? = 6

  var edits: [Edit] { seen.map(\.0) }
}

struct FakeTarget: EditTarget {
  let kernel: Kernel

  mutating func apply(_ type: MessageType, _ attributes: [UInt8]) -> Outcome {
    do throws(DecodeError) {
      var reader = try AttributeReader(attributes, from: 0, skipUnknown: false)
      let isDirect = reader.flag(.direct)
      kernel.seen.append((try Edit(type, &reader), isDirect))
    } catch {
      Issue.record("the kernel is told what is no edit: \(error.text)")
    }
    return kernel.answer
  }

  mutating func generation() -> UInt64? { kernel.generation }
}

/// A log that keeps its lines, or none.
final class FakeJournal {
  var lines: [String] = []
  var isBroken = false

  func write(_ priority: Log.Priority, _ line: Phrase) -> Bool {
    guard !isBroken else { return false }
    lines.append((priority == .warning ? "! " : "") + String(line))
    return true
  }
}

let root = Credentials(pid: 100, uid: 0, gid: 0)

let curl = Edit.add(
  .block, Match(prot: NamedProtocol.tcp.rawValue, path: Array("/usr/bin/curl".utf8)))

/// What came of a datagram.
struct Reaction {
  let replies: [[UInt8]]
  let closes: Bool
}

/// A desk with its fake kernel and a clock that stands still; its lanes are real sockets.
final class Fixture {
  /// A lane, and the end of who made it.
  private final class Ends {
    let lane: Lane
    let peer: FileDescriptor

    init(_ lane: Lane, _ peer: consuming FileDescriptor) {
      self.lane = lane
      self.peer = peer
    }
  }

  let kernel = Kernel()
  let journal = FakeJournal()
  var desk: Desk<FakeTarget>
  var now: UInt64 = 1000
  private var ends: [UInt64: Ends] = [:]

  init(adminGroup: UInt32? = 77, folder: Int32 = -1) {
    let journal = journal
    desk = Desk(
      authority: Authority(adminGroup: adminGroup), target: FakeTarget(kernel: kernel),
      folder: FileDescriptor(owning: folder), now: now
    ) { journal.write($0, $1) }
  }

  func open(_ id: UInt64, _ maker: Credentials? = root) throws -> Bool {
    var pair = try SequencedSocket.pair()
    var far = FileDescriptor(owning: -1)
    var near = FileDescriptor(owning: -1)
    swap(&far, &pair.first)
    swap(&near, &pair.second)
    guard desk.open(near, maker: maker, now: now) else { return false }
    ends[id] = Ends(try #require(desk.lanes.last), far)
    return true
  }

  func lane(_ id: UInt64) throws -> Lane { try #require(ends[id]).lane }

  func send(
    _ id: UInt64, _ edit: Edit, sequence: UInt32 = 9, from sender: Credentials? = root
  ) throws -> Reaction {
    try receive(
      id, Message.encode(edit.type, sequence: sequence, edit.write), from: sender)
  }

  func receive(
    _ id: UInt64, _ datagram: [UInt8], from sender: Credentials? = root,
    truncated: Bool = false
  ) throws -> Reaction {
    let ends = try #require(ends[id])
    desk.receive(ends.lane, datagram, from: sender, truncated: truncated, now: now)
    let stays = ends.lane.flush(now: now)
    var replies: [[UInt8]] = []
    while let reply = try SequencedSocket.receive(ends.peer) { replies.append(reply.bytes) }
    return Reaction(replies: replies, closes: !stays)
  }

  func close(_ id: UInt64) throws {
    let lane = try lane(id)
    desk.close(try #require(desk.lanes.firstIndex { $0 === lane }), now: now)
    ends[id] = nil
  }

  func save(_ id: UInt64, _ part: SavePart) throws -> Outcome {
    try done(receive(id, Message.encode(.save, sequence: 9, part.write)))
  }

  func outcome(_ id: UInt64, _ edit: Edit) throws -> Outcome { try done(send(id, edit)) }
}

func done(_ reaction: Reaction, sequence: UInt32 = 9) throws -> Outcome {
  var message = try Message(decoding: try #require(reaction.replies.last))
  #expect(message.header.type == .done && message.header.sequence == sequence)
  return try Outcome(&message.attributes)
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
