// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
public import CE7Schema
import CNetlink
import E7Lane
public import E7System
import E7Text

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
    case .library, .malformed: EBADMSG
    case .noFamily: ENODEV
    case .version: EPROTO
    case .reloaded: ESTALE
    case .refused(let refusal): refusal.errno
    case .timedOut: ETIMEDOUT
    case .lost: ENOBUFS
    }
  }

  /// One line for people.
  public var text: [UInt8] {
    words.bytes
  }

  private var words: Phrase {
    switch self {
    case .system(let error): error.phrase
    case .library(let number):
      if let text = unsafe nl_geterror(number) {
        unsafe "libnl: \(Phrase(cString: text))"
      } else {
        "libnl failed"
      }
    case .noFamily: "module e7 is not loaded; load it with: modprobe e7"
    case .version(let found, let spoken):
      "module e7 speaks version \(found) of its family, this program version \(spoken); install both from one release"
    case .reloaded: "module e7 was loaded again or did not answer; the transaction is lost"
    case .refused(let refusal): Phrase(refusal.text)
    case .timedOut: "module e7 did not answer in time; the outcome is unknown"
    case .lost: "messages of module e7 were lost"
    case .malformed: "module e7 gave an answer that is none"
    }
  }
}
