// SPDX-License-Identifier: GPL-2.0-or-later

/// A file of commands.
package enum RulesFile {
  /// A command and where it stands.
  package struct Entry: Equatable, Sendable {
    /// Its line, counted from 1.
    package let line: Int
    /// What it says.
    package let command: Command
  }

  /// Reads all of a file; the last line may lack its line feed.
  ///
  /// The error lists every line that is wrong, so that one look mends the file.
  package static func parse(
    _ bytes: [UInt8], names: Names? = nil
  ) throws(SyntaxErrors) -> [Entry] {
    var entries: [Entry] = []
    try read(bytes, names: names) { (line, reader) throws(SyntaxError) in
      guard let command = try Grammar.command(&reader) else { return }
      entries.append(Entry(line: line, command: command))
    }
    return entries
  }

  /// Hands the words of each line to `take`, with its number, and collects what it throws.
  static func read(
    _ bytes: [UInt8], names: Names?,
    _ take: (Int, inout WordReader) throws(SyntaxError) -> Void
  ) throws(SyntaxErrors) {
    var errors: [SyntaxError] = []
    var number = 0
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      do throws(SyntaxError) {
        var reader = try WordReader(line: Array(line), names: names)
        try take(number, &reader)
      } catch {
        var located = error
        located.line = number
        errors.append(located)
      }
    }
    guard errors.isEmpty else { throw SyntaxErrors(all: errors) }
  }
}
