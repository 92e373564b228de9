// SPDX-License-Identifier: GPL-2.0-or-later

/// Waiting for descriptors with one system call and nothing kept: ppoll(2).
extension pollfd {
  package static func input(_ raw: Int32) -> pollfd {
    pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
  }
  package static func output(_ raw: Int32) -> pollfd {
    pollfd(fd: raw, events: Int16(POLLOUT), revents: 0)
  }

  /// The peer has closed its end or failed; what it sent before may still wait.
  package var isClosed: Bool { Int32(revents) & Int32(E7_CLOSED) != 0 }
  /// There is something to read, or the peer has gone.
  package var hasInput: Bool { isClosed || Int32(revents) & POLLIN != 0 }
  package var hasRoom: Bool { Int32(revents) & POLLOUT != 0 }

  /// Waits for this one: false when the time is over or a signal came; -1 milliseconds are for ever.
  package func wait(milliseconds: Int32) throws(SystemError) -> Bool {
    var all = [self]
    return try all.wait(milliseconds: milliseconds)
  }
}

extension [pollfd] {
  /// Waits until one of them is ready: false when the time is over or a signal came.
  package mutating func wait(milliseconds: Int32) throws(SystemError) -> Bool {
    try check(unsafe e7_wait(&self, count, milliseconds), "ppoll") > 0
  }
}
