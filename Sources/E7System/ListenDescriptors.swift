// SPDX-License-Identifier: GPL-2.0-or-later

/// The descriptors that a service manager or the supervisor handed over: sd_listen_fds(3).
package struct ListenDescriptors {
  private static let first: Int32 = 3

  private let count: Int32
  /// A bit for each that is another's already, or was never open.
  private var gone: UInt64 = 0

  /// What the environment says; nil unless it speaks of this process.
  package init?() {
    count = unsafe e7_handed_count(
      e7_environment("LISTEN_PID"), e7_environment("LISTEN_FDS"), getpid())
    if count == 0 { return nil }
    for index in 0..<count where e7_set_cloexec(ListenDescriptors.first + index) < 0 {
      gone |= 1 << UInt64(index)
    }
  }

  /// The descriptor of this name, which the caller owns from now on; nil where there is none left.
  package mutating func take(_ name: StaticString) -> FileDescriptor? {
    let index = unsafe e7_handed_index(
      e7_environment("LISTEN_FDNAMES"), count, gone, name.cString)
    guard index >= 0 else { return nil }
    gone |= 1 << UInt64(index)
    return FileDescriptor(owning: ListenDescriptors.first + index)
  }
}

/// What a program was started with.
package enum Environment {
  /// The bytes of the argument at `index`; 0 is the program's name.
  package static func argument(_ index: Int) -> [UInt8]? {
    guard let argument = unsafe e7_argument(index) else { return nil }
    return unsafe Phrase(cString: argument).bytes
  }
}
