// SPDX-License-Identifier: GPL-2.0-or-later

/// A user of /etc/passwd.
package struct Account: Equatable, Sendable {
  /// User id.
  package let uid: UInt32
  /// The user's own group.
  package let gid: UInt32

  /// The name of the user that e7-priv becomes.
  package static var priv: StaticString { "_e7-priv" }
  /// The name of the user that the broker runs under.
  package static var broker: StaticString { "_e7-broker" }

  /// The user of this name, looked up without NSS; nil where /etc/passwd has none.
  package static func user(_ name: StaticString) -> Account? {
    var uid: UInt32 = 0
    var gid: UInt32 = 0
    guard unsafe e7_user(name.cString, &uid, &gid) == 0 else { return nil }
    return Account(uid: uid, gid: gid)
  }

  /// What to say where there is no such user.
  package static func missing(_ name: StaticString) -> Phrase {
    "no user \(name) in /etc/passwd; create it with: useradd --system --user-group --no-create-home --shell /usr/sbin/nologin \(name)"
  }

  /// The id of the group of this name, looked up without NSS; nil where /etc/group has none.
  package static func group(_ name: StaticString) -> UInt32? {
    var gid: UInt32 = 0
    guard unsafe e7_group(name.cString, &gid) == 0 else { return nil }
    return gid
  }
}

/// This process.
package enum Process {
  /// Its parent's id.
  package static var parent: Int32 { getppid() }

  /// Whether its effective user is root.
  package static var isRoot: Bool { geteuid() == 0 }

  /// Runs the program `name` in its place, from the folder of this one or from `elsewhere`, with the
  /// path of this one as its argument; returns what the second way failed with.
  package static func becomeBeside(_ name: StaticString, _ elsewhere: StaticString) -> SystemError {
    SystemError("execve", errno: unsafe -e7_become_beside(name.cString, elsewhere.cString))
  }

  /// Opens what is closed of standard input, output and error, lest something else get their
  /// numbers: error as a stream of the journal's under `name`, or else as the kernel's log.
  package static func openStandardDescriptors(_ name: StaticString) {
    unsafe e7_open_standard(name.cString)
  }

  /// Ends the process at once.
  package static func exit(_ status: Int32) -> Never { _exit(status) }
}
