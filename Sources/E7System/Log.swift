// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux

/// A daemon's log: lines of printable ASCII, with one write(2) a call to standard error.
///
/// A line begins with the journal's priority, `<N>` of sd-daemon(3), unless a terminal reads it.
/// Any byte that could end the line or move a cursor, and the backslash, is written as `\xHH`.
public struct Log: Sendable {
  /// Priorities of syslog(3).
  public enum Priority: UInt8, Sendable {
    /// Something failed.
    case error = 3
    /// Something is not as it should be.
    case warning = 4
    /// Something an administrator wants to find later.
    case notice = 5
    /// What happened.
    case info = 6
  }

  /// Milliseconds that a reader has who takes no more.
  private static let patience: Int32 = 1000

  private let name: StaticString
  private let isPrefixed: Bool

  /// A log whose lines begin with the daemon's `name`.
  public init(_ name: StaticString) {
    self.name = name
    isPrefixed = !e7_is_terminal(2)
  }

  /// Writes one line; false where it could not be written within a second, or not whole.
  @discardableResult public func write(_ priority: Priority, _ text: [UInt8]) -> Bool {
    let line = Log.line(priority, name, text, prefixed: isPrefixed)
    return unsafe e7_write(2, line, line.count, Log.patience)
  }

  /// Writes several lines, as many at once as are not long together; false as for one.
  @discardableResult public func write(
    _ lines: [(priority: Priority, text: [UInt8])]
  ) -> Bool {
    var bytes: [UInt8] = []
    for line in lines {
      bytes += Log.line(line.priority, name, line.text, prefixed: isPrefixed)
      guard bytes.count >= 16384 else { continue }
      guard unsafe e7_write(2, bytes, bytes.count, Log.patience) else { return false }
      bytes = []
    }
    return unsafe bytes.isEmpty || e7_write(2, bytes, bytes.count, Log.patience)
  }

  /// Writes one line.
  public func write(_ priority: Priority, _ text: String) {
    write(priority, Array(text.utf8))
  }

  static func line(
    _ priority: Priority, _ name: StaticString, _ text: [UInt8], prefixed: Bool
  ) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(text.count + 32)
    if prefixed { line += [UInt8(ascii: "<"), 48 + priority.rawValue, UInt8(ascii: ">")] }
    name.withUTF8Buffer { unsafe line.append(contentsOf: $0) }
    line += [UInt8(ascii: ":"), UInt8(ascii: " ")]
    for byte in text {
      if byte >= 32 && byte < 127 && byte != UInt8(ascii: "\\") {
        line.append(byte)
      } else {
        line += [UInt8(ascii: "\\"), UInt8(ascii: "x"), hex(byte >> 4), hex(byte & 15)]
      }
    }
    line.append(UInt8(ascii: "\n"))
    return line
  }

  private static func hex(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? 48 + nibble : 87 + nibble
  }
}
