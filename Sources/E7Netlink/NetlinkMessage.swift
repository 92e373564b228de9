// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Schema
import CNetlink
package import E7Lane

/// One message of a netlink datagram: `struct nlmsghdr` of netlink(7) and what follows it.
package struct NetlinkMessage: Equatable {
  static let headerSize = 16

  var type: UInt16
  var flags: UInt16
  package var sequence: UInt32
  var body: [UInt8]

  /// The messages of a datagram, or nil where a length does not fit in it.
  ///
  /// A pure function, linear in the datagram.
  package static func all(_ datagram: [UInt8]) -> [NetlinkMessage]? {
    var messages: [NetlinkMessage] = []
    var index = 0
    while index < datagram.count {
      guard datagram.count - index >= headerSize else { return nil }
      guard let length = Int(exactly: datagram.hostU32(at: index)), length >= headerSize,
        length <= datagram.count - index
      else { return nil }
      messages.append(
        NetlinkMessage(
          type: datagram.hostU16(at: index + 4), flags: datagram.hostU16(at: index + 6),
          sequence: datagram.hostU32(at: index + 8),
          body: Array(datagram[index + headerSize..<index + length])))
      index = min(datagram.count, index + (length + 3) & ~3)
    }
    return messages
  }

  /// The bytes to send.
  func encode() -> [UInt8] {
    let length = NetlinkMessage.headerSize + body.count
    var message: [UInt8] = []
    message.reserveCapacity(length)
    put(UInt32(truncatingIfNeeded: length), 4, &message)
    put(UInt32(type), 2, &message)
    put(UInt32(flags), 2, &message)
    put(sequence, 4, &message)
    put(0, 4, &message)
    message += body
    return message
  }
}

/// The `count` low bytes of a number in host order.
func bytes(_ value: UInt32, _ count: Int) -> [UInt8] {
  var bytes: [UInt8] = []
  put(value, count, &bytes)
  return bytes
}

/// Adds the `count` low bytes of a number in host order.
func put(_ value: UInt32, _ count: Int, _ bytes: inout [UInt8]) {
  for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt32(index)))) }
}

/// A generic-netlink message: `struct genlmsghdr` and attributes.
public struct GenericMessage: Equatable, Sendable {
  static let headerSize = 4

  /// Family id.
  package let family: UInt16
  /// Command of the family.
  package let command: UInt8
  private let body: [UInt8]

  package init?(_ message: NetlinkMessage) {
    guard message.type >= UInt16(NLMSG_MIN_TYPE), message.body.count >= GenericMessage.headerSize
    else { return nil }
    family = message.type
    command = message.body[0]
    body = message.body
  }

  /// The attributes, checked against the schema; those of a later version are skipped.
  package func attributes() throws(NetlinkError) -> AttributeReader {
    do throws(DecodeError) {
      return try AttributeReader(body, from: GenericMessage.headerSize, skipUnknown: true)
    } catch {
      throw .malformed
    }
  }

  /// The attributes, where this is `type` of E7's family with this number.
  package func attributes(
    of type: MessageType, in family: Family
  ) throws(NetlinkError) -> AttributeReader {
    guard self.family == family.id, UInt16(command) == type.rawValue else { throw .malformed }
    return try attributes()
  }

  /// The attributes of a family with other numbers than E7's.
  package func rawAttributes() throws(NetlinkError) -> [RawAttribute] {
    guard let all = RawAttribute.all(body, from: GenericMessage.headerSize) else {
      throw .malformed
    }
    return all
  }
}

/// An attribute of netlink's own: `struct nlattr`.
package struct RawAttribute: Equatable {
  /// More than any message has that is read here.
  package static let most = 256

  package var number: UInt16
  package var payload: [UInt8]

  /// The attributes from `start` on, or nil where a length does not fit or there are too many.
  package static func all(_ bytes: [UInt8], from start: Int) -> [RawAttribute]? {
    var all: [RawAttribute] = []
    var index = start
    while index < bytes.count {
      guard bytes.count - index >= 4, all.count < most else { return nil }
      let length = Int(bytes.hostU16(at: index))
      guard length >= 4, length <= bytes.count - index else { return nil }
      // The two top bits are the marks "nested" and "network byte order".
      all.append(
        RawAttribute(
          number: bytes.hostU16(at: index + 2) & 0x3fff,
          payload: Array(bytes[index + 4..<index + length])))
      index = min(bytes.count, index + (length + 3) & ~3)
    }
    return all
  }

  /// The number of 2 or 4 bytes, or nil.
  package var value: UInt32? {
    switch payload.count {
    case 2: UInt32(payload.hostU16(at: 0))
    case 4: payload.hostU32(at: 0)
    default: nil
    }
  }

  /// The text up to its NUL.
  package var text: [UInt8] { Array(payload.prefix { $0 != 0 }) }
}
