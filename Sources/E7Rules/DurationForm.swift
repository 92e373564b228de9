// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema

/// Lengths of time as a line gives them: `90s`, `5m`, `12h`, `7d`.
enum DurationForm {
  static let expected = "a number and s, m, h or d: 1s…\(text(UInt32(Limit.forSeconds)))"

  private static let units: [(letter: Character, seconds: UInt64)] = [
    ("d", 86400), ("h", 3600), ("m", 60), ("s", 1),
  ]

  /// The seconds of a word.
  static func seconds(_ word: Word) throws(SyntaxError) -> UInt32 {
    let unit = units.first { word.bytes.last == $0.letter.asciiValue }
    guard let unit,
      let number = Number.value(
        Array(word.bytes.dropLast()), upTo: UInt64(Limit.forSeconds) / unit.seconds),
      number > 0
    else { throw word.error("'\(word.excerpt)' is no duration", expected: expected) }
    return UInt32(number * unit.seconds)
  }

  /// Seconds in the largest unit that divides them.
  static func text(_ seconds: UInt32) -> String {
    for unit in units where seconds > 0 && UInt64(seconds) % unit.seconds == 0 {
      return "\(UInt64(seconds) / unit.seconds)\(unit.letter)"
    }
    return "\(seconds)s"
  }
}
