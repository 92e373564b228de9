// SPDX-License-Identifier: GPL-2.0-or-later
// What this module speaks of comes with it.
@_exported public import CE7Schema
@_exported public import E7Text

/// The fixed header of an E7IPC message, one datagram of a SEQPACKET socket: docs/protocol.md.
package struct Header: Equatable, Sendable {
  package static let size = 20

  package let type: MessageType
  package let sequence: UInt32
  package let minor: UInt8

  package init(decoding datagram: [UInt8]) throws(DecodeError) {
    guard datagram.count >= Header.size else { throw .truncated }
    guard datagram.count <= Limit.message else { throw .tooLong }
    guard datagram.hostU32(at: 0) == E7_IPC_MAGIC else { throw .badMagic }
    guard datagram[4] == E7_IPC_MAJOR else { throw .unsupportedVersion(major: datagram[4]) }
    guard datagram.hostU32(at: 8) == 0 else { throw .reservedBits }
    guard datagram.hostU32(at: 16) == datagram.count else { throw .wrongLength }
    let number = datagram.hostU16(at: 6)
    guard let type = MessageType(wire: number) else { throw .unknownType(number) }
    self.type = type
    sequence = datagram.hostU32(at: 12)
    minor = datagram[5]
  }
}

/// A message: its header and its attributes, already checked against the schema; the receiver takes
/// each and then calls `finish`.
package struct Message {
  package let header: Header
  package var attributes: AttributeReader

  /// Attributes that this side does not know are skipped where the sender speaks a later minor version.
  package init(decoding datagram: [UInt8]) throws(DecodeError) {
    header = try Header(decoding: datagram)
    attributes = try AttributeReader(
      datagram, from: Header.size, skipUnknown: header.minor > E7_IPC_MINOR)
  }

  package static func encode(
    _ type: MessageType, sequence: UInt32, _ body: (inout AttributeWriter) -> Void = { _ in }
  ) -> [UInt8] {
    var header: [UInt8] = []
    header.put(UInt64(E7_IPC_MAGIC) | UInt64(E7_IPC_MAJOR) << 32 | UInt64(E7_IPC_MINOR) << 40, 6)
    header.put(UInt64(type.rawValue), 2)
    header.put(UInt64(sequence) << 32, 8)
    header.put(0, 4)
    var writer = AttributeWriter(after: header)
    body(&writer)
    var message = writer.bytes
    message.set(message.count, at: 16)
    return message
  }
}

/// Why bytes from outside are no message: `phrase` tells what was wrong and what was expected.
package enum DecodeError: Error, Equatable {
  case truncated, tooLong, badMagic, wrongLength, reservedBits
  case unsupportedVersion(major: UInt8)
  case unknownType(UInt16)
  case unknownAttribute(UInt16)
  case duplicate(Attribute)
  case missing(Attribute)
  case malformed(Attribute)
  case outOfRange(Attribute)
  case unexpected(Attribute)

  package var phrase: Phrase {
    switch self {
    case .truncated: "the message ends in the middle of its header or of an attribute"
    case .tooLong: "the message is longer than \(Limit.message) bytes"
    case .badMagic: "the message does not begin as E7IPC's do"
    case .wrongLength: "the header gives another length than the message has"
    case .reservedBits: "a reserved byte of the header is not zero"
    case .unsupportedVersion(let major):
      "E7IPC version \(major) is not spoken here; expected \(E7_IPC_MAJOR)…\(E7_IPC_MAJOR)"
    case .unknownType(let number): "message type \(number) is not known"
    case .unknownAttribute(let number): "attribute \(number) is not known"
    case .duplicate(let attribute): blame(attribute, "comes twice")
    case .missing(let attribute): blame(attribute, "is missing")
    case .malformed(let attribute): blame(attribute, "is malformed")
    case .outOfRange(let attribute): blame(attribute, "is out of range")
    case .unexpected(let attribute): blame(attribute, "does not belong to this message")
    }
  }

  @inline(never) private func blame(_ attribute: Attribute, _ fault: StaticString) -> Phrase {
    "attribute \(attribute.phrase) \(fault)"
  }
}

/// The end of an answer.
package struct Outcome: Equatable, Sendable {
  /// errno(3), 0 for success.
  package var error: UInt32
  /// What was wrong and what was expected; empty for success.
  package var text: [UInt8]
  /// The ruleset generation after the change, or of the list.
  package var generation: UInt64?
  /// The rule that was added or changed.
  package var id: UInt64?

  package init(
    error: UInt32 = 0, text: [UInt8] = [], generation: UInt64? = nil, id: UInt64? = nil
  ) {
    (self.error, self.text, self.generation, self.id) = (error, text, generation, id)
  }

  @inline(never) package init(_ errno: Int32, _ text: Phrase) {
    self.init(error: UInt32(bitPattern: errno), text: text.bytes)
  }

  /// Writes the attributes of `MessageType.done`; a text over `Limit.text` is cut there.
  package func write(_ writer: inout AttributeWriter) {
    writer.u32(.error, error)
    if !text.isEmpty { writer.string(.text, Array(text.prefix(Limit.text))) }
    if let generation { writer.u64(.generation, generation) }
    if let id { writer.u64(.id, id) }
  }
}
