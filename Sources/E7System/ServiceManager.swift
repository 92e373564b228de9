// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import E7Text

/// The service manager that started this process, where one did: sd_notify(3).
public struct ServiceManager {
  private let socket: [UInt8]?
  private let sender: Int32
  private let patience: UInt64?
  private var isReady = false
  private var next: UInt64 = 0

  /// What the environment says; `sender` is any datagram socket of unix(7), open before the seal.
  public init(by sender: Int32) {
    self.init(
      by: sender, socket: Environment.value("NOTIFY_SOCKET"),
      microseconds: Environment.value("WATCHDOG_USEC"), pid: Environment.value("WATCHDOG_PID"),
      own: getpid())
  }

  init(by sender: Int32, socket: [UInt8]?, microseconds: [UInt8]?, pid: [UInt8]?, own: Int32) {
    self.sender = sender
    self.socket = socket
    guard socket != nil, let period = Environment.number(microseconds), period > 0,
      pid == nil || Environment.number(pid) == UInt64(own)
    else {
      patience = nil
      return
    }
    // It is looked for twice as often as it has to come.
    patience = max(1, period / 2000)
  }

  /// When the watchdog wants the next sign of life, in milliseconds; nil where there is none.
  public var wakes: UInt64? { patience == nil ? nil : next }

  /// Says, once, that what this process is for is done, or works.
  public mutating func ready() {
    guard !isReady else { return }
    isReady = true
    send("READY=1")
  }

  /// Says, where it is due, that this process lives.
  public mutating func live(at now: UInt64) {
    guard let patience, now >= next else { return }
    next = now + patience
    send("WATCHDOG=1")
  }

  /// Best effort: a manager that does not listen acts by itself.
  private func send(_ word: StaticString) {
    guard let socket else { return }
    let word = Phrase(stringLiteral: word).bytes
    _ = unsafe e7_notify(sender, socket, socket.count, word, word.count)
  }
}
