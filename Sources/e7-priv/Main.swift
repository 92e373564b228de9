// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import E7Netlink
import E7System
import E7Text

/// The daemon's log.
let log = Log("e7-priv")

/// Exit statuses.
enum Status {
  static let failed: Int32 = 1
  static let usage: Int32 = 2
  static let noModule: Int32 = 3
  /// The module has gone or was loaded again, and knows nothing of this process.
  static let reloaded: Int32 = 75
  /// Another process has the role control.
  static let taken: Int32 = 76
}

/// Writes the one line that says why, and ends the process.
func fail(_ text: Phrase, status: Int32 = Status.failed) -> Never {
  log.write(.error, text)
  Process.exit(status)
}

/// Ends the process for what the kernel said.
func fail(_ error: NetlinkError) -> Never {
  switch error {
  case .noFamily, .version: fail(Phrase(error.text), status: Status.noModule)
  case .refused(let refusal) where refusal.errno == EBUSY:
    fail(Phrase(error.text), status: Status.taken)
  default: fail(Phrase(error.text))
  }
}

/// The service that edits, with the descriptors that its supervisor or a service manager hands over;
/// without, it makes room for that supervisor.
@main enum Main {
  static func main() {
    // The kernel starts programs without.
    Process.openStandardDescriptors("e7-priv")
    Process.ignoreBrokenPipes()
    // It asks whether a terminal reads it, which it may not later.
    _ = log
    guard Environment.argument(1) == nil else {
      fail("takes no argument; started by root, it runs the suite", status: Status.usage)
    }
    if var descriptors = ListenDescriptors() {
      var service = Service(&descriptors)
      service.run()
    } else {
      guard Process.isRoot else { fail("must be started by root, as in: sudo e7-priv") }
      let error = Process.becomeBeside("e7-supervisor", "/usr/libexec/e7")
      fail("no e7-supervisor beside e7-priv or in /usr/libexec/e7: \(error.phrase)")
    }
  }
}
