// SPDX-License-Identifier: GPL-2.0-or-later

/// How long to wait until a program that ended is started again: not at all at first, then longer
/// while it dies quickly.
package struct Backoff: Equatable, Sendable {
  /// Milliseconds that a program must live to be trusted again.
  static let settled: UInt64 = 2000
  /// Milliseconds of the longest pause.
  package static let longest: UInt64 = 1000
  private static let shortest: UInt64 = 50

  private var pause: UInt64 = 0

  /// No program has died yet.
  package init() {}

  /// The pause in milliseconds after a program that lived this long.
  package mutating func pause(afterLiving milliseconds: UInt64) -> UInt64 {
    if milliseconds >= Backoff.settled { pause = 0 }
    let now = pause
    pause = pause == 0 ? Backoff.shortest : min(Backoff.longest, pause * 2)
    return now
  }
}
