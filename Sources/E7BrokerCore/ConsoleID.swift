// SPDX-License-Identifier: GPL-2.0-or-later

/// One connection to the console socket; a number is never used for another one.
public struct ConsoleID: Hashable, Sendable {
  /// Chosen by whoever accepts the connection.
  public let number: UInt64

  /// The connection of this number.
  public init(_ number: UInt64) {
    self.number = number
  }
}
