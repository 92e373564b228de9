// SPDX-License-Identifier: GPL-2.0-or-later
import E7Netlink
import E7System
import E7Text

/// The daemon's log.
let log = Log("e7-supervisor")

/// Exit statuses, as e7-priv's.
enum Status {
  static let failed: Int32 = 1
  static let usage: Int32 = 2
  static let noModule: Int32 = 3
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
  default: fail(Phrase(error.text))
  }
}

@main enum Main {
  static func main() {
    // It asks whether a terminal reads it.
    _ = log
    guard Process.isRoot, let own = Environment.argument(1), own.first == UInt8(ascii: "/") else {
      fail("is e7-priv's own, which root starts: sudo e7-priv", status: Status.usage)
    }
    var supervisor = Supervisor(Phrase(own))
    supervisor.run()
  }
}
