// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux

/// What to wait for on a descriptor.
public struct Interest: OptionSet, Sendable {
  /// The events of epoll_ctl(2).
  public let rawValue: UInt32

  /// Interest in these events.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Something to read, or somebody to accept.
  public static let input = Interest(rawValue: UInt32(E7_INPUT))
  /// Room to write.
  public static let output = Interest(rawValue: UInt32(E7_OUTPUT))
}

/// A descriptor that is ready.
public struct Ready: Sendable {
  /// What the descriptor was added under.
  public let token: UInt64
  /// There is something to read, or the peer has gone.
  public let input: Bool
  /// There is room to write.
  public let output: Bool
  /// The peer has closed its end or failed; what it sent before may still wait.
  public let closed: Bool

  package init(token: UInt64, _ events: UInt32) {
    self.token = token
    closed = events & UInt32(E7_CLOSED) != 0
    input = closed || events & UInt32(E7_INPUT) != 0
    output = events & UInt32(E7_OUTPUT) != 0
  }
}

/// Waiting for descriptors with one system call and nothing kept: ppoll(2).
public enum Poll {
  /// Waits for one descriptor: whether it is ready before the time is over.
  ///
  /// -1 waits for ever.
  public static func wait(
    _ raw: Int32, for interest: Interest, timeoutMilliseconds: Int32
  ) throws(SystemError) -> Bool {
    let ready = try wait(
      for: [(raw, token: 0, interest)], timeoutMilliseconds: timeoutMilliseconds)
    return !ready.isEmpty
  }

  /// Waits for a few descriptors, with one system call and nothing kept: what is ready within the
  /// time, none when it is over or a signal came.
  ///
  /// -1 waits for ever.
  public static func wait(
    for descriptors: [(raw: Int32, token: UInt64, interest: Interest)], timeoutMilliseconds: Int32
  ) throws(SystemError) -> [Ready] {
    var all: [e7_waited] = []
    for descriptor in descriptors {
      all.append(
        e7_waited(
          fd: descriptor.raw, events: Int16(descriptor.interest.rawValue), ready: 0))
    }
    _ = try check(unsafe e7_wait(&all, all.count, timeoutMilliseconds), "ppoll")
    var ready: [Ready] = []
    for (index, one) in all.enumerated() where one.ready != 0 {
      ready.append(Ready(token: descriptors[index].token, UInt32(UInt16(bitPattern: one.ready))))
    }
    return ready
  }
}
