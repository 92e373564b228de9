// SPDX-License-Identifier: GPL-2.0-or-later

/// Bytes from outside as text that is safe to show.
package enum Text {
  /// These bytes as one word of the rule language, which reads back to the same.
  ///
  /// In quotes where they hold a blank, a quote, or something that a terminal obeys or hides.
  package static func word(_ bytes: [UInt8]) -> String {
    let escapes = escapes(bytes)
    let plain =
      !bytes.isEmpty && bytes.first != UInt8(ascii: "#") && !escapes.contains(true)
      && !bytes.contains(UInt8(ascii: " ")) && !bytes.contains(UInt8(ascii: "\""))
    return plain ? String(decoding: bytes, as: UTF8.self) : quoted(bytes)
  }

  /// These bytes as one word of the rule language, in quotes.
  static func quoted(_ bytes: [UInt8]) -> String {
    let escapes = escapes(bytes)
    var quoted: [UInt8] = [UInt8(ascii: "\"")]
    for (index, byte) in bytes.enumerated() {
      if escapes[index] {
        quoted += escape(byte).utf8
      } else {
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
          quoted.append(UInt8(ascii: "\\"))
        }
        quoted.append(byte)
      }
    }
    quoted.append(UInt8(ascii: "\""))
    return String(decoding: quoted, as: UTF8.self)
  }

  /// These bytes for a message to people: what a terminal obeys or hides as `\xNN`.
  package static func shown(_ bytes: [UInt8]) -> String {
    let escapes = escapes(bytes)
    var text: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      if escapes[index] { text += escape(byte).utf8 } else { text.append(byte) }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The beginning of `bytes`, for a message of one line.
  static func excerpt(_ bytes: [UInt8]) -> String {
    guard bytes.count > longestExcerpt else { return shown(bytes) }
    var end = longestExcerpt
    while end > 0, bytes[end] & 0xc0 == 0x80 { end -= 1 }
    return shown(Array(bytes[..<end])) + "…"
  }

  private static let longestExcerpt = 60

  /// `byte` as `\xNN`.
  static func escape(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "\\x0" + digits : "\\x" + digits
  }

  /// The first byte of `bytes` that is no part of a UTF-8 character.
  static func firstInvalid(_ bytes: [UInt8]) -> Int? {
    var index = 0
    while index < bytes.count {
      guard let length = characterLength(bytes, index) else { return index }
      index += length
    }
    return nil
  }

  private static func escapes(_ bytes: [UInt8]) -> [Bool] {
    var escapes = [Bool](repeating: false, count: bytes.count)
    var index = 0
    while index < bytes.count {
      guard let length = characterLength(bytes, index) else {
        escapes[index] = true
        index += 1
        continue
      }
      if isHidden(bytes, index, length) {
        for offset in 0..<length { escapes[index + offset] = true }
      }
      index += length
    }
    return escapes
  }

  // The table of well-formed sequences of the Unicode standard, 3.9.
  private static func characterLength(_ bytes: [UInt8], _ index: Int) -> Int? {
    let first = bytes[index]
    var second: ClosedRange<UInt8> = 0x80...0xbf
    let length: Int
    switch first {
    case 0x00...0x7f: return 1
    case 0xc2...0xdf: length = 2
    case 0xe0: (length, second) = (3, 0xa0...0xbf)
    case 0xed: (length, second) = (3, 0x80...0x9f)
    case 0xe1...0xef: length = 3
    case 0xf0: (length, second) = (4, 0x90...0xbf)
    case 0xf1...0xf3: length = 4
    case 0xf4: (length, second) = (4, 0x80...0x8f)
    default: return nil
    }
    guard bytes.count - index >= length, second.contains(bytes[index + 1]) else { return nil }
    for offset in 2..<max(2, length) where bytes[index + offset] & 0xc0 != 0x80 { return nil }
    return length
  }

  // Control characters, the marks that turn the direction of writing, invisible and unassigned
  // characters, and every blank but the plain one.
  private static func isHidden(_ bytes: [UInt8], _ index: Int, _ length: Int) -> Bool {
    if length == 1 { return bytes[index] < 32 || bytes[index] == 127 }
    var value = UInt32(bytes[index]) & (0x7f >> UInt32(length))
    for offset in 1..<length { value = value << 6 | UInt32(bytes[index + offset] & 0x3f) }
    guard let scalar = Unicode.Scalar(value) else { return true }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator, .spaceSeparator:
      return true
    default:
      return scalar.properties.isDefaultIgnorableCodePoint
    }
  }
}
