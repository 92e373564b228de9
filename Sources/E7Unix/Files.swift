// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Unix
package import E7System

/// Files of a daemon's own.
package enum Files {
  /// Whether this process may execute the file.
  package static func isExecutable(_ path: Phrase) -> Bool {
    unsafe path.withCString { unsafe e7_is_executable($0) ? 1 : 0 } == 1
  }

  /// Whether there is such a file.
  package static func exists(_ path: StaticString) -> Bool { unsafe e7_exists(path.cString) }

  /// Makes a folder of mode 0755, or gives one that root owns that mode; EPERM for another's.
  package static func makeFolder(_ path: StaticString) throws(SystemError) {
    _ = try check(unsafe e7_make_folder(path.cString), "mkdir")
  }

  /// Removes a file, or does nothing where there is none.
  package static func remove(_ path: StaticString) { _ = unsafe e7_remove(path.cString) }

  /// Makes and locks a file until the descriptor is closed; EAGAIN where another has it locked.
  package static func lock(_ path: StaticString) throws(SystemError) -> FileDescriptor {
    FileDescriptor(owning: try check(unsafe e7_lock_file(path.cString), "flock"))
  }
}

extension RulesFolder {
  /// Opens it; EPERM where somebody else than root and the group may write to it, or to one above.
  package static func open(group: UInt32) throws(SystemError) -> FileDescriptor {
    FileDescriptor(
      owning: try check(unsafe e7_open_rules_folder(path.cString, group), "open"))
  }

  /// Makes the folder, where it is missing, for root and the group to write to.
  package static func make(group: UInt32) throws(SystemError) {
    _ = try check(unsafe e7_make_rules_folder(path.cString, group), "mkdir")
  }
}

extension Phrase {
  /// Lends it to a function of C's, with a NUL at its end.
  @inline(never) package func withCString(_ body: (UnsafePointer<CChar>) -> Int32) -> Int32 {
    let ended = bytes.map { CChar(bitPattern: $0) } + [0]
    return unsafe ended.withUnsafeBufferPointer { ended in
      guard let base = ended.baseAddress else { return -1 }
      return unsafe body(base)
    }
  }
}

/// What a program was started with.
package enum Environment {
  /// The bytes of the argument at `index`; 0 is the program's name.
  package static func argument(_ index: Int) -> [UInt8]? {
    unsafe e7_argument(index).map { unsafe Phrase(cString: $0).bytes }
  }

  /// The bytes of an environment variable, or nil.
  package static func value(_ name: StaticString) -> [UInt8]? {
    unsafe e7_environment(name.cString).map { unsafe Phrase(cString: $0).bytes }
  }
}

extension SystemError: Equatable {
  /// Two failures are equal when their numbers are.
  package static func == (one: SystemError, other: SystemError) -> Bool {
    one.errno == other.errno
  }
}
