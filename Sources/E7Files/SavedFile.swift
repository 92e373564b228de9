// SPDX-License-Identifier: GPL-2.0-or-later
package import E7System
import E7Unix
import Glibc

/// Why a file was not written; it is as it was.
package enum SaveError: Error, Equatable {
  /// What has this name is a folder, a link, a device or the like.
  case notRegular
  /// The kernel refused.
  case failed(SystemError)
}

/// A file that is replaced in one step.
///
/// Whoever reads it, and whatever dies when, finds all of the old bytes or all of the new ones.  A
/// process that is killed in the middle may leave `.e7-save.PID.N` beside the file.
package enum SavedFile {
  /// Of a file that is new.
  private static let mode: mode_t = 0o640
  /// Of leftovers of other processes that had the same number, so many are stepped over.
  private static let mostLeftovers = 100

  /// Gives the file at `path` these bytes; mode, owner and group of one that is there stay.
  ///
  /// When this returns, the new file survives a power cut.
  package static func replace(_ path: [UInt8], with bytes: [UInt8]) throws(SaveError) {
    let slash = path.lastIndex(of: UInt8(ascii: "/"))
    let name = text(slash.map { path[($0 + 1)...] } ?? path[...])
    let parent = slash.map { $0 == 0 ? [UInt8(ascii: "/")] : path[..<$0] } ?? [UInt8(ascii: ".")]
    guard name != [0], name != text([46]), name != text([46, 46]) else { throw .notRegular }
    let folder = FileDescriptor(
      owning: unsafe open(text(parent), O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    guard folder.raw >= 0 else { throw failure("open") }
    let old = try status(folder.raw, name)
    var temporary: [CChar] = []
    let file = try create(in: folder.raw, &temporary)
    do throws(SaveError) {
      try fill(file.raw, bytes, like: old)
      guard unsafe renameat(folder.raw, temporary, folder.raw, name) == 0 else {
        throw failure("renameat")
      }
    } catch {
      _ = unsafe unlinkat(folder.raw, temporary, 0)
      throw error
    }
    // The new name is on the disk when its folder is.
    guard fsync(folder.raw) == 0 else { throw failure("fsync") }
  }

  /// Of the file that is replaced; nil where there is none.
  private static func status(_ folder: Int32, _ name: [CChar]) throws(SaveError) -> stat? {
    var status = stat()
    guard unsafe fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      guard errno == ENOENT else { throw failure("fstatat") }
      return nil
    }
    // A link stays what it is: it is not for us to replace it, nor to follow it.
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular }
    return status
  }

  private static func create(
    in folder: Int32, _ name: inout [CChar]
  ) throws(SaveError) -> FileDescriptor {
    for number in 0..<mostLeftovers {
      name = text(Array(".e7-save.\(getpid()).\(number)".utf8)[...])
      let raw = unsafe openat(
        folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600 as mode_t)
      if raw >= 0 { return FileDescriptor(owning: raw) }
      guard errno == EEXIST else { break }
    }
    throw failure("openat")
  }

  private static func fill(
    _ file: Int32, _ bytes: [UInt8], like old: stat?
  ) throws(SaveError) {
    var start = 0
    while start < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe write(file, buffer.baseAddress?.advanced(by: start), buffer.count - start)
      }
      if count > 0 {
        start += count
      } else if count == 0 || errno != EINTR {
        throw failure("write")
      }
    }
    if let old {
      // Before the mode, which a change of the owner may narrow.
      var new = stat()
      guard unsafe fstat(file, &new) == 0 else { throw failure("fstat") }
      if new.st_uid != old.st_uid || new.st_gid != old.st_gid {
        guard fchown(file, old.st_uid, old.st_gid) == 0 else { throw failure("fchown") }
      }
    }
    guard fchmod(file, old.map { $0.st_mode & 0o777 } ?? mode) == 0 else {
      throw failure("fchmod")
    }
    guard fsync(file) == 0 else { throw failure("fsync") }
  }

  private static func failure(_ call: StaticString) -> SaveError {
    .failed(SystemError(call, errno: errno))
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> [CChar] {
    bytes.map { CChar(bitPattern: $0) } + [0]
  }
}
