// SPDX-License-Identifier: GPL-2.0-or-later
package import E7IPC
import E7Rules

/// How e7-client ends.
package enum ExitStatus: Int32, Sendable {
  /// All is done.
  case done = 0
  /// Refused, or failed.
  case failed = 1
  /// The command line is wrong.
  case usage = 2
  /// The suite cannot be reached: it does not run, or speaks another version.
  case unreachable = 3
}

/// Why something was not done: an exit status and one line for people.
package struct Failure: Error, Equatable, Sendable {
  /// How the program ends where this ends it.
  package let status: ExitStatus
  /// One line without a line feed.
  package let text: String

  /// A failure.
  package init(_ status: ExitStatus, _ text: String) {
    self.status = status
    self.text = text
  }

  /// What an answer says that is no success; its errno is `name` and means `meaning`.
  package init(_ outcome: Outcome, name: String, meaning: String) {
    let text = outcome.text.isEmpty ? meaning : Text.shown(outcome.text)
    switch name {
    case "ENODEV":
      self.init(.unreachable, "the module e7 is not loaded; load it with `sudo modprobe e7`")
    case "EPROTO": self.init(.unreachable, text)
    default: self.init(.failed, "\(text) (\(name))")
    }
  }

  /// Why nobody answers at the socket.
  package static func noSuite(socket: String, moduleIsLoaded: Bool) -> Failure {
    Failure(
      .unreachable,
      moduleIsLoaded
        ? "the suite does not run: nobody listens at \(socket); start it with `sudo e7-priv`"
        : "the module e7 is not loaded; load it with `sudo modprobe e7`, then start the suite "
          + "with `sudo e7-priv`")
  }
}
