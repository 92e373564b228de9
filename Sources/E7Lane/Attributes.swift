// SPDX-License-Identifier: GPL-2.0-or-later

// Attributes are laid out as netlink lays them out (linux/netlink.h, struct nlattr): length with
// its own four bytes, number, payload, padding to four.  One reader and one writer serve E7IPC and
// generic netlink.  Host byte order is little endian on every machine E7 is built for.

#if !_endian(little)
  #error("the readers of E7IPC assume a little-endian host")
#endif

/// One attribute of a buffer, whoever's its number is.
package struct RawAttribute: Equatable {
  package let number: UInt16
  package let payload: Range<Int>

  /// The attribute that begins at `index`, which moves to the next; nil at the end.
  ///
  /// A pure function; `DecodeError.truncated` where a length does not fit.
  @inline(never) package static func next(
    _ bytes: [UInt8], _ index: inout Int
  ) throws(DecodeError) -> RawAttribute? {
    let left = bytes.count - index
    if left <= 0 { return nil }
    guard left >= 4 else { throw .truncated }
    let start = index
    let length = Int(bytes.hostU16(at: start))
    guard length >= 4, length <= left else { throw .truncated }
    // The last attribute may come without its padding, as netlink allows.
    index = min(bytes.count, start + (length + 3) & ~3)
    // The two top bits are netlink's "nested" and "byte order" marks.
    return RawAttribute(
      number: bytes.hostU16(at: start + 2) & 0x3fff, payload: start + 4..<start + length)
  }
}

/// Attributes of a message, each checked against `defs.x` before any is handed out.
///
/// A pure function over a buffer: it reads no byte outside, and takes linear time, for a message
/// has no more than `most`.
package struct AttributeReader {
  /// More than any message of the schema carries; a bit for each tells whether it was taken.
  static let most = 64

  private let bytes: [UInt8]
  private let start: Int
  private var taken: UInt64 = 0

  /// Checks all attributes from `start` to the end of `bytes`.
  ///
  /// With `skipUnknown`, attributes of a later version are passed over instead of refused.
  package init(_ bytes: [UInt8], from start: Int, skipUnknown: Bool) throws(DecodeError) {
    self.bytes = bytes
    self.start = start
    var index = start
    var seen = 0
    while let raw = try RawAttribute.next(bytes, &index) {
      seen += 1
      guard seen <= AttributeReader.most else { throw .tooManyAttributes }
      guard let attribute = Attribute(wire: raw.number) else {
        if skipUnknown { continue }
        throw .unknownAttribute(raw.number)
      }
      try check(attribute, raw.payload)
      guard attribute == .pad || find(attribute)?.payload == raw.payload else {
        throw .duplicate(attribute)
      }
    }
  }

  private func check(_ attribute: Attribute, _ payload: Range<Int>) throws(DecodeError) {
    var form = e7_attr_form()
    _ = unsafe e7_attr(UInt32(attribute.rawValue), &form)
    let limit = Int(form.limit)
    let size: Int
    switch AttributeType(rawValue: form.type) {
    case .padding, .flag: size = 0
    case .u8: size = 1
    case .u16: size = 2
    case .u32: size = 4
    case .u64: size = 8
    case .address: size = payload.count == 4 ? 4 : 16
    case .string:
      guard let end = bytes[payload].firstIndex(of: 0), end == payload.upperBound - 1 else {
        throw .malformed(attribute)
      }
      guard payload.count - 1 <= limit else { throw .outOfRange(attribute) }
      return
    case nil: throw .unknownAttribute(attribute.rawValue)
    }
    guard payload.count == size else { throw .malformed(attribute) }
    guard size > 2 || limit == 0 || value(payload) <= UInt64(limit) else {
      throw .outOfRange(attribute)
    }
  }

  /// The number that so many bytes are.
  @inline(never) package func value(_ payload: Range<Int>) -> UInt64 {
    var value: UInt64 = 0
    for index in payload.reversed() { value = value << 8 | UInt64(bytes[index]) }
    return value
  }

  /// Where the first attribute of this number is, and how many are before it.
  private func find(_ attribute: Attribute) -> (order: UInt64, payload: Range<Int>)? {
    var (index, order) = (start, 0 as UInt64)
    while let raw = try? RawAttribute.next(bytes, &index) {
      if raw.number == attribute.rawValue { return (order, raw.payload) }
      order += 1
    }
    return nil
  }

  private mutating func found(_ attribute: Attribute) -> Range<Int>? {
    guard let (order, payload) = find(attribute) else { return nil }
    taken |= 1 << order
    return payload
  }

  /// The bytes there.
  @inline(never) package func bytes(_ payload: Range<Int>) -> [UInt8] { Array(bytes[payload]) }

  /// The bytes of an attribute, or nil where it was not sent; whoever takes it knows it.
  package mutating func take(_ attribute: Attribute) -> [UInt8]? { found(attribute).map(bytes) }

  /// The number, or nil where it was not sent.
  package mutating func u64(_ attribute: Attribute) -> UInt64? { found(attribute).map { value($0) } }

  /// The text without its NUL, or nil where it was not sent.
  package mutating func string(_ attribute: Attribute) -> [UInt8]? {
    found(attribute).map { bytes($0.dropLast()) }
  }

  /// Whether the empty attribute was sent.
  package mutating func flag(_ attribute: Attribute) -> Bool { found(attribute) != nil }

  /// Refuses a message of which something was not taken.
  package func finish() throws(DecodeError) {
    var (index, left) = (start, ~taken)
    while let raw = try RawAttribute.next(bytes, &index) {
      if left & 1 != 0, let attribute = Attribute(wire: raw.number), attribute != .pad {
        throw .unexpected(attribute)
      }
      left >>= 1
    }
  }
}

