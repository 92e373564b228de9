// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import E7Text

/// The descriptors that a service manager or the supervisor handed over: sd_listen_fds(3).
public struct ListenDescriptors {
  static let first: Int32 = 3
  /// More than any process of the suite is given.
  static let most = 64

  private var names: [[UInt8]?] = []

  /// What the environment says; nil unless it speaks of this process.
  public init?() {
    guard
      let parsed = ListenDescriptors(
        pid: Environment.value("LISTEN_PID"), count: Environment.value("LISTEN_FDS"),
        names: Environment.value("LISTEN_FDNAMES"), own: e7_pid())
    else { return nil }
    self = parsed
    for index in names.indices where e7_set_cloexec(ListenDescriptors.first + Int32(index)) < 0 {
      names[index] = nil
    }
  }

  init?(pid: [UInt8]?, count: [UInt8]?, names: [UInt8]?, own: Int32) {
    guard let pid, let count, ListenDescriptors.number(pid) == Int(own),
      let count = ListenDescriptors.number(count), count > 0, count <= ListenDescriptors.most
    else { return nil }
    let words = (names ?? []).split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    for index in 0..<count {
      self.names.append(index < words.count ? Array(words[index]) : [])
    }
  }

  private static func number(_ digits: [UInt8]) -> Int? {
    guard !digits.isEmpty, digits.count <= 10 else { return nil }
    var value = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      value = value * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return value
  }

  /// The descriptor of this name, which the caller owns from now on; nil where there is none left.
  public mutating func take(_ name: StaticString) -> FileDescriptor? {
    let wanted = Phrase(stringLiteral: name).bytes
    for index in names.indices where names[index] == wanted {
      names[index] = nil
      return FileDescriptor(owning: ListenDescriptors.first + Int32(index))
    }
    return nil
  }
}

/// What a program was started with.
public enum Environment {
  /// The bytes of an environment variable, or nil.
  public static func value(_ name: StaticString) -> [UInt8]? {
    guard let value = unsafe e7_environment(name.cString) else { return nil }
    return unsafe Phrase(cString: value).bytes
  }

  /// The bytes of the argument at `index`; 0 is the program's name.
  public static func argument(_ index: Int) -> [UInt8]? {
    guard let argument = unsafe e7_argument(index) else { return nil }
    return unsafe Phrase(cString: argument).bytes
  }
}
