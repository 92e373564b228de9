// SPDX-License-Identifier: GPL-2.0-or-later

/// One message of a netlink datagram: `struct nlmsghdr` of netlink(7) and what follows it, which in
/// a message of generic netlink begins with `struct genlmsghdr`.
package struct NetlinkMessage: Equatable, Sendable {
  static let headerSize = 16
  package static let genericHeaderSize = 4

  /// Of a generic message the number of its family.
  package let type: UInt16
  let flags: UInt16
  package let sequence: UInt32
  package let body: [UInt8]

  /// The message that begins at `index`, which moves to the next; nil at the end: a pure function.
  @inline(never) package static func next(
    _ datagram: [UInt8], _ index: inout Int
  ) throws(NetlinkError) -> NetlinkMessage? {
    let (start, left) = (index, datagram.count - index)
    if left == 0 { return nil }
    guard left >= headerSize, let length = Int(exactly: datagram.hostU32(at: start)),
      length >= headerSize, length <= left
    else { throw .malformed }
    index = min(datagram.count, start + (length + 3) & ~3)
    return NetlinkMessage(
      type: datagram.hostU16(at: start + 4), flags: datagram.hostU16(at: start + 6),
      sequence: datagram.hostU32(at: start + 8),
      body: Array(datagram[start + headerSize..<start + length]))
  }

  package var isGeneric: Bool {
    type >= UInt16(NLMSG_MIN_TYPE) && body.count >= NetlinkMessage.genericHeaderSize
  }
  package var command: UInt8 { body[0] }

  /// The attributes of a message of family e7; those of a later version are skipped.
  package func attributes() throws(NetlinkError) -> AttributeReader {
    do throws(DecodeError) {
      return try AttributeReader(body, from: NetlinkMessage.genericHeaderSize, skipUnknown: true)
    } catch { throw .malformed }
  }

  /// The attributes, where this is `type` of E7's family with this number.
  package func attributes(
    of type: MessageType, in family: Family
  ) throws(NetlinkError) -> AttributeReader {
    guard self.type == family.id, UInt16(command) == type.rawValue else { throw .malformed }
    return try attributes()
  }

  /// Where the payload of another family's attribute is, the last of this number, or nil.
  @inline(never) package static func find(
    _ number: Int, in bytes: [UInt8], from start: Int = genericHeaderSize
  ) throws(NetlinkError) -> Range<Int>? {
    var (index, found) = (start, nil as Range<Int>?)
    do throws(DecodeError) {
      while let attribute = try RawAttribute.next(bytes, &index) {
        if Int(attribute.number) == number { found = attribute.payload }
      }
    } catch { throw .malformed }
    return found
  }

  /// The number of two or four bytes that such an attribute is, or nil.
  @inline(never) package static func value(
    _ number: Int, in bytes: [UInt8], from start: Int = genericHeaderSize
  ) throws(NetlinkError) -> UInt32? {
    guard let found = try find(number, in: bytes, from: start) else { return nil }
    return found.count == 4
      ? bytes.hostU32(at: found.lowerBound)
      : found.count == 2 ? UInt32(bytes.hostU16(at: found.lowerBound)) : nil
  }
}

/// A family of generic netlink, as the kernel's family `nlctrl` describes it.
package struct Family: Equatable, Sendable {
  /// Message type of the family; another each time the module is loaded.
  package let id: UInt16
  package let version: UInt32

  init(_ message: NetlinkMessage) throws(NetlinkError) {
    guard let id = try NetlinkMessage.value(CTRL_ATTR_FAMILY_ID, in: message.body),
      id >= UInt32(NLMSG_MIN_TYPE), id <= UInt32(UInt16.max),
      let version = try NetlinkMessage.value(CTRL_ATTR_VERSION, in: message.body)
    else { throw .malformed }
    (self.id, self.version) = (UInt16(id), version)
  }
}

/// A request of generic netlink; `KernelSocket.begin` completes it.
package func genericRequest(
  family: UInt16, version: UInt8, command: UInt8, isDump: Bool = false, attributes: [UInt8]
) -> [UInt8] {
  let flags = NLM_F_REQUEST | (isDump ? NLM_F_DUMP : 0)
  let length = NetlinkMessage.headerSize + NetlinkMessage.genericHeaderSize + attributes.count
  var request: [UInt8] = []
  request.put(UInt64(length), 4)
  request.put(UInt64(family) | UInt64(flags) << 16, 4)
  request.put(0, 8)
  request.put(UInt64(command) | UInt64(version) << 8, 4)
  return request + attributes
}
