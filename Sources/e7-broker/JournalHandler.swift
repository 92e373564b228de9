// SPDX-License-Identifier: GPL-2.0-or-later
import E7System
import E7Text
import Logging

/// swift-log to standard error, as the journal reads it: a line begins with its priority.
///
/// `E7System.Log` makes each line one write(2) and leaves no byte in it that could forge another
/// line or move a terminal's cursor.
struct JournalHandler: LogHandler {
  static let label = "e7-broker"

  /// Made once, since it asks whether a terminal reads it, which the broker may not do later.
  private static let journal = Log("e7-broker")

  private let log = JournalHandler.journal
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  var logLevel = Logger.Level.info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    let words = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
    let line = "\(event.message)" + words.joined()
    log.write(JournalHandler.priority(event.level), Phrase(Array(line.utf8)))
  }

  private static func priority(_ level: Logger.Level) -> Log.Priority {
    switch level {
    case .trace, .debug, .info: .info
    case .notice: .notice
    case .warning: .warning
    case .error, .critical: .error
    }
  }
}
