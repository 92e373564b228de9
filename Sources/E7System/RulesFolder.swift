// SPDX-License-Identifier: GPL-2.0-or-later

/// The folder of the file `rules`.
public enum RulesFolder {
  /// Where it is.
  public static var path: StaticString { "/etc/e7" }
}
