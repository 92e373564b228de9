// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
public import E7Lane

/// Some of the text that the rules file is to hold.
public struct SavePart: Equatable, Sendable {
  /// The bytes, which hold no NUL.
  public var text: [UInt8]
  /// The ruleset generation that the text is of; with it, nothing follows.
  public var generation: UInt64?

  /// A part, the last where a generation is given.
  public init(_ text: [UInt8], generation: UInt64? = nil) {
    self.text = text
    self.generation = generation
  }

  /// Reads the attributes of `MessageType.save`.
  public init(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let text = reader.string(.part) else { throw .missing(.part) }
    self.text = text
    if reader.flag(.last) {
      guard let generation = reader.u64(.generation) else { throw .missing(.generation) }
      self.generation = generation
    }
    try reader.finish()
  }

  /// Writes the attributes of `MessageType.save`.
  public func write(_ writer: inout AttributeWriter) {
    writer.string(.part, text)
    guard let generation else { return }
    writer.flag(.last)
    writer.u64(.generation, generation)
  }
}
