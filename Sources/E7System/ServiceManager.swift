// SPDX-License-Identifier: GPL-2.0-or-later

/// The service manager that started this process, where one did: sd_notify(3).
package struct ServiceManager {
  /// Any datagram socket of unix(7), open before the seal.
  private let sender: Int32
  private let period = e7_watchdog_period()
  private var isReady = false
  private var next: UInt64 = 0

  package init(by sender: Int32) { self.sender = sender }

  /// When the watchdog wants the next sign of life, in milliseconds.
  package var wakes: UInt64? { period == 0 ? nil : next }

  /// Says, once, that what this process is for is done, or works.
  @inline(never) package mutating func ready() {
    if !isReady { unsafe e7_notify(sender, ("READY=1" as StaticString).cString) }
    isReady = true
  }

  /// Says, where it is due, that this process lives.
  @inline(never) package mutating func live(at now: UInt64) {
    guard period > 0, now >= next else { return }
    next = now + period
    unsafe e7_notify(sender, ("WATCHDOG=1" as StaticString).cString)
  }
}
