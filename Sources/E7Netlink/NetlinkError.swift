// SPDX-License-Identifier: GPL-2.0-or-later
public import CE7Schema
import CNetlink
import E7IPC
public import E7System

/// The kernel's no to a request.
public struct Refusal: Equatable, Sendable {
  /// errno(3).
  public let errno: Int32
  /// The kernel's own words, or what the errno means.
  public let text: [UInt8]
  /// The attribute that the kernel found fault with.
  public let attribute: Attribute?
}

/// Why the kernel gave no answer, or a bad one.
public enum NetlinkError: Error, Equatable, Sendable {
  /// A call failed.
  case system(SystemError)
  /// libnl refused, with one of its own numbers.
  case library(Int32)
  /// No family of this name: the module is not loaded.
  case noFamily
  /// The family is of another version than the one that is spoken.
  case version(found: UInt32, spoken: UInt32)
  /// The module was loaded again, or did not answer, in the middle of a transaction: it is lost.
  case reloaded
  /// The kernel refused the request.
  case refused(Refusal)
  /// No answer in time: whether the request took effect is unknown.
  case timedOut
  /// Messages were lost because the socket's buffer was full.
  case lost
  /// The answer is not one that the family can give.
  case malformed

  /// errno(3), as an answer to others carries it.
  public var errno: Int32 {
    switch self {
    case .system(let error): error.errno
    case .library, .malformed: Errno.badMessage
    case .noFamily: Errno.noDevice
    case .version: Errno.protocolVersion
    case .reloaded: Errno.stale
    case .refused(let refusal): refusal.errno
    case .timedOut: Errno.timedOut
    case .lost: Errno.noBuffers
    }
  }

  /// One line for people.
  public var text: [UInt8] {
    switch self {
    case .system(let error):
      return Array(error.text.utf8)
    case .library(let number):
      guard let text = unsafe nl_geterror(number) else { return Array("libnl failed".utf8) }
      return unsafe Array("libnl: \(String(cString: text))".utf8)
    case .noFamily:
      return Array("module e7 is not loaded; load it with: modprobe e7".utf8)
    case .version(let found, let spoken):
      let text = "module e7 speaks version \(found) of its family, this program version \(spoken)"
      return Array("\(text); install both from one release".utf8)
    case .reloaded:
      return Array("module e7 was loaded again or did not answer; the transaction is lost".utf8)
    case .refused(let refusal):
      return refusal.text
    case .timedOut:
      return Array("module e7 did not answer in time; the outcome is unknown".utf8)
    case .lost:
      return Array("messages of module e7 were lost".utf8)
    case .malformed:
      return Array("module e7 gave an answer that is none".utf8)
    }
  }
}
