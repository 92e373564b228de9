// SPDX-License-Identifier: GPL-2.0-or-later

/// Time that only goes forward, CLOCK_MONOTONIC of clock_gettime(2).
public enum Clock {
  /// Milliseconds since some moment before; suspended time does not count.
  public static func monotonicMilliseconds() -> UInt64 { e7_monotonic_ms() }
}
