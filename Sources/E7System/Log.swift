// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
public import E7Text

/// A daemon's log: lines of printable ASCII, with one write(2) a call to standard error, or one a
/// line where that is the kernel's log.
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

  /// What a line says.
  public struct Line: Sendable {
    /// How it is marked.
    public let priority: Priority
    /// Bytes of any kind.
    public let text: [UInt8]

    /// A line.
    public init(_ priority: Priority, _ text: [UInt8]) {
      self.priority = priority
      self.text = text
    }
  }

  /// Milliseconds that a reader has who takes no more.
  private static let patience: Int32 = 1000

  /// Bytes of a text that one record of the kernel's log takes, whose limit with all that the kernel
  /// puts before it is 1,024 (LOG_LINE_MAX of its printk.c), even where each is escaped to four.
  static let recordText = 224

  private let name: StaticString
  private let sink: e7_sink

  /// A log whose lines begin with the daemon's `name`.
  public init(_ name: StaticString) {
    self.name = name
    sink = e7_sink_of(2)
  }

  /// Writes several lines, as many at once as are not long together; false where one could not be
  /// written within a second, or not whole.
  @discardableResult public func write(_ lines: [Line]) -> Bool {
    var bytes: [UInt8] = []
    for line in lines {
      if sink == E7_SINK_RECORDS {
        guard writeRecords(line) else { return false }
        continue
      }
      bytes += Log.line(line.priority, name, line.text, prefixed: sink != E7_SINK_TERMINAL)
      guard bytes.count >= 16384 else { continue }
      guard unsafe e7_write(2, bytes, bytes.count, Log.patience) else { return false }
      bytes = []
    }
    return unsafe bytes.isEmpty || e7_write(2, bytes, bytes.count, Log.patience)
  }

  /// A line as several where it is longer than a record, each by a write of its own.
  private func writeRecords(_ line: Line) -> Bool {
    var start = 0
    repeat {
      let end = min(line.text.count, start + Log.recordText)
      let record = Log.line(line.priority, name, Array(line.text[start..<end]), prefixed: true)
      guard unsafe e7_write_record(2, record, record.count) else { return false }
      start = end
    } while start < line.text.count
    return true
  }

  /// Writes one line.
  public func write(_ priority: Priority, _ text: Phrase) { write([Line(priority, text.bytes)]) }

  /// Writes one line.
  public func write(_ priority: Priority, _ text: [UInt8]) { write([Line(priority, text)]) }

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
