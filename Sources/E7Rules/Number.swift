// SPDX-License-Identifier: GPL-2.0-or-later

/// Numbers of the language: decimal digits, no sign, no leading zero.
enum Number {
  /// Whether the word is written with digits alone.
  static func isWritten(_ word: [UInt8]) -> Bool {
    !word.isEmpty && word.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
  }

  /// The number, or nil where the word is none or it is over `limit`.
  static func value(_ word: [UInt8], upTo limit: UInt64) -> UInt64? {
    guard isWritten(word), word.count == 1 || word[0] != UInt8(ascii: "0") else { return nil }
    var value: UInt64 = 0
    for digit in word {
      let (product, large) = value.multipliedReportingOverflow(by: 10)
      let (sum, larger) = product.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
      guard !large, !larger else { return nil }
      value = sum
    }
    return value <= limit ? value : nil
  }

  /// The value of one hexadecimal digit, or nil.
  static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
