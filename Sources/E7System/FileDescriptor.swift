// SPDX-License-Identifier: GPL-2.0-or-later

/// An open file descriptor, closed when its owner lets go of it.
@frozen public struct FileDescriptor: ~Copyable, Sendable {
  /// The number, for calls that only borrow it.
  public let raw: Int32

  /// Takes over `raw`, which nobody else closes from now on.
  public init(owning raw: Int32) { self.raw = raw }

  /// Gives the number away; whoever takes it closes it.
  public consuming func release() -> Int32 {
    let raw = self.raw
    discard self
    return raw
  }

  deinit { close(raw) }
}

/// A call of the kernel that failed.
package struct SystemError: Error, Sendable {
  /// The call, as its manual page names it.
  package let call: StaticString
  /// errno(3).
  package let errno: Int32

  /// A failure of `call`.
  package init(_ call: StaticString, errno: Int32) {
    self.call = call
    self.errno = errno
  }

  /// One line for people: the call, what went wrong, and errno's name.
  package var phrase: Phrase {
    "\(call): \(SystemError.meaning(errno)) (\(SystemError.symbol(errno)))"
  }

  /// The name of an errno, such as `EPERM`.
  package static func symbol(_ errno: Int32) -> Phrase {
    guard let name = unsafe e7_errno_name(errno) else { return "errno \(errno)" }
    return unsafe Phrase(cString: name)
  }

  /// What an errno means, in English.
  package static func meaning(_ errno: Int32) -> Phrase {
    guard let text = unsafe e7_errno_text(errno) else { return "unknown error" }
    return unsafe Phrase(cString: text)
  }
}

/// The result of a shim's call, or its negative errno as an error.
package func check(_ result: Int32, _ call: StaticString) throws(SystemError) -> Int32 {
  guard result >= 0 else { throw SystemError(call, errno: -result) }
  return result
}
