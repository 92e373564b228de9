// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
package import E7Text

/// The form of a rule's comment: text in UTF-8 without control characters.
package enum CommentForm {
  /// What is wrong with a comment, to follow it in a sentence, and what was expected; or nil.
  package static func fault(_ bytes: [UInt8]) -> (problem: Phrase, expected: Phrase)? {
    if bytes.count > Limit.comment { return ("is too long", "at most \(Limit.comment) bytes") }
    var index = 0
    while index < bytes.count {
      guard let (scalar, length) = scalar(bytes, index) else { return ("is not UTF-8", "UTF-8") }
      if scalar < 32 || scalar >= 127 && scalar < 160 {
        return ("holds a control character", "a comment without any")
      }
      index += length
    }
    return nil
  }

  /// The character that begins there, in its one form of RFC 3629, and its bytes; or nil.
  private static func scalar(_ bytes: [UInt8], _ start: Int) -> (UInt32, Int)? {
    let first = bytes[start]
    let length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
    guard first < 0x80 || first >= 0xc2, first < 0xf5, start + length <= bytes.count else {
      return nil
    }
    var scalar = UInt32(length == 1 ? first : first & (0xff >> UInt8(length + 1)))
    for byte in bytes[start + 1..<start + length] {
      guard byte & 0xc0 == 0x80 else { return nil }
      scalar = scalar << 6 | UInt32(byte & 0x3f)
    }
    let least: [UInt32] = [0, 0, 0x80, 0x800, 0x10000]
    guard scalar >= least[length], scalar < 0xd800 || scalar > 0xdfff, scalar <= 0x10ffff else {
      return nil
    }
    return (scalar, length)
  }
}
