// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Loop
package import E7System
import E7Unix
import Glibc

/// What is in force after a start: `rules` of /etc/e7 and then, in the order of their bytes, the files
/// of `rules.d` beside it whose names end in `.rules`.
///
/// Each is opened from a folder's descriptor, and is what it has to be by its own: whoever could
/// write to any of them, or exchange one, could write rules.
package struct StartRules: ~Copyable {
  /// Why a file is not read.
  package struct Fault: Error, Equatable {
    /// Which it is.
    package let path: String
    /// What is wrong with it; EPERM where somebody else could write to it.
    package let error: SystemError
  }

  /// Where they are.
  package static let folder = "\(RulesFolder.path)"

  private let folder: FileDescriptor
  private let keeper: Account

  /// Opens the folder of root's that only the keeper's group may write to beside root.
  package init(keeper: Account) throws(Fault) {
    self.keeper = keeper
    do throws(SystemError) {
      folder = try RulesFolder.open(group: keeper.gid)
    } catch {
      throw Fault(path: StartRules.folder, error: error)
    }
  }

  /// Opens a regular file of root's or the keeper's with one name, that nobody else may write to.
  package func open(_ name: String) throws(SystemError) -> FileDescriptor {
    try open(name, in: folder.raw, user: keeper.uid)
  }

  private func open(
    _ name: String, in folder: Int32, user: UInt32
  ) throws(SystemError) -> FileDescriptor {
    FileDescriptor(owning: try check(unsafe e7_open_rules(folder, name, user), "openat"))
  }

  /// The path and the bytes of each, as `read` reads a descriptor; none where there are none.
  package func all(
    _ read: (borrowing FileDescriptor) throws(SystemError) -> [UInt8]
  ) throws(Fault) -> [(path: String, bytes: [UInt8])] {
    var all: [(path: String, bytes: [UInt8])] = []
    let first = "\(StartRules.folder)/rules"
    do throws(SystemError) {
      all.append((first, try read(try open("rules"))))
    } catch {
      if error.errno != ENOENT { throw Fault(path: first, error: error) }
    }
    let below = "\(StartRules.folder)/rules.d"
    let more = unsafe e7_open_roots_folder(folder.raw, "rules.d")
    if more == -ENOENT { return all }
    guard more >= 0 else { throw Fault(path: below, error: SystemError("openat", errno: -more)) }
    let inner = FileDescriptor(owning: more)
    for name in try StartRules.names(in: inner, below) {
      do throws(SystemError) {
        all.append(("\(below)/\(name)", try read(try open(name, in: inner.raw, user: 0))))
      } catch {
        throw Fault(path: "\(below)/\(name)", error: error)
      }
    }
    return all
  }

  private static func names(
    in folder: borrowing FileDescriptor, _ path: String
  ) throws(Fault) -> [String] {
    guard let listing = unsafe fdopendir(dup(folder.raw)) else {
      throw Fault(path: path, error: SystemError("fdopendir", errno: errno))
    }
    defer { unsafe closedir(listing) }
    var names: [String] = []
    while let entry = unsafe readdir(listing) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name.hasSuffix(".rules"), !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
