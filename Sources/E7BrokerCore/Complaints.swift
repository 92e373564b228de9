// SPDX-License-Identifier: GPL-2.0-or-later

/// What is logged about users, at most a line a second about each, so that nobody fills the log.
struct Complaints {
  private static let pause: UInt64 = 1000

  private var told: [UInt32: (until: UInt64, leftOut: Int)] = [:]

  /// The line to log about `uid` now, or nil where one was logged within the second.
  mutating func line(about uid: UInt32, _ text: String, at now: UInt64) -> String? {
    let leftOut = told[uid]?.leftOut ?? 0
    if let until = told[uid]?.until, now < until {
      told[uid]?.leftOut = leftOut + 1
      return nil
    }
    told[uid] = (now + Complaints.pause, 0)
    return "user \(uid): " + text + (leftOut > 0 ? " (and \(leftOut) lines left out)" : "")
  }

  /// Forgets users about whom nothing was logged for a minute.
  mutating func tick(at now: UInt64) {
    guard !told.isEmpty else { return }
    told = told.filter { now < $0.value.until + 60_000 }
  }

  /// Users remembered.
  var count: Int { told.count }
}
