// SPDX-License-Identifier: GPL-2.0-or-later
import E7Loop
import E7Netlink
import E7Questions
import E7System
import E7Unix
import Logging

/// Exit statuses.
enum Status {
  static let failed: Int32 = 1
  static let usage: Int32 = 2
}

/// Writes the one line that says why, and ends the process.
func fail(_ text: String, status: Int32 = Status.failed) -> Never {
  Logger(label: JournalHandler.label).error("\(text)")
  _exit(status)
}

/// Tells consoles what the module does, without any privilege.
@main enum Main {
  private static let starters = "e7-broker is started by e7-priv"
  /// Where e7-priv reads, as a unit of its own.
  private static let lanes = "/run/e7/lanes.sock"

  static func main() {
    LoggingSystem.bootstrap { _ in JournalHandler() }
    e7_ignore_broken_pipes()
    guard Environment.argument(1) == nil else {
      fail("takes no argument; \(starters)", status: Status.usage)
    }
    guard !Process.isRoot else {
      fail("must not run as root: it listens to everybody; \(starters), as user _e7-broker")
    }
    guard !Process.holdsCapability else {
      fail("must not hold a capability: it listens to everybody; \(starters) without any")
    }
    guard let console = FileDescriptor.handed("console") else {
      fail("no descriptor named console among those handed over; \(starters)")
    }
    let view: EventSocket
    let lanes: FileDescriptor
    let isGiven: Bool
    if let given = FileDescriptor.handed("view") {
      isGiven = true
      view = EventSocket(given)
      guard let handed = FileDescriptor.handed("lanes") else {
        fail("no descriptor named lanes among those handed over; \(starters)")
      }
      lanes = handed
    } else if FileDescriptor.handed("lanes") != nil {
      fail("no descriptor named view among those handed over; \(starters)")
    } else {
      isGiven = false
      view = openView()
      lanes = aim()
    }
    var loop = Loop(console: console, view: view, lanes: lanes, asksForView: !isGiven)
    loop.run()
  }

  private static func openView() -> EventSocket {
    do throws(NetlinkError) {
      return try EventSocket.open()
    } catch {
      fail("\(error.text)")
    }
  }

  private static func aim() -> FileDescriptor {
    do throws(SystemError) {
      return try SequencedSocket.aim(path: Array(lanes.utf8))
    } catch {
      fail("\(lanes): \(error.text)")
    }
  }
}
