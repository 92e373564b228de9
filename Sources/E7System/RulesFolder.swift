// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import E7Text

/// The folder of the file `rules`.
public struct RulesFolder: ~Copyable {
  /// Where it is.
  public static var path: StaticString { "/etc/e7" }

  private let descriptor: FileDescriptor

  /// Opens it; EPERM where somebody else than root and the group may write to it, or to one above.
  public init(group: UInt32) throws(SystemError) {
    descriptor = FileDescriptor(
      owning: try check(unsafe e7_open_rules_folder(RulesFolder.path.cString, group), "open"))
  }

  /// For calls that only borrow it.
  public var raw: Int32 { descriptor.raw }
}
