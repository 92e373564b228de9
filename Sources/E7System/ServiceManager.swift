// SPDX-License-Identifier: GPL-2.0-or-later

/// The service manager that started this process, where one did: sd_notify(3).
@safe package struct ServiceManager {
  private let socket: UnsafePointer<CChar>?
  private let sender: Int32
  /// Milliseconds between two signs of life; 0 where nobody waits for any.
  private let period: UInt64
  private var isReady = false
  private var next: UInt64 = 0

  /// What the environment says; `sender` is any datagram socket of unix(7), open before the seal.
  package init(by sender: Int32) {
    unsafe self.init(
      by: sender, socket: e7_environment("NOTIFY_SOCKET"),
      period: e7_watchdog_period(
        e7_environment("WATCHDOG_USEC"), e7_environment("WATCHDOG_PID"), getpid()))
  }

  @unsafe init(by sender: Int32, socket: UnsafePointer<CChar>?, period: UInt64) {
    self.sender = sender
    unsafe self.socket = unsafe socket
    self.period = unsafe socket == nil ? 0 : period
  }

  /// When the watchdog wants the next sign of life, in milliseconds; nil where there is none.
  package var wakes: UInt64? { period == 0 ? nil : next }

  /// Says, once, that what this process is for is done, or works.
  @inline(never) package mutating func ready() {
    if !isReady { say("READY=1") }
    isReady = true
  }

  /// Says, where it is due, that this process lives.
  @inline(never) package mutating func live(at now: UInt64) {
    guard period > 0, now >= next else { return }
    next = now + period
    say("WATCHDOG=1")
  }

  private func say(_ word: StaticString) {
    if let socket = unsafe socket { unsafe e7_notify(sender, socket, word.cString) }
  }
}
