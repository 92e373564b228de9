// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
public import E7Lane

/// A place in the stream of events and notices where some are missing.
public struct Gap: Equatable, Sendable {
  /// How many this console would have been told; nil where nobody knows.
  public var lost: UInt64?

  /// A gap.
  public init(lost: UInt64?) {
    self.lost = lost
  }

  /// Reads the attributes of `MessageType.gap`.
  public init(_ reader: inout AttributeReader) throws(DecodeError) {
    lost = reader.u64(.lost)
    try reader.finish()
  }

  /// Writes the attributes of `MessageType.gap`.
  public func write(_ writer: inout AttributeWriter) {
    if let lost { writer.u64(.lost, lost) }
  }
}
