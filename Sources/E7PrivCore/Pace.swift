// SPDX-License-Identifier: GPL-2.0-or-later

/// How many messages a second somebody may send: a bucket that holds one second's worth.
public struct Pace: Equatable, Sendable {
  private let perSecond: UInt64
  /// Thousandths of messages that may still be sent.
  private var left: UInt64
  private var last: UInt64

  /// A full bucket at `now` milliseconds.
  public init(perSecond: Int, now: UInt64) {
    self.perSecond = UInt64(max(0, perSecond))
    left = self.perSecond * 1000
    last = now
  }

  /// Whether a message may be sent at `now` milliseconds; counts it if so.
  public mutating func admits(now: UInt64) -> Bool {
    let passed = now > last ? min(now - last, 1000) : 0
    left = min(perSecond * 1000, left + passed * perSecond)
    last = max(last, now)
    guard left >= 1000 else { return false }
    left -= 1000
    return true
  }
}

/// How long to wait until a program that ended is started again: not at all at first, then longer
/// while it dies quickly.
public struct Backoff: Equatable, Sendable {
  /// Milliseconds that a program must live to be trusted again.
  static let settled: UInt64 = 2000
  /// Milliseconds of the longest pause.
  public static let longest: UInt64 = 1000
  private static let shortest: UInt64 = 50

  private var pause: UInt64 = 0

  /// No program has died yet.
  public init() {}

  /// The pause in milliseconds after a program that lived this long.
  public mutating func pause(afterLiving milliseconds: UInt64) -> UInt64 {
    if milliseconds >= Backoff.settled { pause = 0 }
    let now = pause
    pause = pause == 0 ? Backoff.shortest : min(Backoff.longest, pause * 2)
    return now
  }
}
