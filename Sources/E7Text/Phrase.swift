// SPDX-License-Identifier: GPL-2.0-or-later

/// Words for people and logs, as bytes of any encoding.
///
/// It is written like a String, of which it needs nothing: Embedded Swift would bring its Unicode.
/// One with others in it is put together in place, so it is its own interpolation.
package struct Phrase: ExpressibleByStringInterpolation, StringInterpolationProtocol, Equatable,
  Sendable
{
  /// What it says.
  package private(set) var bytes: [UInt8]

  /// A phrase of these bytes.
  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The bytes up to a NUL.
  @unsafe @inline(never) package init(cString: UnsafePointer<CChar>) {
    bytes = []
    var next = unsafe cString
    while unsafe next.pointee != 0 {
      bytes.append(UInt8(bitPattern: unsafe next.pointee))
      unsafe next += 1
    }
  }

  /// A phrase that stands in the source.
  @inline(never) package init(stringLiteral: StaticString) {
    bytes = []
    appendLiteral(stringLiteral)
  }

  /// Nothing yet.
  package init(literalCapacity: Int, interpolationCount: Int) { bytes = [] }

  /// A phrase with others in it.
  package init(stringInterpolation: Phrase) { self = stringInterpolation }

  /// Adds what stands in the source.
  @inline(never) package mutating func appendLiteral(_ literal: StaticString) {
    unsafe bytes.append(
      contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }

  /// Adds bytes.
  @inline(never) package mutating func appendInterpolation(_ other: [UInt8]) { bytes += other }

  /// Adds a phrase.
  @inline(never) package mutating func appendInterpolation(_ other: Phrase) { bytes += other.bytes }

  /// Adds what stands in the source elsewhere.
  package mutating func appendInterpolation(_ literal: StaticString) { appendLiteral(literal) }

  /// Adds a number in decimals.
  package mutating func appendInterpolation(_ number: some BinaryInteger) {
    if number < 0 { appendLiteral("-") }
    append(UInt64(truncatingIfNeeded: number.magnitude))
  }

  @inline(never) private mutating func append(_ number: UInt64) {
    if number >= 10 { append(number / 10) }
    bytes.append(UInt8(48 + number % 10))
  }

  /// Adds to its end.
  package static func += (phrase: inout Phrase, other: Phrase) { phrase.appendInterpolation(other) }
}

extension StaticString {
  /// For a function of C's: what stands in the source ends with a NUL.
  @unsafe package var cString: UnsafePointer<CChar> {
    unsafe UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
  }
}
