// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Unix
package import E7System

/// How a child of this process ended.
package struct ChildEnd: Equatable, Sendable {
  /// Its process id.
  package let pid: Int32
  /// As waitpid(2) gives it.
  private let status: Int32

  init(pid: Int32, status: Int32) {
    self.pid = pid
    self.status = status
  }

  /// Whether it ended by itself, with this status.
  package func isExit(_ status: Int32) -> Bool { self.status == status << 8 }

  /// How it ended, in words.
  package var text: Phrase {
    let signal = status & 0x7f
    return signal == 0 ? "with status \(status >> 8 & 0xff)" : "by signal \(signal)"
  }
}

/// This process and its children.
package enum Process {
  /// Whether its effective user is root.
  package static var isRoot: Bool { geteuid() == 0 }

  /// Whether it holds any capability of capabilities(7), effective or not.
  package static var holdsCapability: Bool { e7_holds_capability() }

  /// The path of what has this name in the folder of the file at `path`.
  package static func beside(_ path: Phrase, _ name: Phrase) -> Phrase {
    let slash = path.bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0
    return "\(Array(path.bytes[...slash]))\(name)"
  }

  /// Starts the program at `path` with nothing in its environment but LISTEN_*; returns its id.
  ///
  /// It finds up to 8 descriptors at 3, 4, … under `names`, which are separated by colons, and
  /// runs under `account` where one is given.  It is killed when this process ends.
  package static func start(
    _ path: Phrase, descriptors: [Int32], names: StaticString, as account: Account?
  ) throws(SystemError) -> Int32 {
    let result = unsafe path.withCString { path in
      unsafe descriptors.withUnsafeBufferPointer { descriptors in
        guard let base = descriptors.baseAddress else { return -EINVAL }
        var program = unsafe e7_program(
          path: path, descriptors: base, count: descriptors.count, names: names.cString,
          uid: account?.uid ?? 0, gid: account?.gid ?? 0)
        return unsafe e7_spawn(&program)
      }
    }
    return try check(result, "fork")
  }

  /// Starts the program at `path` with two arguments and an empty environment; returns its id.
  ///
  /// It is killed when this process ends.
  package static func start(
    _ path: Phrase, _ first: StaticString, _ second: StaticString
  ) throws(SystemError) -> Int32 {
    let result = unsafe path.withCString {
      unsafe e7_spawn_command($0, first.cString, second.cString)
    }
    return try check(result, "fork")
  }

  /// A child that has ended, or nil.
  package static func reap() -> ChildEnd? {
    var status: Int32 = 0
    let pid = unsafe e7_reap(&status)
    return pid > 0 ? ChildEnd(pid: pid, status: status) : nil
  }

  /// Asks a child to end, or with `force` ends it.
  package static func end(_ pid: Int32, force: Bool) {
    _ = e7_kill(pid, force ? Int32(E7_SIGKILL) : Int32(E7_SIGTERM))
  }
}
