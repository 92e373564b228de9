// SPDX-License-Identifier: GPL-2.0-or-later

/// Why the kernel gave no answer, or a bad one, or says no.
package struct NetlinkError: Error, Equatable, Sendable {
  package enum Kind: Sendable {
    case failed, noFamily, version, reloaded, refused, timedOut, lost, malformed
  }

  package let kind: Kind
  /// errno(3), as an answer to others carries it.
  package let errno: Int32
  package let text: Phrase

  @inline(never) init(_ kind: Kind, _ errno: Int32, _ text: Phrase) {
    (self.kind, self.errno, self.text) = (kind, errno, text)
  }

  /// A family that is gone is ENOENT; its number in other hands may say EOPNOTSUPP.
  package var saysNoFamily: Bool {
    kind == .refused && (errno == ENOENT || errno == EOPNOTSUPP)
  }

  package static func system(_ error: SystemError) -> NetlinkError {
    NetlinkError(.failed, error.errno, error.phrase)
  }

  package static var noFamily: NetlinkError {
    NetlinkError(.noFamily, ENODEV, "module e7 is not loaded; load it with: modprobe e7")
  }

  static func version(_ found: UInt32) -> NetlinkError {
    NetlinkError(
      .version, EPROTO,
      "module e7 speaks version \(found) of its family, this program version \(E7_GENL_VERSION); install both from one release"
    )
  }

  /// What this socket was to the module is lost.
  package static var reloaded: NetlinkError {
    NetlinkError(
      .reloaded, ESTALE, "module e7 was loaded again or did not answer; the transaction is lost")
  }

  static var timedOut: NetlinkError {
    NetlinkError(.timedOut, ETIMEDOUT, "module e7 did not answer in time; the outcome is unknown")
  }

  package static var lost: NetlinkError {
    NetlinkError(.lost, ENOBUFS, "messages of module e7 were lost")
  }

  package static var malformed: NetlinkError {
    NetlinkError(.malformed, EBADMSG, "module e7 gave an answer that is none")
  }
}
