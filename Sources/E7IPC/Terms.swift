// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Lane

/// What a rule carries that is no part of its match.
package struct Terms: Equatable, Sendable {
  /// Seconds until the rule ends by itself: of a rule in force, those that are left.
  package var forSeconds: UInt32?
  /// An administrator's words, empty where there are none.
  package var comment: [UInt8]

  /// A rule that stays, or ends in so many seconds.
  package init(forSeconds: UInt32? = nil, comment: [UInt8] = []) {
    self.forSeconds = forSeconds
    self.comment = comment
  }

  init(_ reader: inout AttributeReader) {
    forSeconds = reader.u32(.forSeconds)
    comment = reader.string(.comment) ?? []
  }

  func write(_ writer: inout AttributeWriter) {
    if let forSeconds { writer.u32(.forSeconds, forSeconds) }
    if !comment.isEmpty { writer.string(.comment, comment) }
  }

  /// What is wrong with a comment, to follow it in a sentence, and what was expected; or nil.
  package static func fault(
    ofComment bytes: [UInt8]
  ) -> (problem: String, expected: String)? {
    CommentForm.fault(bytes).map { (String($0.problem), String($0.expected)) }
  }
}
