// SPDX-License-Identifier: GPL-2.0-or-later
import E7Console
import E7Rules
import E7Loop
import E7System
import Glibc

/// A file of commands, read as a whole.
enum InputFile {
  /// Far beyond the largest ruleset with the longest usual paths; keeps a device from filling the
  /// memory.
  private static let longest = 64 << 20

  /// All bytes of the file; `-` is standard input.
  static func read(_ name: [UInt8]) throws(Failure) -> [UInt8] {
    let path = Text.shown(name)
    let descriptor =
      isInput(name)
      ? FileDescriptor(owning: dup(Standard.input))
      : unsafe FileDescriptor(
        owning: open(name.map { CChar(bitPattern: $0) } + [0], O_RDONLY | O_CLOEXEC))
    guard descriptor.raw >= 0 else { throw unreadable(path) }
    do throws(SystemError) {
      return try all(descriptor)
    } catch {
      if error.errno == EFBIG {
        throw Failure(.failed, "\(path) is too long: expected at most \(longest) bytes")
      }
      throw unreadable(path, error)
    }
  }

  /// All bytes that a descriptor gives; EFBIG where they do not end.
  static func all(_ descriptor: borrowing FileDescriptor) throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      guard let more = Standard.read(descriptor.raw) else {
        throw SystemError("read", errno: errno)
      }
      if more.isEmpty { return bytes }
      bytes += more
      guard bytes.count <= longest else { throw SystemError("read", errno: EFBIG) }
    }
  }

  /// Whether the name stands for standard input.
  static func isInput(_ name: [UInt8]) -> Bool { name == [UInt8(ascii: "-")] }

  private static func unreadable(
    _ path: String, _ error: SystemError = SystemError("open", errno: errno)
  ) -> Failure {
    Failure(
      .failed,
      "cannot read \(path): \(SystemError.text(error.errno)) (\(SystemError.name(error.errno)))")
  }
}
