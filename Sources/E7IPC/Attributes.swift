// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Schema
package import E7Lane

// What messages have that no lane's e7-priv reads.

extension AttributeReader {
  /// The 8-bit attribute, or nil where it was not sent.
  package mutating func u8(_ attribute: Attribute) -> UInt8? {
    u64(attribute).flatMap { UInt8(exactly: $0) }
  }

  /// The 16-bit attribute, or nil where it was not sent.
  package mutating func u16(_ attribute: Attribute) -> UInt16? {
    u64(attribute).flatMap { UInt16(exactly: $0) }
  }

  /// The 32-bit attribute, or nil where it was not sent.
  package mutating func u32(_ attribute: Attribute) -> UInt32? {
    u64(attribute).flatMap { UInt32(exactly: $0) }
  }

  /// The 4 or 16 bytes of an address in network order, or nil where it was not sent.
  package mutating func address(_ attribute: Attribute) -> [UInt8]? {
    take(attribute).map { bytes($0) }
  }

  /// The action, which must be there.
  package mutating func action() throws(DecodeError) -> Action {
    guard let number = u8(.action) else { throw .missing(.action) }
    guard let action = Action(wire: number) else { throw .outOfRange(.action) }
    return action
  }

  /// The class of programs, or nil where it was not sent.
  package mutating func programClass() throws(DecodeError) -> ProgramClass? {
    guard let number = u8(.programClass) else { return nil }
    guard let known = ProgramClass(wire: number) else { throw .outOfRange(.programClass) }
    return known
  }

  /// The direction, or nil where it was not sent.
  package mutating func direction() throws(DecodeError) -> Direction? {
    guard let number = u8(.direction) else { return nil }
    guard let known = Direction(wire: number) else { throw .outOfRange(.direction) }
    return known
  }
}

extension AttributeWriter {
  /// Adds a 16-bit attribute.
  package mutating func u16(_ attribute: Attribute, _ value: UInt16) {
    put(attribute, UInt64(value), 2)
  }

  /// Adds the 4 or 16 bytes of an address in network order.
  package mutating func address(_ attribute: Attribute, _ address: [UInt8]) {
    put(attribute, address)
  }
}
