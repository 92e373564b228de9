// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Schema
package import E7Rules

/// What the broker asks the kernel for.
package enum Question: Equatable, Sendable {
  /// Version, instance and generation.
  case status
  /// One flag.
  case flag(Flag)
  /// All flags, a dump.
  case flags
  /// All rules, a dump.
  case rules
  /// All statistics, a dump.
  case statistics
  /// The rules that match a flow, a dump: the one that decides, then those that it beats.
  case why(Flow)
}

/// How much a line of the log matters.
package enum LogLevel: Equatable, Sendable {
  /// Something failed.
  case error
  /// Something is not as it should be.
  case warning
  /// Something an administrator wants to find later.
  case notice
  /// What happened.
  case info
}

/// What the broker wants done; each once, in order.
package enum Effect: Equatable, Sendable {
  /// Wait for input, and for room to write, on this console; for neither until said again.
  case watch(ConsoleID, input: Bool, output: Bool)
  /// Send what `outgoing` gives, a bounded number of messages, and report it with `wrote`.
  case flush(ConsoleID)
  /// Close this console and what is kept for it; it is forgotten already.
  case close(ConsoleID)
  /// Ask the kernel for this console and report the first part with `answered`.
  case ask(ConsoleID, Question)
  /// Fetch the next part of what was asked for this console and report it with `answered`.
  case pull(ConsoleID)
  /// Fetch no more of what was asked for this console.
  case forget(ConsoleID)
  /// Find out what became of the module and report it with `module`.
  case look
  /// Write a line to the log; its text may hold any byte.
  case log(LogLevel, String)
  /// End the process with this exit status; the supervisor starts another.
  case exit(Int32)
}
