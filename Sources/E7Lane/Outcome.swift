// SPDX-License-Identifier: GPL-2.0-or-later

/// The end of an answer.
package struct Outcome: Equatable, Sendable {
  /// errno(3), 0 for success.
  package var error: UInt32
  /// What was wrong and what was expected; empty for success.
  package var text: [UInt8]
  /// The ruleset generation after the change, or of the list.
  package var generation: UInt64?
  /// The rule that was added or changed.
  package var id: UInt64?

  /// An outcome.
  package init(
    error: UInt32 = 0, text: [UInt8] = [], generation: UInt64? = nil, id: UInt64? = nil
  ) {
    self.error = error
    self.text = text
    self.generation = generation
    self.id = id
  }

  /// A refusal.
  @inline(never) package init(_ errno: Int32, _ text: Phrase) {
    self.init(error: UInt32(bitPattern: errno), text: text.bytes)
  }

  /// Writes the attributes of `MessageType.done`; a text over `Limit.text` is cut there.
  package func write(_ writer: inout AttributeWriter) {
    writer.u32(.error, error)
    if !text.isEmpty { writer.string(.text, Array(text.prefix(Limit.text))) }
    if let generation { writer.u64(.generation, generation) }
    if let id { writer.u64(.id, id) }
  }
}
