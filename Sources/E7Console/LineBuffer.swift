// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema

/// Cuts a stream of bytes into lines, in bounded memory.
///
/// A line over `Limit.line` comes out with one byte more than that, so that whoever parses it
/// refuses it; the rest of it is forgotten.
package struct LineBuffer {
  private var line: [UInt8] = []

  /// An empty buffer.
  package init() {}

  /// Adds what was read and returns the lines that are complete, without their line feeds.
  package mutating func feed(_ bytes: [UInt8]) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        lines.append(line)
        line = []
      } else if line.count <= Limit.line {
        line.append(byte)
      }
    }
    return lines
  }

  /// The last line, where the input ended without a line feed; nil where it ended with one.
  package mutating func finish() -> [UInt8]? {
    defer { line = [] }
    return line.isEmpty ? nil : line
  }
}
