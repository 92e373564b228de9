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

  /// The attribute that begins at `index`, which moves to the next; nil at the end: a pure function.
  @inline(never) package static func next(
    _ bytes: [UInt8], _ index: inout Int
  ) throws(DecodeError) -> RawAttribute? {
    let (start, left) = (index, bytes.count - index)
    if left <= 0 { return nil }
    guard left >= 4 else { throw .truncated }
    let length = Int(bytes.hostU16(at: start))
    guard length >= 4, length <= left else { throw .truncated }
    // The last attribute may come without its padding, as netlink allows.
    index = min(bytes.count, start + (length + 3) & ~3)
    // The two top bits are netlink's "nested" and "byte order" marks.
    return RawAttribute(
      number: bytes.hostU16(at: start + 2) & 0x3fff, payload: start + 4..<start + length)
  }
}

/// Attributes of a message, each checked against `defs.x` before any is handed out: a pure function
/// over a buffer, which reads no byte outside and takes linear time.
package struct AttributeReader {
  private let bytes: [UInt8]
  private let start: Int
  /// A bit for the number of each that was taken.
  private var taken: UInt128 = 1 << Attribute.pad.rawValue

  /// With `skipUnknown`, attributes of a later version are passed over instead of refused.
  package init(_ bytes: [UInt8], from start: Int, skipUnknown: Bool) throws(DecodeError) {
    self.bytes = bytes
    self.start = start
    var (index, seen) = (start, 0 as UInt128)
    while let raw = try RawAttribute.next(bytes, &index) {
      guard let attribute = Attribute(wire: raw.number) else {
        if skipUnknown { continue }
        throw .unknownAttribute(raw.number)
      }
      try check(attribute, raw.payload)
      let bit = UInt128(1) << attribute.rawValue
      guard attribute == .pad || seen & bit == 0 else { throw .duplicate(attribute) }
      seen |= bit
    }
  }

  private func check(_ attribute: Attribute, _ payload: Range<Int>) throws(DecodeError) {
    let form = e7_attr(UInt32(attribute.rawValue))
    let isText = form.type == AttributeType.string.rawValue
    let isRight =
      isText
      ? bytes[payload].firstIndex(of: 0) == payload.upperBound - 1
      : payload.count == form.size || form.size == 16 && payload.count == 4
    guard isRight else { throw .malformed(attribute) }
    let measure = isText ? UInt64(payload.count - 1) : form.size > 2 ? 0 : value(payload)
    guard form.limit == 0 || measure <= form.limit else { throw .outOfRange(attribute) }
  }

  private func find(_ attribute: Attribute) -> Range<Int>? {
    var index = start
    while let raw = try? RawAttribute.next(bytes, &index) {
      if raw.number == attribute.rawValue { return raw.payload }
    }
    return nil
  }

  package func has(_ attribute: Attribute) -> Bool { find(attribute) != nil }

  /// Where its bytes are, or nil where it was not sent; whoever takes one knows it.
  package mutating func take(_ attribute: Attribute) -> Range<Int>? {
    taken |= 1 << attribute.rawValue
    return find(attribute)
  }

  package mutating func flag(_ attribute: Attribute) -> Bool { take(attribute) != nil }
  package mutating func u64(_ attribute: Attribute) -> UInt64? { take(attribute).map { value($0) } }
  /// The text without its NUL.
  package mutating func string(_ attribute: Attribute) -> [UInt8]? {
    take(attribute).map { bytes($0.dropLast()) }
  }

  /// Refuses a message of which something was not taken.
  package func finish() throws(DecodeError) {
    var index = start
    while let raw = try RawAttribute.next(bytes, &index) {
      if let attribute = Attribute(wire: raw.number), taken >> raw.number & 1 == 0 {
        throw .unexpected(attribute)
      }
    }
  }

  @inline(never) package func bytes(_ payload: Range<Int>) -> [UInt8] { Array(bytes[payload]) }

  @inline(never) package func value(_ payload: Range<Int>) -> UInt64 {
    payload.reversed().reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
  }

  /// The attribute at an index, 0 at first, which moves to the next; one that was passed over throws.
  package func next(
    _ index: inout Int
  ) throws(DecodeError) -> (attribute: Attribute, payload: Range<Int>)? {
    index = max(index, start)
    guard let raw = try RawAttribute.next(bytes, &index) else { return nil }
    guard let attribute = Attribute(wire: raw.number) else { throw .unknownAttribute(raw.number) }
    return (attribute, raw.payload)
  }

  package var all: [UInt8] {
    var all = Array(bytes[start...])
    all.pad()
    return all
  }
}

/// Builds the attributes of one message.
package struct AttributeWriter {
  package private(set) var bytes: [UInt8]

  /// No attributes yet, behind a header.
  package init(after header: [UInt8] = []) { bytes = header }

  package mutating func put(_ attribute: Attribute, _ payload: [UInt8]) {
    put(number: attribute.rawValue, payload)
  }

  /// Adds an attribute of these bytes, whoever's its number is.
  @inline(never) package mutating func put(number: UInt16, _ payload: [UInt8]) {
    bytes.put(UInt64(payload.count + 4), 2)
    bytes.put(UInt64(number), 2)
    bytes += payload
    bytes.pad()
  }

  @inline(never) package mutating func put(_ attribute: Attribute, _ value: UInt64, _ count: Int) {
    var payload: [UInt8] = []
    payload.put(value, count)
    put(attribute, payload)
  }

  package mutating func u8(_ which: Attribute, _ value: UInt8) { put(which, UInt64(value), 1) }
  package mutating func u32(_ which: Attribute, _ value: UInt32) { put(which, UInt64(value), 4) }
  package mutating func u64(_ which: Attribute, _ value: UInt64) { put(which, value, 8) }
  package mutating func flag(_ attribute: Attribute) { put(attribute, []) }

  /// Adds a text, which holds no NUL; it gets one.
  package mutating func string(_ attribute: Attribute, _ text: [UInt8]) {
    put(attribute, text + [0])
  }
}

extension [UInt8] {
  /// Adds the `count` low bytes of a number in host order.
  package mutating func put(_ value: UInt64, _ count: Int) {
    for index in 0..<count { append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
  }
  package mutating func pad() { while count % 4 != 0 { append(0) } }

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
