// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import Glibc

/// Why a question is not answered: an errno and a line for people.
struct Refusal: Equatable {
  /// The numbers of errno(3) that the broker answers with.
  enum Reason {
    /// The console's role does not allow it.
    case notPermitted
    /// Ill-formed contents of a message that is well known.
    case invalid
    /// Not a message, or not one that belongs here.
    case protocolViolation
    /// Longer than a message or line may be.
    case tooLong
    /// As many consoles as there may be.
    case quota
    /// The module is not loaded.
    case noModule
    /// What was asked for changed in the meantime, or cannot be had now.
    case tryAgain
    /// e7-priv does not take lanes.
    case noLane
  }

  var error: UInt32
  var text: String

  init(_ reason: Reason, _ text: String) {
    let number =
      switch reason {
      case .notPermitted: EPERM
      case .invalid: EINVAL
      case .protocolViolation: EPROTO
      case .tooLong: E2BIG
      case .quota: EUSERS
      case .noModule: ENODEV
      case .tryAgain: EAGAIN
      case .noLane: ECONNREFUSED
      }
    error = UInt32(number)
    self.text = text
  }

  init(kernel error: UInt32, text: String) {
    self.error = error
    self.text = text
  }

  /// The text, cut to `Limit.text` bytes.
  var bytes: [UInt8] { Array(text.utf8.prefix(Limit.text)) }

  var outcome: Outcome { Outcome(error: error, text: bytes) }

  /// As the last line of an answer on a text console.
  var line: [UInt8] { Array("error: ".utf8) + bytes + [UInt8(ascii: "\n")] }

  static let clients = Refusal(
    .invalid, "e7-client does this, with the rights of whoever calls it; a console only looks")
  static let noModule = Refusal(
    .noModule, "module e7 is not loaded; load it with: modprobe e7")
  static let edit = Refusal(
    .notPermitted, "edits go over a lane, which e7-client opens; a console only looks")
}
