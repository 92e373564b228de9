// SPDX-License-Identifier: GPL-2.0-or-later
import E7Netlink

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

  static func of(_ error: NetlinkError) -> Int32 {
    switch error.kind {
    case .noFamily, .version: noModule
    case .refused where error.errno == EBUSY: taken
    default: failed
    }
  }
}

/// The service that edits, with the descriptors that its supervisor or a service manager hands over;
/// without, it makes room for that supervisor.
@main enum Main {
  static func main() {
    e7_ignore_broken_pipes()
    // It asks whether a terminal reads it, which it may not later.
    _ = log
    if unsafe e7_argument(1) != nil {
      log.end("takes no argument; started by root, it runs the suite", Status.usage)
    }
    if let door = FileDescriptor.handed("lanes") {
      var service = Service(door)
      return service.run()
    }
    guard geteuid() == 0 else { log.end("must be started by root, as in: sudo e7-priv") }
    let result = unsafe e7_become_beside(
      ("e7-supervisor" as StaticString).cString, ("/usr/libexec/e7" as StaticString).cString)
    let error = SystemError("execve", errno: -result).phrase
    log.end("no e7-supervisor beside e7-priv or in /usr/libexec/e7: \(error)")
  }
}
