// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7System

@testable import E7PrivCore

/// Any datagrams on root's lane end it, or are answered; and the kernel is asked for nothing that
/// has a fault, or that no line of the log has told of before.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  let witness = Witness()
  let root = Credentials(pid: 7, uid: 0, gid: 0)
  var desk = Desk(
    authority: Authority(adminGroup: nil), target: Target(witness: witness),
    folder: FileDescriptor(owning: -1), now: 0
  ) { priority, _ in
    if priority == .notice { witness.told += 1 }
    return true
  }
  precondition(
    desk.open(FileDescriptor(owning: -1), maker: root, now: 0))
  // A first byte of each part says how long the datagram is; its header is made right.
  var index = 0
  while index < bytes.count, !desk.lanes[0].closes {
    let end = min(bytes.count, index + 1 + Int(bytes[index]))
    desk.receive(
      desk.lanes[0], framed(Array(bytes[(index + 1)..<end])), from: root, truncated: false, now: 0)
    precondition(!desk.lanes[0].reads)
    index = end
  }
  desk.close(0, now: 0)
  precondition(!witness.isOpen)
  return 0
}

private func framed(_ part: [UInt8]) -> [UInt8] {
  var bytes = Message.encode(.hello, sequence: 1)
  if part.count > 1 { (bytes[6], bytes[7]) = (part[0], 0) }
  bytes += part.dropFirst()
  bytes.set(bytes.count, at: 16)
  return bytes
}

/// The log and the kernel of one run.
private final class Witness {
  var told = 0
  /// Whether a transaction is.
  var isOpen = false
}

private struct Target: EditTarget {
  let witness: Witness

  mutating func apply(_ type: MessageType, _ attributes: [UInt8]) -> Outcome {
    precondition(witness.told > 0)
    if type == .begin || type == .commit || type == .abort { witness.isOpen = type == .begin }
    // What goes on reads the same again, but for what this process adds.
    do {
      var reader = try AttributeReader(attributes, from: 0, skipUnknown: false)
      if !reader.flag(.direct) {
        let again = LaneEdit(type, reader)
        precondition(again.fault == nil && again.attributes == attributes)
      }
    } catch {
      preconditionFailure("\(error)")
    }
    return Outcome(generation: 2)
  }

  mutating func generation() -> UInt64? { 1 }
}
