// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Unix
import E7Netlink
import E7Unix

/// The daemon's log.
let log = Log("e7-supervisor")

/// Exit statuses, as e7-priv's.
enum Status {
  static let failed: Int32 = 1
  static let usage: Int32 = 2
  static let noModule: Int32 = 3
}

/// Ends the process for what the kernel said.
func fail(_ error: NetlinkError) -> Never {
  let isGone = error.kind == .noFamily || error.kind == .version
  log.end(error.text, isGone ? Status.noModule : Status.failed)
}

@main enum Main {
  static func main() {
    // The kernel starts programs without.
    unsafe e7_open_standard(("e7-priv" as StaticString).cString)
    // It asks whether a terminal reads it.
    _ = log
    guard Process.isRoot, let own = Environment.argument(1), own.first == UInt8(ascii: "/") else {
      log.end("is e7-priv's own, which root starts: sudo e7-priv", Status.usage)
    }
    var supervisor = Supervisor(Phrase(own))
    supervisor.run()
  }
}