extension AttributeReader {
  /// Whether an attribute was sent.
  package func has(_ attribute: Attribute) -> Bool { find(attribute) != nil }

  /// The attribute at an index, 0 at first, which moves to the next, and where its bytes are; nil past
  /// the last.
  ///
  /// `DecodeError.unknownAttribute` where it was passed over.
  package func next(
    _ index: inout Int
  ) throws(DecodeError) -> (attribute: Attribute, payload: Range<Int>)? {
    index = max(index, start)
    guard let raw = try RawAttribute.next(bytes, &index) else { return nil }
    guard let attribute = Attribute(wire: raw.number) else { throw .unknownAttribute(raw.number) }
    return (attribute, raw.payload)
  }

  /// The attributes as they came.
  package var all: [UInt8] {
    var all = Array(bytes[start...])
    while all.count % 4 != 0 { all.append(0) }
    return all
  }
}

extension [UInt8] {
  /// Adds the `count` low bytes of a number in host order.
  package mutating func put(_ value: UInt64, _ count: Int) {
    for index in 0..<count { append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
  }

  /// Puts the four low bytes of a number in the place of others.
  package mutating func set(_ value: Int, at start: Int) {
    for index in 0..<4 { self[start + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
  }

  package func hostU16(at index: Int) -> UInt16 {
    UInt16(self[index]) | UInt16(self[index + 1]) << 8
  }

  package func hostU32(at index: Int) -> UInt32 {
    UInt32(hostU16(at: index)) | UInt32(hostU16(at: index + 2)) << 16
  }
}

/// Builds the attributes of one message.
package struct AttributeWriter {
  private var bytes: [UInt8]

  /// No attributes yet, behind a header.
  package init(after header: [UInt8] = []) { bytes = header }

  /// Adds an attribute of these bytes.
  package mutating func put(_ attribute: Attribute, _ payload: [UInt8]) {
    put(number: attribute.rawValue, payload)
  }

  /// Adds an attribute of these bytes, whoever's its number is.
  @inline(never) package mutating func put(number: UInt16, _ payload: [UInt8]) {
    bytes.put(UInt64(payload.count + 4), 2)
    bytes.put(UInt64(number), 2)
    bytes += payload
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  /// Adds a number of so many bytes.
  @inline(never) package mutating func put(_ attribute: Attribute, _ value: UInt64, _ count: Int) {
    var payload: [UInt8] = []
    payload.put(value, count)
    put(attribute, payload)
  }

  /// Adds an 8-bit attribute.
  package mutating func u8(_ which: Attribute, _ value: UInt8) { put(which, UInt64(value), 1) }

  /// Adds a 32-bit attribute.
  package mutating func u32(_ which: Attribute, _ value: UInt32) { put(which, UInt64(value), 4) }

  /// Adds a 64-bit attribute.
  package mutating func u64(_ which: Attribute, _ value: UInt64) { put(which, value, 8) }

  /// Adds a text, which holds no NUL; it gets one.
  package mutating func string(_ attribute: Attribute, _ text: [UInt8]) {
    var ended = text
    ended.append(0)
    put(attribute, ended)
  }

  /// Adds an empty attribute.
  package mutating func flag(_ attribute: Attribute) { put(attribute, []) }

  /// What was built.
  package func payload() -> [UInt8] { bytes }
}
