// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

extension Grammar {
  private static let flags = Flag.all
  private static let settable = flags.filter(\.isSettable).map(\.alias)

  @Sendable static func get(_ reader: inout WordReader) throws(SyntaxError) -> Command {
    guard let word = reader.take() else { return .get(nil) }
    guard let flag = Flag(alias: word.bytes) else {
      let keywords = flags.map(\.alias)
      throw word.error(
        "unknown flag '\(word.excerpt)'", expected: Phrase.either(keywords), keywords: keywords)
    }
    try reader.finish()
    return .get(flag)
  }

  @Sendable static func set(_ reader: inout WordReader) throws(SyntaxError) -> Command {
    let word = try reader.require("flag", expected: Phrase.either(settable))
    guard let flag = Flag(alias: word.bytes) else {
      throw word.error(
        "unknown flag '\(word.excerpt)'", expected: Phrase.either(settable), keywords: settable)
    }
    guard flag.isSettable else {
      throw word.error(
        "flag '\(flag.alias)' is only read", expected: Phrase.either(settable))
    }
    let keywords = flag.values.map(Words.all) ?? []
    let expected = expected(flag)
    let value = try reader.require("value of flag '\(flag.alias)'", expected: expected)
    guard let number = number(flag, value.bytes) else {
      throw value.error(
        "'\(value.excerpt)' is no value of flag '\(flag.alias)'", expected: expected,
        keywords: keywords)
    }
    try reader.finish()
    return .set(flag, number)
  }

  private static func expected(_ flag: Flag) -> String {
    if let range = flag.range { return "a number \(range.lowerBound)…\(range.upperBound)" }
    return Phrase.either(flag.values.map(choices) ?? [])
  }

  private static func number(_ flag: Flag, _ word: [UInt8]) -> UInt64? {
    if let list = flag.values { return number(list, word) }
    guard let range = flag.range, let number = Number.value(word, upTo: range.upperBound),
      range.contains(number)
    else { return nil }
    return number
  }

  private static func number(_ list: WordList, _ word: [UInt8]) -> UInt64? {
    if let number = Words.number(list, word) { return UInt64(number) }
    guard let number = Number.value(word, upTo: UInt64(UInt16.max)),
      Words.word(list, UInt32(number)) != nil
    else { return nil }
    return number
  }

  /// The names proper of a list with their numbers: `disabled (0)`.
  private static func choices(_ list: WordList) -> [String] {
    Words.all(list).compactMap { word in
      guard let number = Words.number(list, Array(word.utf8)),
        Words.word(list, UInt32(number)) == word
      else { return nil }
      return "\(word) (\(number))"
    }
  }
}
