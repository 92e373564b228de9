// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Schema
package import E7Lane
package import E7Text

// What e7-priv says in phrases, as text for all who know Unicode.

extension String {
  /// The phrase, what is no UTF-8 in it replaced.
  package init(_ phrase: Phrase) {
    self = String(decoding: phrase.bytes, as: UTF8.self)
  }
}

extension DefaultStringInterpolation {
  /// Adds the phrase.
  package mutating func appendInterpolation(_ phrase: Phrase) {
    appendLiteral(String(phrase))
  }
}

extension DecodeError {
  /// One line for people: what was wrong and what was expected.
  package var text: String { String(phrase) }
}

extension Words {
  /// The name proper of `number` in `list`, or nil where the list has no such number.
  package static func word(_ list: WordList, _ number: UInt32) -> String? {
    phrase(list, number).map { String($0) }
  }
}

extension Attribute {
  /// The name that the schema gives it.
  package var name: String { String(phrase) }
}

extension MessageType {
  /// The name that the schema gives it.
  package var name: String { String(phrase) }
}

extension ProgramClass {
  /// The name that the schema gives it.
  package var word: String { String(phrase) }
}

extension Flag {
  /// The word of the rule language for this flag.
  package var alias: String { String(phrase) }
}

extension Header {
  /// Whether a datagram claims to be E7IPC; anything else is a line of text.
  package static func isBinary(_ datagram: [UInt8]) -> Bool {
    datagram.first == UInt8(truncatingIfNeeded: E7_IPC_MAGIC)
  }
}
