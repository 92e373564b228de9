// SPDX-License-Identifier: GPL-2.0-or-later

/// Words for people and logs, as bytes of any encoding.
///
/// It is written like a String, of which it needs nothing: Embedded Swift would bring its Unicode.
package struct Phrase: ExpressibleByStringInterpolation, StringInterpolationProtocol, Equatable,
  Sendable
{
  package private(set) var bytes: [UInt8] = []

  package init(_ bytes: [UInt8]) { self.bytes = bytes }
  @inline(never) package init(stringLiteral: StaticString) { appendLiteral(stringLiteral) }
  package init(literalCapacity: Int, interpolationCount: Int) {}
  package init(stringInterpolation: Phrase) { self = stringInterpolation }

  /// The bytes up to a NUL.
  @unsafe @inline(never) package init(cString: UnsafePointer<CChar>) {
    while unsafe cString[bytes.count] != 0 {
      unsafe bytes.append(UInt8(bitPattern: cString[bytes.count]))
    }
  }

  @inline(never) package mutating func appendLiteral(_ literal: StaticString) {
    unsafe bytes.append(
      contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }

  @inline(never) package mutating func appendInterpolation(_ other: [UInt8]) { bytes += other }
  @inline(never) package mutating func appendInterpolation(_ other: Phrase) { bytes += other.bytes }
  package mutating func appendInterpolation(_ literal: StaticString) { appendLiteral(literal) }

  package mutating func appendInterpolation(_ number: some BinaryInteger) {
    if number < 0 { appendLiteral("-") }
    append(UInt64(truncatingIfNeeded: number.magnitude))
  }

  @inline(never) private mutating func append(_ number: UInt64) {
    if number >= 10 { append(number / 10) }
    bytes.append(UInt8(48 + number % 10))
  }

  package static func += (phrase: inout Phrase, other: Phrase) { phrase.appendInterpolation(other) }
}

extension StaticString {
  /// For a function of C's: what stands in the source ends with a NUL.
  @unsafe package var cString: UnsafePointer<CChar> {
    unsafe UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
  }
}
