// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Unix
package import E7System

/// A signal that a daemon acts on.
package enum Signal: Sendable {
  /// SIGTERM or SIGINT: end in order.
  case terminate
  /// SIGHUP.
  case hangUp
  /// SIGCHLD: a child has ended, or several have.
  case child
}

/// SIGTERM, SIGINT, SIGHUP and SIGCHLD as input of a poller: signalfd(2).
package struct Signals: ~Copyable {
  private let descriptor: FileDescriptor

  /// Blocks the signals, which a program does before anything else.
  package init() throws(SystemError) {
    descriptor = FileDescriptor(owning: try check(e7_signals(), "signalfd"))
  }

  /// For the poller.
  package var raw: Int32 { descriptor.raw }

  /// The next signal that came, or nil.
  package func next() -> Signal? {
    switch e7_next_signal(descriptor.raw) {
    case Int32(E7_SIGTERM), Int32(E7_SIGINT): .terminate
    case Int32(E7_SIGHUP): .hangUp
    case Int32(E7_SIGCHLD): .child
    default: nil
    }
  }
}
