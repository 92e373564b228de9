// SPDX-License-Identifier: GPL-2.0-or-later

/// One connection to the console socket; a number is never used for another one.
package struct ConsoleID: Hashable, Sendable {
  /// Chosen by whoever accepts the connection.
  package let number: UInt64

  /// The connection of this number.
  package init(_ number: UInt64) {
    self.number = number
  }
}
