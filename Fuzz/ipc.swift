// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules

/// Any bytes are an error, or a message whose record reads back as it is written.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  decode(bytes)
  // Chance seldom finds a header that is right: the same with one.
  guard bytes.count >= Header.size else { return 0 }
  var framed = bytes
  let right = Message.encode(.hello, sequence: 1)
  for index in [0, 1, 2, 3, 4, 8, 9, 10, 11] { framed[index] = right[index] }
  for index in 0..<4 { framed[16 + index] = UInt8(truncatingIfNeeded: count >> (8 * index)) }
  decode(framed)
  return 0
}

private func decode(_ bytes: [UInt8]) {
  guard let message = try? Message(decoding: bytes) else { return }
  let type = message.header.type
  switch type {
  case .hello: again(message, { r throws(DecodeError) in try Hello(&r) }) { $0.write(&$1) }
  case .status: again(message, { r throws(DecodeError) in try Status(&r) }) { $0.write(&$1) }
  case .flagGet: again(message, { r throws(DecodeError) in try FlagValue(&r) }) { $0.write(&$1) }
  case .statGet:
    again(message, { r throws(DecodeError) in try StatisticValue(&r) }) { $0.write(&$1) }
  case .ruleGet: again(message, { r throws(DecodeError) in try Rule(&r) }) { $0.write(&$1) }
  case .why:
    // A rule in an answer, a flow in a question.
    again(message, { r throws(DecodeError) in try Rule(&r) }) { $0.write(&$1) }
    again(message, { r throws(DecodeError) in try Flow(&r) }) { $0.write(&$1) }
  case .event: again(message, { r throws(DecodeError) in try Event(&r) }) { $0.write(&$1) }
  case .notice: again(message, { r throws(DecodeError) in try Notice(&r) }) { $0.write(&$1) }
  case .done: again(message, { r throws(DecodeError) in try Outcome(&r) }) { $0.write(&$1) }
  case .gap: again(message, { r throws(DecodeError) in try Gap(&r) }) { $0.write(&$1) }
  case .flagSet, .ruleAdd, .ruleDel, .ruleClear, .begin, .commit, .abort, .confirm, .revert,
    .answer:
    again(message, { r throws(DecodeError) in try Edit(type, &r) }) { $0.write(&$1) }
  case .save: again(message, { r throws(DecodeError) in try SavePart(&r) }) { $0.write(&$1) }
  case .lane, .subscribe, .unsubscribe, .questions, .claim, .helper:
    break
  }
}

private func again<Record: Equatable>(
  _ message: Message, _ read: (inout AttributeReader) throws(DecodeError) -> Record,
  _ write: (Record, inout AttributeWriter) -> Void
) {
  var reader = message.attributes
  guard let record = try? read(&reader) else { return }
  let bytes = Message.encode(message.header.type, sequence: message.header.sequence) {
    write(record, &$0)
  }
  guard var second = try? Message(decoding: bytes).attributes, let same = try? read(&second) else {
    fatalError("does not read back")
  }
  // A greeting says its sender's minor version, everything else what was read.
  precondition(same == record)
}
