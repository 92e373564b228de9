// SPDX-License-Identifier: GPL-2.0-or-later

/// Why a line is no command: where, what was there, what was expected.
package struct SyntaxError: Error, Equatable, Sendable {
  /// The line in its file, counted from 1; nil for a line that stands alone.
  package var line: Int?
  /// Where in the line.
  package var place: Place
  /// The word as it was read, empty where one is missing.
  package var word: [UInt8]
  /// What is wrong, the word included.
  package var problem: String
  /// What would have been right.
  package var expected: String
  /// What was perhaps meant: a keyword that is close to the word, or the word in its right form.
  package var suggestion: String?

  /// One line for people, without a line feed and without a byte that a terminal obeys.
  package var text: String {
    var text = ""
    if let line { text += "line \(line), " }
    switch place {
    case .column(let column): text += "column \(column): "
    case .word(let word): text += "word \(word): "
    }
    text += problem + "; expected " + expected
    if let suggestion { text += "; did you mean '\(suggestion)'?" }
    return text
  }
}

/// All that is wrong with a file, in its order.
package struct SyntaxErrors: Error, Equatable, Sendable {
  /// At least one.
  package var all: [SyntaxError]
}
