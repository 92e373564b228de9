// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
public import E7Text

/// A user of /etc/passwd.
public struct Account: Equatable, Sendable {
  /// User id.
  public let uid: UInt32
  /// The user's own group.
  public let gid: UInt32

  /// The user of this name, looked up without NSS; nil where /etc/passwd has none.
  public static func user(_ name: StaticString) -> Account? {
    var uid: UInt32 = 0
    var gid: UInt32 = 0
    guard unsafe e7_user(name.cString, &uid, &gid) == 0 else { return nil }
    return Account(uid: uid, gid: gid)
  }

  /// The id of the group of this name, looked up without NSS; nil where /etc/group has none.
  public static func group(_ name: StaticString) -> UInt32? {
    var gid: UInt32 = 0
    guard unsafe e7_group(name.cString, &gid) == 0 else { return nil }
    return gid
  }
}

/// How a child of this process ended.
public struct ChildEnd: Equatable, Sendable {
  /// Its process id.
  public let pid: Int32
  /// As waitpid(2) gives it.
  private let status: Int32

  init(pid: Int32, status: Int32) {
    self.pid = pid
    self.status = status
  }

  /// Whether it ended by itself, with this status.
  public func isExit(_ status: Int32) -> Bool { self.status == status << 8 }

  /// How it ended, in words.
  public var text: Phrase {
    let signal = status & 0x7f
    return signal == 0 ? "with status \(status >> 8 & 0xff)" : "by signal \(signal)"
  }
}

/// This process and its children.
public enum Process {
  /// Its own id.
  public static var id: Int32 { e7_pid() }

  /// Its parent's id.
  public static var parent: Int32 { e7_parent() }

  /// Whether its effective user is root.
  public static var isRoot: Bool { e7_is_root() }

  /// Whether it holds any capability of capabilities(7), effective or not.
  public static var holdsCapability: Bool { e7_holds_capability() }

  /// The path of the running program; nil where /proc does not tell.
  public static var path: [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = Int(unsafe e7_self_path(&bytes, bytes.count))
    return count > 0 && count < bytes.count ? Array(bytes.prefix(count)) : nil
  }

  /// The path of what has this name in the folder of the file at `path`.
  public static func beside(_ path: Phrase, _ name: Phrase) -> Phrase {
    let slash = path.bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0
    return Phrase(Array(path.bytes[...slash])) + name
  }

  /// Makes writing to a reader that has gone an error instead of the process's end.
  public static func ignoreBrokenPipes() { e7_ignore_broken_pipes() }

  /// Takes memory by brk(2) alone from now on, also for large blocks: nothing is mapped any more.
  public static func useHeapByBrk() { e7_heap_by_brk() }

  /// Opens what is closed of standard input, output and error, lest something else get their
  /// numbers: error as a stream of the journal's under `name`, or else as the kernel's log.
  public static func openStandardDescriptors(_ name: StaticString) {
    unsafe e7_open_standard(name.cString)
  }

  /// Ends the process at once.
  public static func exit(_ status: Int32) -> Never { e7_exit(status) }

  /// Starts the program at `path` with nothing in its environment but LISTEN_*; returns its id.
  ///
  /// It finds up to 8 descriptors at 3, 4, … under `names`, which are separated by colons, and
  /// runs under `account` where one is given.  It is killed when this process ends.
  public static func start(
    _ path: Phrase, descriptors: [Int32], names: StaticString, as account: Account?
  ) throws(SystemError) -> Int32 {
    let result = unsafe path.withCString { path in
      unsafe descriptors.withUnsafeBufferPointer { descriptors in
        guard let base = descriptors.baseAddress else { return -Errno.invalid }
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
  public static func start(
    _ path: Phrase, _ first: StaticString, _ second: StaticString
  ) throws(SystemError) -> Int32 {
    let result = unsafe path.withCString {
      unsafe e7_spawn_command($0, first.cString, second.cString)
    }
    return try check(result, "fork")
  }

  /// A child that has ended, or nil.
  public static func reap() -> ChildEnd? {
    var status: Int32 = 0
    let pid = unsafe e7_reap(&status)
    return pid > 0 ? ChildEnd(pid: pid, status: status) : nil
  }

  /// Asks a child to end, or with `force` ends it.
  public static func end(_ pid: Int32, force: Bool) {
    _ = e7_kill(pid, force ? Int32(E7_SIGKILL) : Int32(E7_SIGTERM))
  }
}

/// Files of a daemon's own.
public enum Files {
  /// Whether this process may execute the file.
  public static func isExecutable(_ path: Phrase) -> Bool {
    unsafe path.withCString { unsafe e7_is_executable($0) ? 1 : 0 } == 1
  }

  /// Whether there is such a file.
  public static func exists(_ path: StaticString) -> Bool { unsafe e7_exists(path.cString) }

  /// Makes a folder of mode 0755, or gives one that root owns that mode; EPERM for another's.
  public static func makeFolder(_ path: StaticString) throws(SystemError) {
    _ = try check(unsafe e7_make_folder(path.cString), "mkdir")
  }

  /// Removes a file, or does nothing where there is none.
  public static func remove(_ path: StaticString) { _ = unsafe e7_remove(path.cString) }

  /// Makes and locks a file until the descriptor is closed; EAGAIN where another has it locked.
  public static func lock(_ path: StaticString) throws(SystemError) -> FileDescriptor {
    FileDescriptor(owning: try check(unsafe e7_lock_file(path.cString), "flock"))
  }
}
