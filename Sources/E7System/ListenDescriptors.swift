// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import E7Text

/// The descriptors that a service manager or the supervisor handed over: sd_listen_fds(3).
public struct ListenDescriptors {
  static let first: Int32 = 3
  /// More than any process of the suite is given.
  static let most = 64

  private let count: Int
  /// Their names, with a colon between.
  private let names: [UInt8]
  /// A bit for each that is another's already, or was never open.
  private var gone: UInt64 = 0

  /// What the environment says; nil unless it speaks of this process.
  public init?() {
    self.init(
      pid: Environment.value("LISTEN_PID"), count: Environment.value("LISTEN_FDS"),
      names: Environment.value("LISTEN_FDNAMES"), own: getpid())
    for index in 0..<count where e7_set_cloexec(ListenDescriptors.first + Int32(index)) < 0 {
      gone |= 1 << UInt64(index)
    }
  }

  init?(pid: [UInt8]?, count: [UInt8]?, names: [UInt8]?, own: Int32) {
    guard Environment.number(pid) == UInt64(own), let count = Environment.number(count), count > 0,
      count <= ListenDescriptors.most
    else { return nil }
    self.count = Int(count)
    self.names = names ?? []
  }

  /// The descriptor of this name, which the caller owns from now on; nil where there is none left.
  public mutating func take(_ name: StaticString) -> FileDescriptor? {
    let wanted = Phrase(stringLiteral: name).bytes
    var start = 0
    for index in 0..<count {
      var end = start
      while end < names.count && names[end] != UInt8(ascii: ":") { end += 1 }
      if gone >> UInt64(index) & 1 == 0, Array(names[start..<end]) == wanted {
        gone |= 1 << UInt64(index)
        return FileDescriptor(owning: ListenDescriptors.first + Int32(index))
      }
      start = min(names.count, end + 1)
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

  /// The number that decimal digits write; nil where they are none, or more than 64 bits.
  static func number(_ digits: [UInt8]?) -> UInt64? {
    guard let digits, !digits.isEmpty, digits.count < 20 else { return nil }
    var number: UInt64 = 0
    for digit in digits {
      guard digit >= 48, digit < 58 else { return nil }
      number = number * 10 + UInt64(digit - 48)
    }
    return number
  }

  /// The bytes of the argument at `index`; 0 is the program's name.
  public static func argument(_ index: Int) -> [UInt8]? {
    guard let argument = unsafe e7_argument(index) else { return nil }
    return unsafe Phrase(cString: argument).bytes
  }
}
