// SPDX-License-Identifier: GPL-2.0-or-later
public import CE7Schema

// Attributes are laid out as netlink lays them out (linux/netlink.h, struct nlattr): length with
// its own four bytes, number, payload, padding to four.  One reader and one writer serve E7IPC and
// generic netlink.  Host byte order is little endian on every machine E7 is built for.

#if !_endian(little)
  #error("the readers of E7IPC assume a little-endian host")
#endif

/// Attributes of a message, each checked against `defs.x` before any is handed out.
///
/// A pure function over a buffer: it reads no byte outside, allocates in proportion to the number
/// of attributes, and takes linear time.
public struct AttributeReader {
  fileprivate struct Field {
    var attribute: Attribute
    var start: Int
    var count: Int
    var taken = false
  }

  /// More than any message of the schema carries.
  static let most = 64

  fileprivate let bytes: [UInt8]
  fileprivate var fields: [Field] = []

  /// Checks all attributes from `start` to the end of `bytes`.
  ///
  /// With `skipUnknown`, attributes of a later version are passed over instead of refused.
  public init(_ bytes: [UInt8], from start: Int, skipUnknown: Bool) throws(DecodeError) {
    self.bytes = bytes
    var index = start
    var seen = 0
    while index < bytes.count {
      guard bytes.count - index >= 4 else { throw .truncated }
      let length = Int(bytes.hostU16(at: index))
      guard length >= 4, length <= bytes.count - index else { throw .truncated }
      seen += 1
      guard seen <= AttributeReader.most else { throw .tooManyAttributes }
      // The two top bits are netlink's "nested" and "byte order" marks.
      let number = bytes.hostU16(at: index + 2) & 0x3fff
      let field = (start: index + 4, count: length - 4)
      if let attribute = Attribute(wire: number) {
        try check(attribute, field.start, field.count)
        if attribute != .pad {
          guard position(of: attribute) == nil else { throw .duplicate(attribute) }
          fields.append(Field(attribute: attribute, start: field.start, count: field.count))
        }
      } else if !skipUnknown {
        throw .unknownAttribute(number)
      }
      // The last attribute may come without its padding, as netlink allows.
      index = min(bytes.count, index + (length + 3) & ~3)
    }
  }

  private func check(_ attribute: Attribute, _ start: Int, _ count: Int) throws(DecodeError) {
    let number = UInt32(attribute.rawValue)
    guard let type = AttributeType(rawValue: UInt16(clamping: e7_attr_type_of(number))) else {
      throw .unknownAttribute(attribute.rawValue)
    }
    let limit = UInt64(e7_attr_limit(number))
    switch type {
    case .padding, .flag:
      guard count == 0 else { throw .malformed(attribute) }
    case .u8:
      guard count == 1 else { throw .malformed(attribute) }
      guard limit == 0 || UInt64(bytes[start]) <= limit else { throw .outOfRange(attribute) }
    case .u16:
      guard count == 2 else { throw .malformed(attribute) }
      guard limit == 0 || UInt64(bytes.hostU16(at: start)) <= limit else {
        throw .outOfRange(attribute)
      }
    case .u32:
      guard count == 4 else { throw .malformed(attribute) }
    case .u64:
      guard count == 8 else { throw .malformed(attribute) }
    case .address:
      guard count == 4 || count == 16 else { throw .malformed(attribute) }
    case .string:
      guard count >= 1, bytes[start + count - 1] == 0 else { throw .malformed(attribute) }
      for index in start..<start + count - 1 where bytes[index] == 0 {
        throw .malformed(attribute)
      }
      guard UInt64(count - 1) <= limit else { throw .outOfRange(attribute) }
    }
  }

  fileprivate func position(of attribute: Attribute) -> Int? {
    for index in fields.indices where fields[index].attribute == attribute { return index }
    return nil
  }

