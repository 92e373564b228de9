// SPDX-License-Identifier: GPL-2.0-or-later

/// How many messages a second somebody may send: a bucket that holds one second's worth.
package struct Pace: Equatable, Sendable {
  private let perSecond: UInt64
  /// Thousandths of messages that may still be sent.
  private var left: UInt64
  private var last: UInt64

  /// A full bucket at `now` milliseconds.
  package init(perSecond: Int, now: UInt64) {
    self.perSecond = UInt64(max(0, perSecond))
    left = self.perSecond * 1000
    last = now
  }

  /// Whether a message may be sent at `now` milliseconds; counts it if so.
  package mutating func admits(now: UInt64) -> Bool {
    let passed = now > last ? min(now - last, 1000) : 0
    left = min(perSecond * 1000, left + passed * perSecond)
    last = max(last, now)
    guard left >= 1000 else { return false }
    left -= 1000
    return true
  }
}
