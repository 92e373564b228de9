// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import E7PrivCore
import E7System
import E7Text

/// The folder of the rules file, opened while this process is root.
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

  func begin() -> SystemFault? {
    offset = 0
    return attempt { () throws(SystemError) in file = try folder.begin() }
  }

  func write(_ bytes: [UInt8]) -> SystemFault? {
    attempt { () throws(SystemError) in
      guard let raw = file?.raw else { throw SystemError("write", errno: EINVAL) }
      try RulesFolder.write(raw, bytes, at: offset)
      offset += UInt64(bytes.count)
    }
  }

  func end() -> SystemFault? {
    let fault = attempt { () throws(SystemError) in
      guard let raw = file?.raw else { throw SystemError("fsync", errno: EINVAL) }
      try folder.end(raw)
    }
    if fault == nil { file = nil }
    return fault
  }

  func abandon() {
    // What was written is given back to the disk: it begins empty.
    file = nil
    file = try? folder.begin()
    file = nil
  }

  private func attempt(_ body: () throws(SystemError) -> Void) -> SystemFault? {
    do throws(SystemError) {
      try body()
      return nil
    } catch {
      return SystemFault(errno: error.errno, text: error.phrase)
    }
  }
}
