// SPDX-License-Identifier: GPL-2.0-or-later

/// The lists of `defs.x` by number: a clang-imported enum takes any raw value, and these look-ups are
/// the only way from an untrusted number to one of its cases.
package enum Words {
  /// The name proper of `number` in `list`, or nil where the list has no such number.
  package static func phrase(_ list: WordList, _ number: some BinaryInteger) -> Phrase? {
    guard let number = UInt32(exactly: number) else { return nil }
    return unsafe e7_word_of(list, number).map { unsafe Phrase(cString: $0) }
  }
}

extension MessageType {
  package init?(wire number: UInt16) {
    guard unsafe e7_word_of(.messageType, UInt32(number)) != nil else { return nil }
    self.init(rawValue: number)
  }

  package var phrase: Phrase { Words.phrase(.messageType, rawValue) ?? "\(rawValue)" }

  /// Whether a transaction would collect it, or be in its way.
  package var isCollected: Bool {
    self == .ruleAdd || self == .ruleDel || self == .ruleClear || self == .answer
  }

  package var isEdit: Bool {
    isCollected || self == .flagSet || self == .begin || self == .commit || self == .abort
      || self == .confirm || self == .revert
  }
}

extension Attribute {
  package init?(wire number: UInt16) {
    guard e7_attr(UInt32(number)).type >= 0 else { return nil }
    self.init(rawValue: number)
  }

  package var phrase: Phrase { Attribute.phrase(rawValue) }

  /// The name that the schema gives the attribute of this number, or the number.
  package static func phrase(_ number: UInt16) -> Phrase {
    Words.phrase(.attribute, number) ?? "\(number)"
  }
}

extension Flag {
  package init?(wire number: UInt8) {
    guard e7_flag(UInt32(number)).kind >= 0 else { return nil }
    self.init(rawValue: UInt16(number))
  }

  package var phrase: Phrase {
    unsafe e7_flag_alias(UInt32(rawValue)).map { unsafe Phrase(cString: $0) } ?? ""
  }
}
