// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Loop
package import E7System

/// A descriptor that is ready.
package struct Ready: Sendable {
  /// What the descriptor was added under.
  package let token: UInt64
  /// There is something to read, or the peer has gone.
  package let input: Bool
  /// There is room to write.
  package let output: Bool
  /// The peer has closed its end or failed; what it sent before may still wait.
  package let closed: Bool

  init(token: UInt64, _ events: UInt32) {
    self.token = token
    closed = events & UInt32(E7_CLOSED) != 0
    input = closed || events & UInt32(E7_INPUT) != 0
    output = events & UInt32(E7_OUTPUT) != 0
  }
}

/// What to wait for on a descriptor.
package struct Interest: OptionSet, Sendable {
  /// The events of epoll_ctl(2).
  package let rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Something to read, or somebody to accept.
  package static let input = Interest(rawValue: UInt32(E7_INPUT))
  /// Room to write.
  package static let output = Interest(rawValue: UInt32(E7_OUTPUT))
}

/// Waits for many descriptors, level-triggered: epoll(7).
package struct Poller: ~Copyable {
  private let epoll: FileDescriptor

  /// A poller of nothing.
  package init() throws(SystemError) {
    epoll = FileDescriptor(owning: try check(e7_epoll_create(), "epoll_create1"))
  }

  /// Waits for `raw` too, under `token`; the caller keeps it open until `remove`.
  package func add(_ raw: Int32, token: UInt64, _ interest: Interest) throws(SystemError) {
    _ = try check(e7_epoll_add(epoll.raw, raw, interest.rawValue, token), "epoll_ctl")
  }

  /// Waits for something else on `raw`.
  package func modify(_ raw: Int32, token: UInt64, _ interest: Interest) throws(SystemError) {
    _ = try check(e7_epoll_modify(epoll.raw, raw, interest.rawValue, token), "epoll_ctl")
  }

  /// Waits for `raw` no more.
  package func remove(_ raw: Int32) throws(SystemError) {
    _ = try check(e7_epoll_remove(epoll.raw, raw), "epoll_ctl")
  }

  /// What is ready within the time, up to 64; none when it is over or a signal came.
  ///
  /// -1 waits for ever.
  package func wait(timeoutMilliseconds: Int32) throws(SystemError) -> [Ready] {
    let most = 64
    let raw = epoll.raw
    var result: Int32 = 0
    let events = unsafe [e7_ready](unsafeUninitializedCapacity: most) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      result = unsafe e7_epoll_wait(raw, base, Int32(most), timeoutMilliseconds)
      count = Int(max(0, result))
    }
    _ = try check(result, "epoll_wait")
    var ready: [Ready] = []
    for event in events {
      ready.append(Ready(token: event.token, event.events))
    }
    return ready
  }
}
