// SPDX-License-Identifier: GPL-2.0-or-later

/// Why bytes from outside are no message.
package enum DecodeError: Error, Equatable {
  /// Fewer bytes than the header or an attribute needs.
  case truncated
  /// More bytes than `Limit.message`.
  case tooLong
  /// The first four bytes are not E7IPC's.
  case badMagic
  /// Another major version of E7IPC.
  case unsupportedVersion(major: UInt8)
  /// The length in the header is not that of the datagram.
  case wrongLength
  /// A number that names no message.
  case unknownType(UInt16)
  /// A bit or byte that must be zero is not.
  case reservedBits
  /// An attribute that this minor version does not have.
  case unknownAttribute(UInt16)
  /// The same attribute twice.
  case duplicate(Attribute)
  /// An attribute that this message needs is not there.
  case missing(Attribute)
  /// The attribute's bytes do not have the length of its type, or a text lacks its NUL.
  case malformed(Attribute)
  /// The attribute's number or text is beyond its limit, or names nothing.
  case outOfRange(Attribute)
  /// An attribute that this message does not take.
  case unexpected(Attribute)
  /// More attributes than any message has.
  case tooManyAttributes
}

/// The fixed header of an E7IPC message: one datagram of a SEQPACKET socket, host byte order.
///
/// | bytes | field |
/// |---|---|
/// | 0–3 | magic, no valid beginning of a text |
/// | 4, 5 | major and minor version |
/// | 6–7 | type, `MessageType` |
/// | 8–11 | reserved, zero |
/// | 12–15 | sequence: chosen by who asks, repeated in each message of the answer, 0 in events |
/// | 16–19 | length of the datagram, header included |
///
/// No field names the sender: identity comes from the kernel.
package struct Header: Equatable, Sendable {
  /// Bytes of a header.
  package static let size = 20

  /// E7_IPC_MAGIC_0 to _3, in this order, as a number of the host's.
  static var magic: UInt32 { 0x3745_00e7 }

  /// What the message is.
  package let type: MessageType
  /// Ties an answer to its question.
  package let sequence: UInt32
  /// The minor version that the sender speaks.
  package let minor: UInt8

  /// Reads the header of a whole datagram.
  package init(decoding datagram: [UInt8]) throws(DecodeError) {
    guard datagram.count >= Header.size else { throw .truncated }
    guard datagram.count <= Limit.message else { throw .tooLong }
    guard datagram.hostU32(at: 0) == Header.magic else { throw .badMagic }
    guard datagram[4] == UInt8(E7_IPC_MAJOR) else {
      throw .unsupportedVersion(major: datagram[4])
    }
    guard datagram.hostU32(at: 8) == 0 else { throw .reservedBits }
    guard datagram.hostU32(at: 16) == UInt32(datagram.count) else { throw .wrongLength }
    let number = datagram.hostU16(at: 6)
    guard let type = MessageType(wire: number) else { throw .unknownType(number) }
    self.type = type
    sequence = datagram.hostU32(at: 12)
    minor = datagram[5]
  }
}

/// A message: its header and its attributes, already checked against the schema.
package struct Message {
  /// The header.
  package let header: Header
  /// The attributes; the receiver takes each and then calls `finish`.
  package var attributes: AttributeReader

  /// Reads a whole datagram.
  ///
  /// Attributes that this side does not know are skipped when the sender speaks a later minor
  /// version, and refused otherwise.
  package init(decoding datagram: [UInt8]) throws(DecodeError) {
    header = try Header(decoding: datagram)
    attributes = try AttributeReader(
      datagram, from: Header.size, skipUnknown: header.minor > UInt8(E7_IPC_MINOR))
  }

  /// The bytes of a message of `type` with the attributes that `body` writes.
  package static func encode(
    _ type: MessageType, sequence: UInt32, _ body: (inout AttributeWriter) -> Void = { _ in }
  ) -> [UInt8] {
    var header: [UInt8] = []
    header.put(UInt64(Header.magic) | UInt64(E7_IPC_MAJOR) << 32 | UInt64(E7_IPC_MINOR) << 40, 6)
    header.put(UInt64(type.rawValue), 2)
    header.put(UInt64(sequence) << 32, 8)
    header.put(0, 4)
    var writer = AttributeWriter(after: header)
    body(&writer)
    var message = writer.payload()
    message.set(message.count, at: 16)
    return message
  }
}
