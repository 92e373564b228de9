// SPDX-License-Identifier: GPL-2.0-or-later
public import E7System
import E7Text

extension SystemError {
  /// One line for people: the call, what went wrong, and errno's name.
  public var text: String { String(decoding: phrase.bytes, as: UTF8.self) }

  /// The name of an errno, such as `EPERM`.
  public static func name(_ errno: Int32) -> String {
    String(decoding: symbol(errno).bytes, as: UTF8.self)
  }

  /// What an errno means, in English.
  public static func text(_ errno: Int32) -> String {
    String(decoding: meaning(errno).bytes, as: UTF8.self)
  }
}
