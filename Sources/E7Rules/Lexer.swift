// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema

/// Splits a line into words.
///
/// Blanks are spaces and tabs.  `"…"` groups anywhere in a word; inside it `\"`, `\\` and `\xNN`
/// stand for a quote, a backslash and any byte, so that every path of the system can be written as
/// plain text.  `#` at the start of a word begins a comment.  Outside of quotes a backslash is an
/// ordinary character.  Linear in the length of the line.
struct Lexer {
  private let line: [UInt8]
  private var index = 0

  /// The words of `line`, which comes without its line feed, and where one more would stand.
  static func words(_ line: [UInt8]) throws(SyntaxError) -> (words: [Word], end: Place) {
    guard line.count <= Limit.line else {
      throw SyntaxError(
        place: .column(Limit.line + 1), word: [],
        problem: "the line is too long", expected: "at most \(Limit.line) bytes")
    }
    if let column = Text.firstInvalid(line) {
      throw SyntaxError(
        place: .column(column + 1), word: [line[column]],
        problem: "byte \(Text.escape(line[column])) is not UTF-8",
        expected: "UTF-8; in quotes a byte may be written as \\xNN")
    }
    var lexer = Lexer(line: line)
    var words: [Word] = []
    while let word = try lexer.next() { words.append(word) }
    return (words, .column(lexer.index + 1))
  }

  private init(line: [UInt8]) { self.line = line }

  private mutating func next() throws(SyntaxError) -> Word? {
    while index < line.count, Lexer.isBlank(line[index]) { index += 1 }
    guard index < line.count, line[index] != UInt8(ascii: "#") else { return nil }
    var word = Word(bytes: [], place: .column(index + 1))
    while index < line.count, !Lexer.isBlank(line[index]) {
      if line[index] == UInt8(ascii: "\"") {
        try quoted(into: &word.bytes)
      } else {
        word.bytes.append(line[index])
        index += 1
      }
    }
    return word
  }

  private mutating func quoted(into bytes: inout [UInt8]) throws(SyntaxError) {
    let start = index
    index += 1
    while index < line.count {
      let byte = line[index]
      index += 1
      if byte == UInt8(ascii: "\"") { return }
      bytes.append(byte == UInt8(ascii: "\\") ? try escaped() : byte)
    }
    throw SyntaxError(
      place: .column(start + 1), word: Array(line[start...]),
      problem: "the quote is not closed", expected: "another '\"'")
  }

  private mutating func escaped() throws(SyntaxError) -> UInt8 {
    let start = index - 1
    guard index < line.count else {
      throw SyntaxError(
        place: .column(start + 1), word: [UInt8(ascii: "\\")],
        problem: "nothing follows the backslash", expected: Lexer.escapes)
    }
    let byte = line[index]
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): return byte
    case UInt8(ascii: "x"):
      if index + 1 < line.count, let high = Number.hexadecimal(line[index]),
        let low = Number.hexadecimal(line[index + 1])
      {
        index += 2
        return high << 4 | low
      }
    default: break
    }
    // A whole character, so that the message stays text.
    var end = start + 2
    while end < line.count, line[end] & 0xc0 == 0x80 { end += 1 }
    let word = Array(line[start..<end])
    throw SyntaxError(
      place: .column(start + 1), word: word,
      problem: "unknown escape '\(Text.excerpt(word))'", expected: Lexer.escapes)
  }

  private static let escapes = "\\\", \\\\ or \\xNN"

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }
}
