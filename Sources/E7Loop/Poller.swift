// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Loop
public import E7System

/// Waits for many descriptors, level-triggered: epoll(7).
public struct Poller: ~Copyable {
  private let epoll: FileDescriptor

  /// A poller of nothing.
  public init() throws(SystemError) {
    epoll = FileDescriptor(owning: try check(e7_epoll_create(), "epoll_create1"))
  }

  /// Waits for `raw` too, under `token`; the caller keeps it open until `remove`.
  public func add(_ raw: Int32, token: UInt64, _ interest: Interest) throws(SystemError) {
    _ = try check(e7_epoll_add(epoll.raw, raw, interest.rawValue, token), "epoll_ctl")
  }

  /// Waits for something else on `raw`.
  public func modify(_ raw: Int32, token: UInt64, _ interest: Interest) throws(SystemError) {
    _ = try check(e7_epoll_modify(epoll.raw, raw, interest.rawValue, token), "epoll_ctl")
  }

  /// Waits for `raw` no more.
  public func remove(_ raw: Int32) throws(SystemError) {
    _ = try check(e7_epoll_remove(epoll.raw, raw), "epoll_ctl")
  }

  /// What is ready within the time, up to 64; none when it is over or a signal came.
  ///
  /// -1 waits for ever.
  public func wait(timeoutMilliseconds: Int32) throws(SystemError) -> [Ready] {
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
