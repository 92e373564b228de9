// SPDX-License-Identifier: GPL-2.0-or-later

extension Account {
  /// The name of the user that e7-priv becomes, and of the one that the broker runs under.
  package static var priv: StaticString { "_e7-priv" }
  package static var broker: StaticString { "_e7-broker" }

  /// The user of this name; nil where /etc/passwd has none.
  package static func user(_ name: StaticString) -> Account? {
    let account = unsafe e7_user(name.cString)
    return account.exists ? account : nil
  }

  /// What to say where there is no such user.
  package static func missing(_ name: StaticString) -> Phrase {
    "no user \(name) in /etc/passwd; create it with: useradd --system --user-group --no-create-home --shell /usr/sbin/nologin \(name)"
  }

  /// The id of the group of this name; nil where /etc/group has none.
  package static func group(_ name: StaticString) -> UInt32? {
    UInt32(exactly: unsafe e7_group(name.cString))
  }
}

/// The folder of the file `rules`.
package enum RulesFolder {
  package static var path: StaticString { "/etc/e7" }
}
