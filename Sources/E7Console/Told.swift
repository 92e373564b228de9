// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
package import E7IPC

/// What a console is told without having asked.
package enum Told: Equatable, Sendable {
  /// A packet worth telling.
  case event(Event)
  /// A change worth telling.
  case notice(Notice)
  /// Something is missing here.
  case gap(Gap)

  /// Reads a message of sequence 0; nil where it is of a type that is not told.
  package init?(_ message: Message) throws(DecodeError) {
    var reader = message.attributes
    switch message.header.type {
    case .event: self = .event(try Event(&reader))
    case .notice: self = .notice(try Notice(&reader))
    case .gap: self = .gap(try Gap(&reader))
    default: return nil
    }
  }
}
