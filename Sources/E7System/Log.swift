// SPDX-License-Identifier: GPL-2.0-or-later

/// A daemon's log: lines of printable ASCII, with one write(2) a call to standard error, or one a
/// line where that is the kernel's log.
///
/// A line begins with the journal's priority, `<N>` of sd-daemon(3), unless a terminal reads it.
/// Any byte that could end the line or move a cursor, and the backslash, is written as `\xHH`.
package struct Log: Sendable {
  /// Priorities of syslog(3).
  package enum Priority: UInt8, Sendable {
    case error = 3
    case warning
    /// Something an administrator wants to find later.
    case notice
    case info
  }

  /// Milliseconds that a reader has who takes no more.
  private static let patience: Int32 = 1000

  /// Bytes of a text that one record of the kernel's log takes, whose limit with all that the kernel
  /// puts before it is 1,024 (LOG_LINE_MAX of its printk.c), even where each is escaped to four.
  static let recordText = 224

  private let name: StaticString
  private let sink = e7_sink_of(2)

  /// A log whose lines begin with the daemon's `name`.
  package init(_ name: StaticString) { self.name = name }

  /// Writes a line, as several records where it is longer than one; false where it could not be
  /// written within a second, or not whole.
  @discardableResult package func write(_ priority: Priority, _ text: Phrase) -> Bool {
    let isRecords = sink == E7_SINK_RECORDS
    var rest = text.bytes[...]
    repeat {
      let line = Log.line(
        priority, name, rest.prefix(isRecords ? Log.recordText : rest.count),
        prefixed: sink != E7_SINK_TERMINAL)
      guard unsafe e7_write(2, line, line.count, isRecords ? 0 : Log.patience) else { return false }
      rest = isRecords ? rest.dropFirst(Log.recordText) : []
    } while !rest.isEmpty
    return true
  }

  /// Writes the one line that says why, and ends the process.
  @inline(never) package func end(_ text: Phrase, _ status: Int32 = 1) -> Never {
    write(.error, text)
    _exit(status)
  }

  static func line(
    _ priority: Priority, _ name: StaticString, _ text: ArraySlice<UInt8>, prefixed: Bool
  ) -> [UInt8] {
    var line = (prefixed ? "<\(priority.rawValue)>\(name): " as Phrase : "\(name): ").bytes
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

  private static func hex(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 48 + nibble : 87 + nibble }
}
