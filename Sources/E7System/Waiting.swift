// SPDX-License-Identifier: GPL-2.0-or-later

/// What to wait for on a descriptor.
package struct Interest: OptionSet, Sendable {
  /// The events of epoll_ctl(2).
  package let rawValue: UInt32

  /// Interest in these events.
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Something to read, or somebody to accept.
  package static let input = Interest(rawValue: UInt32(E7_INPUT))
  /// Room to write.
  package static let output = Interest(rawValue: UInt32(E7_OUTPUT))
}

extension e7_waited {
  /// A descriptor that is waited for.
  package init(_ raw: Int32, for interest: Interest) {
    self.init(fd: raw, events: Int16(interest.rawValue), ready: 0)
  }

  /// The peer has closed its end or failed; what it sent before may still wait.
  package var isClosed: Bool { Int32(ready) & Int32(E7_CLOSED) != 0 }
  /// There is something to read, or the peer has gone.
  package var hasInput: Bool { isClosed || Int32(ready) & Int32(E7_INPUT) != 0 }
  /// There is room to write.
  package var hasRoom: Bool { Int32(ready) & Int32(E7_OUTPUT) != 0 }
}

/// Waiting for descriptors with one system call and nothing kept: ppoll(2).
package enum Poll {
  /// Descriptors that are waited for together, as many as may be open.
  package typealias Waited = InlineArray<64, e7_waited>

  /// Waits for the first `count` of some descriptors: whether any is ready within the time, none when
  /// it is over or a signal came.
  ///
  /// -1 waits for ever.
  package static func wait(
    _ all: inout Waited, _ count: Int, timeoutMilliseconds: Int32
  ) throws(SystemError) -> Bool {
    var span = all.mutableSpan
    let ready = unsafe span.withUnsafeMutableBufferPointer { all in
      unsafe all.baseAddress.map { unsafe e7_wait($0, count, timeoutMilliseconds) } ?? 0
    }
    return try check(ready, "ppoll") > 0
  }

  /// Waits for one descriptor.
  package static func wait(
    _ raw: Int32, for interest: Interest, timeoutMilliseconds: Int32
  ) throws(SystemError) -> Bool {
    var one = e7_waited(raw, for: interest)
    return try check(unsafe e7_wait(&one, 1, timeoutMilliseconds), "ppoll") > 0
  }

  /// Waits for nothing.
  package static func pause(milliseconds: Int32) { _ = e7_wait(nil, 0, milliseconds) }
}

/// Time that only goes forward, CLOCK_MONOTONIC of clock_gettime(2).
package enum Clock {
  /// Milliseconds since some moment before; suspended time does not count.
  package static func monotonicMilliseconds() -> UInt64 { e7_monotonic_ms() }
}
