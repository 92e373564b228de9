// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import E7Text

/// The folder in which the file `rules` is replaced in one step, and the one before it kept.
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

  /// Begins a file that is to take the place of the rules.
  public func begin() throws(SystemError) -> FileDescriptor {
    FileDescriptor(owning: try check(e7_save_begin(descriptor.raw), "openat"))
  }

  /// Writes a part of it, behind what was written before.
  public static func write(
    _ file: Int32, _ bytes: [UInt8], at offset: UInt64
  ) throws(SystemError) {
    _ = try check(unsafe e7_save_write(file, bytes, bytes.count, offset), "pwrite")
  }

  /// Puts the file in its place; when this returns it survives a power cut.
  public func end(_ file: Int32) throws(SystemError) {
    _ = try check(e7_save_end(descriptor.raw, file), "fsync, renameat2")
  }
}
