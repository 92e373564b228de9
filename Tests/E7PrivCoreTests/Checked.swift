// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

@testable import E7PrivCore

extension Edit {
  /// It as e7-priv reads what a client writes.
  func checked() throws(DecodeError) -> LaneEdit {
    let message = try Message(decoding: Message.encode(type, sequence: 1, write))
    return LaneEdit(type, message.attributes)
  }

  /// What is wrong with it there, whoever says so.
  var fault: String? {
    do throws(DecodeError) {
      return try checked().fault.map { String(decoding: $0.text, as: UTF8.self) }
    } catch {
      return error.text
    }
  }
}
