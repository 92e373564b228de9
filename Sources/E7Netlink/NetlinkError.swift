// SPDX-License-Identifier: GPL-2.0-or-later

/// Why the kernel gave no answer, or a bad one, or says no.
package struct NetlinkError: Error, Equatable, Sendable {
  /// What went wrong.
  package enum Kind: Sendable {
    /// A call failed.
    case failed
    /// No family of this name: the module is not loaded.
    case noFamily
    /// The family is of another version than the one that is spoken.
    case version
    /// The module was loaded again: what this socket was to it is lost.
    case reloaded
    /// The kernel refused the request.
    case refused
    /// No answer in time: whether the request took effect is unknown.
    case timedOut
    /// Messages were lost because the socket's buffer was full.
    case lost
    /// The answer is not one that the family can give.
    case malformed
  }

  /// What went wrong.
  package let kind: Kind
  /// errno(3), as an answer to others carries it.
  package let errno: Int32
  /// One line for people.
  package let text: Phrase

  @inline(never) init(_ kind: Kind, _ errno: Int32, _ text: Phrase) {
    self.kind = kind
    self.errno = errno
    self.text = text
  }

  /// A call of the kernel's failed.
  package static func system(_ error: SystemError) -> NetlinkError {
    NetlinkError(.failed, error.errno, error.phrase)
  }

  /// The module is not loaded.
  package static var noFamily: NetlinkError {
    NetlinkError(.noFamily, ENODEV, "module e7 is not loaded; load it with: modprobe e7")
  }

  static func version(_ found: UInt32, _ spoken: UInt32) -> NetlinkError {
    NetlinkError(
      .version, EPROTO,
      "module e7 speaks version \(found) of its family, this program version \(spoken); install both from one release"
    )
  }

  /// The module was loaded again.
  package static var reloaded: NetlinkError {
    NetlinkError(
      .reloaded, ESTALE, "module e7 was loaded again or did not answer; the transaction is lost")
  }

  static var timedOut: NetlinkError {
    NetlinkError(.timedOut, ETIMEDOUT, "module e7 did not answer in time; the outcome is unknown")
  }

  /// The socket's buffer was full.
  package static var lost: NetlinkError {
    NetlinkError(.lost, ENOBUFS, "messages of module e7 were lost")
  }

  /// No answer of the family's.
  package static var malformed: NetlinkError {
    NetlinkError(.malformed, EBADMSG, "module e7 gave an answer that is none")
  }
}
