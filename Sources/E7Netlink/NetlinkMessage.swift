// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Schema
import CNetlink
package import E7Lane

/// One message of a netlink datagram: `struct nlmsghdr` of netlink(7) and what follows it.
package struct NetlinkMessage: Equatable {
  static let headerSize = 16

  let type: UInt16
  let flags: UInt16
  package let sequence: UInt32
  let body: [UInt8]

  /// The message that begins at `index`, which moves to the next; nil at the end of the datagram.
  ///
  /// A pure function; `NetlinkError.malformed` where a length does not fit.
  @inline(never) package static func next(
    _ datagram: [UInt8], _ index: inout Int
  ) throws(NetlinkError) -> NetlinkMessage? {
    let left = datagram.count - index
    if left == 0 { return nil }
    guard left >= headerSize, let length = Int(exactly: datagram.hostU32(at: index)),
      length >= headerSize, length <= left
    else { throw .malformed }
    let start = index
    index = min(datagram.count, start + (length + 3) & ~3)
    return NetlinkMessage(
      type: datagram.hostU16(at: start + 4), flags: datagram.hostU16(at: start + 6),
      sequence: datagram.hostU32(at: start + 8),
      body: Array(datagram[start + headerSize..<start + length]))
  }
}

/// A request of generic netlink; its number, and whether it wants an acknowledgement, are set as it
/// is sent.
package func genericRequest(
  family: UInt16, version: UInt8, command: UInt8, isDump: Bool = false, attributes: [UInt8]
) -> [UInt8] {
  let flags = NLM_F_REQUEST | (isDump ? NLM_F_DUMP : 0)
  let length = UInt32(NetlinkMessage.headerSize + GenericMessage.headerSize + attributes.count)
  var request: [UInt8] = []
  request.reserveCapacity(Int(length))
  put(length, 4, &request)
  put(UInt32(family), 2, &request)
  put(UInt32(flags), 2, &request)
  for _ in 0..<2 { put(0, 4, &request) }
  put(UInt32(command) | UInt32(version) << 8, 4, &request)
  request += attributes
  return request
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

  /// The attribute of another family than E7's with this number, or nil.
  package func raw(_ number: Int) throws(NetlinkError) -> RawAttribute? {
    try RawAttribute.find(number, in: body, from: GenericMessage.headerSize)
  }
}

/// An attribute of netlink's own: `struct nlattr`.
package struct RawAttribute: Equatable {
  package let number: UInt16
  package let payload: [UInt8]

  /// The attribute that begins at `index`, which moves to the next; nil at the end.
  ///
  /// A pure function; `NetlinkError.malformed` where a length does not fit.
  @inline(never) package static func next(
    _ bytes: [UInt8], _ index: inout Int
  ) throws(NetlinkError) -> RawAttribute? {
    let left = bytes.count - index
    if left <= 0 { return nil }
    guard left >= 4 else { throw .malformed }
    let start = index
    let length = Int(bytes.hostU16(at: start))
    guard length >= 4, length <= left else { throw .malformed }
    index = min(bytes.count, start + (length + 3) & ~3)
    // The two top bits are the marks "nested" and "network byte order".
    return RawAttribute(
      number: bytes.hostU16(at: start + 2) & 0x3fff,
      payload: Array(bytes[start + 4..<start + length]))
  }

  /// The last attribute with this number from `start` on, or nil.
  package static func find(
    _ number: Int, in bytes: [UInt8], from start: Int
  ) throws(NetlinkError) -> RawAttribute? {
    var index = start
    var found: RawAttribute?
    while let attribute = try next(bytes, &index) {
      if Int(attribute.number) == number { found = attribute }
    }
    return found
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
