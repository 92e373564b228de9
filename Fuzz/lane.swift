// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7PrivCore
import E7System

/// Any datagrams on root's lane end it, or are answered; and the kernel is asked for nothing that
/// has a fault, or that no line of the log has told of before.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  let witness = Witness()
  let root = Credentials(pid: 7, uid: 0, gid: 0)
  var desk = Desk(
    authority: Authority(adminGroup: nil), target: Target(witness), journal: witness,
    shelf: witness, now: 0)
  _ = desk.open(1, maker: Peer(credentials: root, groups: []), now: 0)
  // A first byte of each part says how long the datagram is; its header is made right.
  var index = 0
  while index < bytes.count {
    let end = min(bytes.count, index + 1 + Int(bytes[index]))
    let reaction = desk.receive(
      1, framed(Array(bytes[(index + 1)..<end])), from: root, truncated: false, now: 0)
    precondition(!reaction.replies.isEmpty)
    if reaction.closes { break }
    index = end
  }
  desk.close(1, now: 0)
  precondition(!witness.isOpen)
  return 0
}

private func framed(_ part: [UInt8]) -> [UInt8] {
  var bytes = Message.encode(.hello, sequence: 1)
  if part.count > 1 { (bytes[6], bytes[7]) = (part[0], 0) }
  bytes += part.dropFirst()
  for index in 0..<4 { bytes[16 + index] = UInt8(truncatingIfNeeded: bytes.count >> (8 * index)) }
  return bytes
}

/// The log, the file and the kernel of one run.
private final class Witness: Journal, Shelf {
  var told = 0
  var isOpen = false

  func write(_ lines: [Log.Line]) -> Bool {
    for line in lines where line.priority == .notice { told += 1 }
    return true
  }
  func begin() throws(SystemError) {
    isOpen = true
  }
  func write(_ bytes: [UInt8]) throws(SystemError) {
    precondition(isOpen && bytes.count <= Int(Limit.part))
  }
  func end() throws(SystemError) {
    isOpen = false
  }
  func abandon() { isOpen = false }
}

private struct Target: EditTarget {
  let witness: Witness

  init(_ witness: Witness) { self.witness = witness }

  mutating func apply(_ edit: LaneEdit, collected: Bool) -> Outcome {
    precondition(edit.fault == nil && witness.told > 0)
    // What goes on reads the same again.
    do {
      let reader = try AttributeReader(edit.attributes, from: 0, skipUnknown: false)
      let again = try LaneEdit(edit.type, reader)
      precondition(again.words == edit.words && again.fault == nil)
    } catch {
      preconditionFailure("\(error)")
    }
    return Outcome(generation: 2)
  }
  mutating func abort() -> Outcome { Outcome() }
  mutating func collect(_ edits: [LaneEdit]) -> [Outcome] {
    edits.map { apply($0, collected: true) }
  }
  mutating func generation() -> UInt64? { 1 }
}
