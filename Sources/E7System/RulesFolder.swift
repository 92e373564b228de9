// SPDX-License-Identifier: GPL-2.0-or-later

/// The folder of the file `rules`.
package enum RulesFolder {
  /// Where it is.
  package static var path: StaticString { "/etc/e7" }
}
