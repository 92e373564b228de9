// SPDX-License-Identifier: GPL-2.0-or-later
package import E7System
import E7Text

extension SystemError {
  /// One line for people: the call, what went wrong, and errno's name.
  package var text: String { String(decoding: phrase.bytes, as: UTF8.self) }

  /// The name of an errno, such as `EPERM`.
  package static func name(_ errno: Int32) -> String {
    String(decoding: symbol(errno).bytes, as: UTF8.self)
  }

  /// What an errno means, in English.
  package static func text(_ errno: Int32) -> String {
    String(decoding: meaning(errno).bytes, as: UTF8.self)
  }
}
