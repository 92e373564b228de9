// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
package import E7Lane

/// Some of the text that the rules file is to hold.
package struct SavePart: Equatable, Sendable {
  /// The bytes, which hold no NUL.
  package var text: [UInt8]
  /// The ruleset generation that the text is of; with it, nothing follows.
  package var generation: UInt64?

  /// A part, the last where a generation is given.
  package init(_ text: [UInt8], generation: UInt64? = nil) {
    self.text = text
    self.generation = generation
  }

  /// Reads the attributes of `MessageType.save`.
  package init(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let text = reader.string(.part) else { throw .missing(.part) }
    self.text = text
    if reader.flag(.last) {
      guard let generation = reader.u64(.generation) else { throw .missing(.generation) }
      self.generation = generation
    }
    try reader.finish()
  }

  /// Writes the attributes of `MessageType.save`.
  package func write(_ writer: inout AttributeWriter) {
    writer.string(.part, text)
    guard let generation else { return }
    writer.flag(.last)
    writer.u64(.generation, generation)
  }
}
