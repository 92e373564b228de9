// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Linux
import E7PrivCore
import E7System
import E7Text

/// The folder in which the rules file is replaced in one step, and the one before it kept; opened
/// while this process is root.
final class RulesShelf: Shelf {
  private let folder: RulesFolder
  private var file: FileDescriptor?
  private var offset: UInt64 = 0

  /// Nil where the folder is none to save in, which is told.
  init?(_ account: Account) {
    do throws(SystemError) {
      folder = try RulesFolder(group: account.gid)
    } catch {
      log.write(
        .warning,
        "\(RulesFolder.path): \(error.phrase); nothing is saved; expected a folder of root's, and so above, that only group _e7-priv may write to"
      )
      return nil
    }
  }

  var raw: Int32 { folder.raw }

  func begin() throws(SystemError) {
    offset = 0
    file = FileDescriptor(owning: try check(e7_save_begin(folder.raw), "openat"))
  }

  func write(_ bytes: [UInt8]) throws(SystemError) {
    let raw = file?.raw ?? -1
    _ = try check(unsafe e7_save_write(raw, bytes, bytes.count, offset), "pwrite")
    offset += UInt64(bytes.count)
  }

  func end() throws(SystemError) {
    _ = try check(e7_save_end(folder.raw, file?.raw ?? -1), "fsync, renameat2")
    file = nil
  }

  func abandon() {
    // What was written is given back to the disk: it begins empty.
    file = nil
    try? begin()
    file = nil
  }
}
