// SPDX-License-Identifier: GPL-2.0-or-later

/// A file of commands.
public enum RulesFile {
  /// A command and where it stands.
  public struct Entry: Equatable, Sendable {
    /// Its line, counted from 1.
    public let line: Int
    /// What it says.
    public let command: Command
  }

  /// Reads all of a file; the last line may lack its line feed.
  ///
  /// The error lists every line that is wrong, so that one look mends the file.
  public static func parse(
    _ bytes: [UInt8], names: Names? = nil
  ) throws(SyntaxErrors) -> [Entry] {
    var entries: [Entry] = []
    var errors: [SyntaxError] = []
    var number = 0
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      do throws(SyntaxError) {
        guard let command = try Command.parse(line: Array(line), names: names) else { continue }
        entries.append(Entry(line: number, command: command))
      } catch {
        var located = error
        located.line = number
        errors.append(located)
      }
    }
    guard errors.isEmpty else { throw SyntaxErrors(all: errors) }
    return entries
  }
}
