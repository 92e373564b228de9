// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
package import E7Lane

/// What the broker lets a console do.
package enum Role: UInt8, Sendable {
  /// Looks at mode, flags and rules, and at the events of its own user.
  case own = 1
  /// Looks at everybody's events too: group `e7-view`.
  case all = 2
  /// May also open a lane: root, group `e7-admin`.
  case admin = 3
}

/// The first message of each side.
package struct Hello: Equatable, Sendable {
  /// The minor version that the sender speaks.
  package var minor: UInt8
  /// What the peer may do; only the side that answers says it.
  package var role: Role?

  /// A greeting in this side's version.
  package init(role: Role? = nil) {
    minor = UInt8(E7_IPC_MINOR)
    self.role = role
  }

  /// Reads the attributes of `MessageType.hello`.
  package init(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let minor = reader.u8(.minor) else { throw .missing(.minor) }
    self.minor = minor
    if let number = reader.u8(.role) {
      guard let role = Role(rawValue: number) else { throw .outOfRange(.role) }
      self.role = role
    }
    try reader.finish()
  }

  /// Writes the attributes of `MessageType.hello`.
  package func write(_ writer: inout AttributeWriter) {
    writer.u8(.minor, minor)
    if let role { writer.u8(.role, role.rawValue) }
  }
}
