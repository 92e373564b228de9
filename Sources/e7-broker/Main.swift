// SPDX-License-Identifier: GPL-2.0-or-later
import E7System
import Logging

/// Exit statuses.
enum Status {
  static let failed: Int32 = 1
  static let usage: Int32 = 2
}

/// Writes the one line that says why, and ends the process.
func fail(_ text: String, status: Int32 = Status.failed) -> Never {
  Logger(label: JournalHandler.label).error("\(text)")
  Process.exit(status)
}

/// Tells consoles what the module does, without any privilege.
@main enum Main {
  private static let starters = "e7-broker is started by e7-priv"

  static func main() {
    LoggingSystem.bootstrap { _ in JournalHandler() }
    Process.ignoreBrokenPipes()
    guard Environment.argument(1) == nil else {
      fail("takes no argument; \(starters)", status: Status.usage)
    }
    guard !Process.isRoot else {
      fail("must not run as root: it listens to everybody; \(starters), as user _e7-broker")
    }
    guard !Process.holdsCapability else {
      fail("must not hold a capability: it listens to everybody; \(starters) without any")
    }
    guard var descriptors = ListenDescriptors() else {
      fail("was handed no descriptors; \(starters)")
    }
    let console = take("console", of: &descriptors)
    let view = take("view", of: &descriptors)
    let lanes = take("lanes", of: &descriptors)
    var loop = Loop(console: console, view: view, lanes: lanes)
    loop.run()
  }

  private static func take(
    _ name: StaticString, of descriptors: inout ListenDescriptors
  ) -> FileDescriptor {
    guard let descriptor = descriptors.take(name) else {
      fail("no descriptor named \(name) among those handed over; \(starters)")
    }
    return descriptor
  }
}
