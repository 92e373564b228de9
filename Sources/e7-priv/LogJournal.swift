// SPDX-License-Identifier: GPL-2.0-or-later
import E7PrivCore
import E7System

/// The audit in the daemon's log.
final class LogJournal: Journal {
  func write(_ lines: [Log.Line]) -> Bool { log.write(lines) }
}
