// SPDX-License-Identifier: GPL-2.0-or-later

extension Account {
  package static var priv: StaticString { "_e7-priv" }
  package static var broker: StaticString { "_e7-broker" }

  package static func user(_ name: StaticString) -> Account? {
    let account = unsafe e7_user(name.cString)
    return account.exists ? account : nil
  }

  /// What to say where there is no such user.
  package static func missing(_ name: StaticString) -> Phrase {
    "no user \(name) in /etc/passwd; create it with: useradd --system --user-group --no-create-home --shell /usr/sbin/nologin \(name)"
  }

  package static func group(_ name: StaticString) -> UInt32? {
    UInt32(exactly: unsafe e7_group(name.cString))
  }
}

/// The folder of the file `rules`.
package enum RulesFolder {
  package static var path: StaticString { "/etc/e7" }
}
