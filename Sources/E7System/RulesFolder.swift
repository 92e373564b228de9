// SPDX-License-Identifier: GPL-2.0-or-later

/// The folder of the file `rules`.
public enum RulesFolder {
  /// Where it is.
  public static var path: StaticString { "/etc/e7" }

  /// Opens it; EPERM where somebody else than root and the group may write to it, or to one above.
  public static func open(group: UInt32) throws(SystemError) -> FileDescriptor {
    FileDescriptor(
      owning: try check(unsafe e7_open_rules_folder(path.cString, group), "open"))
  }
}
