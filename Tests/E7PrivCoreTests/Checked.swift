// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

@testable import E7PrivCore

extension Edit {
  /// It as e7-priv reads what a client writes.
  func checked() throws(DecodeError) -> LaneEdit {
    let message = try Message(decoding: Message.encode(type, sequence: 1, write))
    return try LaneEdit(type, message.attributes)
  }

  /// What is wrong with it there, whoever says so.
  var fault: String? {
    do throws(DecodeError) {
      return try checked().fault.map { String($0) }
    } catch {
      return error.text
    }
  }
}

extension LaneEdit {
  /// What the kernel is told.
  var edit: Edit {
    get throws {
      var reader = try AttributeReader(attributes, from: 0, skipUnknown: false)
      return try Edit(type, &reader)
    }
  }
}
