// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

/// The words of one command, taken from left to right.
struct WordReader {
  private let words: [Word]
  private let end: Place
  private var index = 0
  /// Who looks up names of users and services; nil where numbers alone are taken.
  let names: Names?
  /// The classes of programs that may be named here.
  var classes = ProgramClass.ofRules

  /// The words of a line of text.
  init(line: [UInt8], names: Names?) throws(SyntaxError) {
    (words, end) = try Lexer.words(line)
    self.names = names
  }

  /// Words that somebody else has split, a shell for example: none is a comment or quoted.
  init(words: [[UInt8]], names: Names?) {
    self.names = names
    self.words = words.enumerated().map { Word(bytes: $1, place: .word($0 + 1)) }
    end = .word(words.count + 1)
  }

  /// The next word, which stays, or nil at the end of the line.
  var next: Word? { index < words.count ? words[index] : nil }

  /// The next word, or nil at the end of the line.
  mutating func take() -> Word? {
    guard let word = next else { return nil }
    index += 1
    return word
  }

  /// The first word that is so, taken or not.
  func word(where isMeant: (Word) -> Bool) -> Word? { words.first(where: isMeant) }

  /// The word behind a clause's keyword, or the keyword itself where it takes none; nil where the
  /// clause does not stand here.
  func word(of keyword: String) -> Word? {
    var index = 0
    while index < words.count {
      let clause = FreeClause.all.first { words[index].bytes.elementsEqual($0.keyword.utf8) }
      let last = index + (clause?.takesWord == true ? 1 : 0)
      if clause?.keyword == keyword { return words[min(last, words.count - 1)] }
      index = last + 1
    }
    return nil
  }

  /// Takes the next word where it is exactly `keyword`.
  mutating func take(_ keyword: String) -> Bool {
    guard let word = next, word.bytes.elementsEqual(keyword.utf8) else { return false }
    index += 1
    return true
  }

  /// The next word, or an error that says which one is missing.
  mutating func require(_ name: String, expected: String) throws(SyntaxError) -> Word {
    guard let word = take() else { throw missing("missing \(name)", expected: expected) }
    return word
  }

  /// An error about a word that is not there.
  func missing(_ problem: String, expected: String) -> SyntaxError {
    SyntaxError(place: end, word: [], problem: problem, expected: expected)
  }

  /// Refuses words that are left over; `expected` and `keywords` are what could still have come.
  func finish(expected: [String] = [], keywords: [String] = []) throws(SyntaxError) {
    guard let word = next else { return }
    throw word.error(
      "unexpected '\(word.excerpt)'", expected: Phrase.either(expected + ["the end of the line"]),
      keywords: keywords)
  }
}

extension Word {
  /// The word for a message.
  var excerpt: String { Text.excerpt(bytes) }

  /// An error about this word, with what was meant, or else the closest of `keywords`.
  func error(
    _ problem: String, expected: String, keywords: [String] = [], suggestion: String? = nil
  ) -> SyntaxError {
    SyntaxError(
      place: place, word: bytes, problem: problem, expected: expected,
      suggestion: suggestion ?? Suggestion.closest(to: bytes, among: keywords))
  }
}

/// Pieces of sentences.
enum Phrase {
  /// `a, b or c`.
  static func either(_ parts: [String]) -> String {
    guard let last = parts.last, parts.count > 1 else { return parts.first ?? "" }
    return parts.dropLast().joined(separator: ", ") + " or " + last
  }
}
