// SPDX-License-Identifier: GPL-2.0-or-later

/// Where in the input something stands.
package enum Place: Equatable, Sendable {
  /// Byte of a line, counted from 1.  Bytes, because they are the same in every editor's encoding
  /// and exist in a line that is no text.
  case column(Int)
  /// Word of a command that came as words, counted from 1.
  case word(Int)
}

/// A word of a line: quotes and escapes are gone.
struct Word: Equatable {
  var bytes: [UInt8]
  var place: Place
}
