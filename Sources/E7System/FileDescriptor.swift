// SPDX-License-Identifier: GPL-2.0-or-later
// What this module speaks of comes with it.
@_exported public import CE7Linux
@_exported public import E7Text

/// An open file descriptor, closed when its owner lets go of it.
///
/// Nothing else is public: Embedded Swift destroys what cannot be copied only where it sees how.
@frozen public struct FileDescriptor: ~Copyable, Sendable {
  /// The number, for calls that only borrow it.
  public let raw: Int32

  /// Takes over `raw`, which nobody else closes from now on.
  public init(owning raw: Int32) { self.raw = raw }

  deinit { close(raw) }

  /// Gives the number away; whoever takes it closes it.
  package consuming func release() -> Int32 {
    let raw = self.raw
    discard self
    return raw
  }

  /// What a service manager or the supervisor handed over under a name, once: `e7_handed`.
  package static func handed(_ name: StaticString) -> FileDescriptor? {
    let raw = unsafe e7_handed(name.cString)
    return raw >= 0 ? FileDescriptor(owning: raw) : nil
  }
}

/// A call of the kernel that failed, by its name in the manual.
package struct SystemError: Error, Sendable {
  package let call: StaticString
  package let errno: Int32

  package init(_ call: StaticString, errno: Int32) { (self.call, self.errno) = (call, errno) }

  package var phrase: Phrase {
    "\(call): \(SystemError.meaning(errno)) (\(SystemError.symbol(errno)))"
  }

  package static func symbol(_ errno: Int32) -> Phrase {
    unsafe e7_errno_name(errno).map { unsafe Phrase(cString: $0) } ?? "errno \(errno)"
  }

  package static func meaning(_ errno: Int32) -> Phrase {
    unsafe e7_errno_text(errno).map { unsafe Phrase(cString: $0) } ?? "unknown error"
  }
}

/// The result of a shim's call, or its negative errno as an error.
@discardableResult
package func check(_ result: Int32, _ call: StaticString) throws(SystemError) -> Int32 {
  guard result >= 0 else { throw SystemError(call, errno: -result) }
  return result
}