  /// The bytes of an attribute, or nil where it was not sent; whoever takes it knows it.
  public mutating func take(_ attribute: Attribute) -> ArraySlice<UInt8>? {
    guard let index = position(of: attribute) else { return nil }
    fields[index].taken = true
    return bytes[fields[index].start..<fields[index].start + fields[index].count]
  }

  /// The number, or nil where it was not sent.
  public mutating func u64(_ attribute: Attribute) -> UInt64? {
    guard let bytes = take(attribute) else { return nil }
    return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The text without its NUL, or nil where it was not sent.
  public mutating func string(_ attribute: Attribute) -> [UInt8]? {
    take(attribute).map { Array($0.dropLast()) }
  }

  /// Whether the empty attribute was sent.
  public mutating func flag(_ attribute: Attribute) -> Bool { take(attribute) != nil }

  /// Refuses a message of which something was not taken.
  public func finish() throws(DecodeError) {
    for field in fields where !field.taken { throw .unexpected(field.attribute) }
  }
}

extension AttributeReader {
  /// Whether an attribute was sent.
  public func has(_ attribute: Attribute) -> Bool { position(of: attribute) != nil }

  /// What was sent, in its order.
  public var attributes: [Attribute] { fields.map { $0.attribute } }

  /// The attributes as they came, without those that were passed over.
  public var all: [UInt8] {
    var all: [UInt8] = []
    for field in fields {
      all += bytes[field.start - 4..<field.start + field.count]
      while all.count % 4 != 0 { all.append(0) }
    }
    return all
  }
}

/// Builds the attributes of one message.
public struct AttributeWriter {
  private(set) var bytes: [UInt8]

  /// An empty list behind `count` zero bytes for a header.
  public init(reserving count: Int = 0) {
    bytes = [UInt8](repeating: 0, count: count)
  }

  /// Adds an attribute of these bytes.
  public mutating func put(_ attribute: Attribute, _ payload: [UInt8]) {
    put(UInt64(payload.count + 4), 2)
    put(UInt64(attribute.rawValue), 2)
    bytes += payload
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  /// Adds a number of so many bytes.
  package mutating func put(_ attribute: Attribute, _ value: UInt64, _ count: Int) {
    put(UInt64(count + 4), 2)
    put(UInt64(attribute.rawValue), 2)
    put(value, count)
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  private mutating func put(_ value: UInt64, _ count: Int) {
    for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
  }

  /// Adds an 8-bit attribute.
  public mutating func u8(_ attribute: Attribute, _ value: UInt8) {
    put(attribute, UInt64(value), 1)
  }

  /// Adds a 32-bit attribute.
  public mutating func u32(_ attribute: Attribute, _ value: UInt32) {
    put(attribute, UInt64(value), 4)
  }

  /// Adds a 64-bit attribute.
  public mutating func u64(_ attribute: Attribute, _ value: UInt64) { put(attribute, value, 8) }

  /// Adds a text, which holds no NUL; it gets one.
  public mutating func string(_ attribute: Attribute, _ text: [UInt8]) {
    put(attribute, text + [0])
  }

  /// Adds an empty attribute.
  public mutating func flag(_ attribute: Attribute) { put(attribute, []) }

  /// The attributes alone, for the payload of a generic-netlink message.
  public func payload() -> [UInt8] { bytes }

  /// The whole message, its header in the bytes that were reserved.
  func finish(_ header: Header) -> [UInt8] {
    var message = bytes
    for index in 0..<4 { message[index] = Header.magic[index] }
    message[4] = UInt8(E7_IPC_MAJOR)
    message[5] = header.minor
    message[6] = UInt8(truncatingIfNeeded: header.type.rawValue)
    message[7] = UInt8(truncatingIfNeeded: header.type.rawValue >> 8)
    let length = UInt32(truncatingIfNeeded: message.count)
    for index in 0..<4 {
      message[12 + index] = UInt8(truncatingIfNeeded: header.sequence >> (8 * UInt32(index)))
      message[16 + index] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index)))
    }
    return message
  }
}
