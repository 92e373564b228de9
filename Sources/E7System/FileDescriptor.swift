// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
public import E7Text

/// An open file descriptor, closed when its owner lets go of it.
@frozen public struct FileDescriptor: ~Copyable, Sendable {
  /// The number, for calls that only borrow it.
  public let raw: Int32

  /// Takes over `raw`, which nobody else closes from now on.
  public init(owning raw: Int32) {
    self.raw = raw
  }

  /// Gives the number away; whoever takes it closes it.
  public consuming func release() -> Int32 {
    let raw = self.raw
    discard self
    return raw
  }

  deinit { _ = e7_close(raw) }
}

/// A call of the kernel that failed.
public struct SystemError: Error, Equatable, Sendable {
  /// The call, as its manual page names it.
  public let call: StaticString
  /// errno(3).
  public let errno: Int32

  /// A failure of `call`.
  public init(_ call: StaticString, errno: Int32) {
    self.call = call
    self.errno = errno
  }

  /// Two failures are equal when their numbers are.
  public static func == (one: SystemError, other: SystemError) -> Bool {
    one.errno == other.errno
  }

  /// One line for people: the call, what went wrong, and errno's name.
  public var phrase: Phrase {
    "\(call): \(SystemError.meaning(errno)) (\(SystemError.symbol(errno)))"
  }

  /// The name of an errno, such as `EPERM`.
  public static func symbol(_ errno: Int32) -> Phrase {
    guard let name = unsafe e7_errno_name(errno) else { return "errno \(errno)" }
    return unsafe Phrase(cString: name)
  }

  /// What an errno means, in English.
  public static func meaning(_ errno: Int32) -> Phrase {
    guard let text = unsafe e7_errno_text(errno) else { return "unknown error" }
    return unsafe Phrase(cString: text)
  }
}

/// The result of a shim's call, or its negative errno as an error.
package func check(_ result: Int32, _ call: StaticString) throws(SystemError) -> Int32 {
  guard result >= 0 else { throw SystemError(call, errno: -result) }
  return result
}

/// Numbers of errno(3) that the suite tells apart or answers with.
public enum Errno {
  /// Operation not permitted.
  public static let perm = Int32(E7_EPERM)
  /// No such file, rule or family.
  public static let noEntry = Int32(E7_ENOENT)
  /// A signal came.
  public static let interrupted = Int32(E7_EINTR)
  /// Try again.
  public static let again = Int32(E7_EAGAIN)
  /// No memory.
  public static let noMemory = Int32(E7_ENOMEM)
  /// No such device: the module is not loaded.
  public static let noDevice = Int32(E7_ENODEV)
  /// Somebody else has it.
  public static let busy = Int32(E7_EBUSY)
  /// Invalid argument.
  public static let invalid = Int32(E7_EINVAL)
  /// Out of range.
  public static let range = Int32(E7_ERANGE)
  /// Too long a name.
  public static let nameTooLong = Int32(E7_ENAMETOOLONG)
  /// A message that is none.
  public static let badMessage = Int32(E7_EBADMSG)
  /// Cannot be read or written.
  public static let inputOutput = Int32(E7_EIO)
  /// Too large a file.
  public static let tooBig = Int32(E7_EFBIG)
  /// Not supported.
  public static let notSupported = Int32(E7_EOPNOTSUPP)
  /// Messages were lost.
  public static let noBuffers = Int32(E7_ENOBUFS)
  /// Not what it was any more.
  public static let stale = Int32(E7_ESTALE)
  /// The time is over.
  public static let timedOut = Int32(E7_ETIMEDOUT)
  /// Too many requests.
  public static let userQuota = Int32(E7_EUSERS)
  /// Another version of the protocol or family.
  public static let protocolVersion = Int32(E7_EPROTO)
}
