// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
package import E7Lane

/// A place in the stream of events and notices where some are missing.
package struct Gap: Equatable, Sendable {
  /// How many this console would have been told; nil where nobody knows.
  package var lost: UInt64?

  /// A gap.
  package init(lost: UInt64?) {
    self.lost = lost
  }

  /// Reads the attributes of `MessageType.gap`.
  package init(_ reader: inout AttributeReader) throws(DecodeError) {
    lost = reader.u64(.lost)
    try reader.finish()
  }

  /// Writes the attributes of `MessageType.gap`.
  package func write(_ writer: inout AttributeWriter) {
    if let lost { writer.u64(.lost, lost) }
  }
}
