// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

extension Grammar {
  /// What a held flow may be told: to ask again would be no answer.
  private static let answers: [Action] = [.allow, .block, .reject]

  /// `answer ID ACTION [once | for DURATION | always]`.
  @Sendable static func answer(_ reader: inout WordReader) throws(SyntaxError) -> Command {
    let expected = "a number 1…\(UInt64.max)"
    let number = try reader.require("number of a question", expected: expected)
    guard let question = Number.value(number.bytes, upTo: .max), question > 0 else {
      throw number.error("'\(number.excerpt)' is no number of a question", expected: expected)
    }
    let words = answers.map { Listing.word($0) }
    let word = try reader.require("answer", expected: Phrase.either(words))
    guard let action = answers.first(where: { word.bytes.elementsEqual(Listing.word($0).utf8) })
    else {
      throw word.error(
        "'\(word.excerpt)' is no answer", expected: Phrase.either(words), keywords: words)
    }
    let lasting = try lasting(&reader)
    try reader.finish()
    return .answer(question, action, lasting)
  }

  private static func lasting(_ reader: inout WordReader) throws(SyntaxError) -> Lasting {
    if reader.next == nil || reader.take("once") { return .once }
    if reader.take("always") { return .always }
    if reader.take("for") {
      let word = try reader.require("duration", expected: DurationForm.expected)
      return .seconds(try DurationForm.seconds(word))
    }
    let words = ["once", "for", "always"]
    try reader.finish(expected: words, keywords: words)
    return .once
  }
}
