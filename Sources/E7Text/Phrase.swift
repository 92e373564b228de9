// SPDX-License-Identifier: GPL-2.0-or-later

/// Words for people and logs, as bytes of any encoding.
///
/// It is written like a String, of which it needs nothing: Embedded Swift would bring its Unicode.
public struct Phrase: ExpressibleByStringInterpolation, Equatable, Sendable {
  /// What it says.
  public fileprivate(set) var bytes: [UInt8]

  /// A phrase of these bytes.
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The bytes up to a NUL.
  @unsafe @inline(never) public init(cString: UnsafePointer<CChar>) {
    bytes = []
    var next = unsafe cString
    while unsafe next.pointee != 0 {
      bytes.append(UInt8(bitPattern: unsafe next.pointee))
      unsafe next += 1
    }
  }

  /// A phrase that stands in the source.
  @inline(never) public init(stringLiteral: StaticString) {
    bytes = []
    append(stringLiteral)
  }

  /// A phrase with others in it.
  public init(stringInterpolation: Interpolation) {
    bytes = stringInterpolation.phrase.bytes
  }

  @inline(never) fileprivate mutating func append(_ literal: StaticString) {
    unsafe bytes.append(
      contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }

  @inline(never) fileprivate mutating func append(_ number: UInt64) {
    if number >= 10 { append(number / 10) }
    bytes.append(UInt8(48 + number % 10))
  }

  /// Adds to its end.
  @inline(never) public static func += (phrase: inout Phrase, other: Phrase) {
    phrase.bytes.append(contentsOf: other.bytes)
  }

  /// Both, one behind the other.
  public static func + (one: Phrase, other: Phrase) -> Phrase {
    var both = one
    both += other
    return both
  }

  /// Lends it to a function of C's, with a NUL at its end.
  @inline(never) public func withCString(_ body: (UnsafePointer<CChar>) -> Int32) -> Int32 {
    let ended = bytes.map { CChar(bitPattern: $0) } + [0]
    return unsafe ended.withUnsafeBufferPointer { ended in
      guard let base = ended.baseAddress else { return -1 }
      return unsafe body(base)
    }
  }

  /// How a phrase with others in it is put together.
  public struct Interpolation: StringInterpolationProtocol {
    fileprivate var phrase = Phrase([])

    /// An empty one.
    public init(literalCapacity: Int, interpolationCount: Int) {}

    /// Adds what stands in the source.
    @inline(never) public mutating func appendLiteral(_ literal: StaticString) {
      phrase.append(literal)
    }

    /// Adds a phrase.
    @inline(never) public mutating func appendInterpolation(_ other: Phrase) { phrase += other }

    /// Adds what stands in the source elsewhere.
    public mutating func appendInterpolation(_ literal: StaticString) { appendLiteral(literal) }

    /// Adds bytes.
    @inline(never) public mutating func appendInterpolation(_ bytes: [UInt8]) {
      phrase.bytes += bytes
    }

    /// Adds a number in decimals.
    public mutating func appendInterpolation(_ number: some UnsignedInteger) {
      append(UInt64(truncatingIfNeeded: number))
    }

    /// Adds a number in decimals.
    public mutating func appendInterpolation(_ number: some SignedInteger) {
      let number = Int64(truncatingIfNeeded: number)
      if number < 0 { appendLiteral("-") }
      append(number.magnitude)
    }

    @inline(never) private mutating func append(_ number: UInt64) { phrase.append(number) }
  }
}

extension StaticString {
  /// For a function of C's: what stands in the source ends with a NUL.
  @unsafe public var cString: UnsafePointer<CChar> {
    unsafe UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
  }
}
