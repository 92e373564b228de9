// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Schema
import CE7Words
package import E7Lane
package import E7Text

extension Words {
  /// The number that exactly `bytes` names in `list`, by name proper or synonym.
  package static func number(_ list: WordList, _ bytes: [UInt8]) -> UInt16? {
    UInt16(exactly: unsafe e7_number_of(list, bytes, bytes.count))
  }

  /// One line for people about `number` in `list`, or nil where the list has no such number.
  package static func summary(_ list: WordList, _ number: UInt32) -> String? {
    guard let doc = unsafe e7_word_doc(list, number) else { return nil }
    return unsafe String(cString: doc)
  }

  /// All words of `list`, synonyms included, in the order of the schema.
  package static func all(_ list: WordList) -> [String] {
    var words: [String] = []
    while let word = unsafe e7_word_at(list, words.count) {
      unsafe words.append(String(cString: word))
    }
    return words
  }
}

extension Flag {
  /// The flag that exactly `bytes` names, or nil.
  package init?(alias bytes: [UInt8]) {
    let number = unsafe e7_flag_number(bytes, bytes.count)
    guard number >= 0 else { return nil }
    self.init(rawValue: UInt16(number))
  }

  /// All flags, those that are set first, in the order of the schema.
  package static var all: [Flag] {
    var flags: [Flag] = []
    while let number = UInt16(exactly: e7_flag_at(flags.count)), let flag = Flag(rawValue: number) {
      flags.append(flag)
    }
    return flags
  }

  /// One line about this flag, for people.
  package var summary: String {
    guard let doc = unsafe e7_flag_doc(UInt32(rawValue)) else { return "" }
    return unsafe String(cString: doc)
  }

  /// The kind of value this flag takes.
  package var kind: FlagKind {
    FlagKind(rawValue: UInt16(clamping: e7_flag(UInt32(rawValue)).kind)) ?? .counter
  }

  /// The numbers this flag takes, nil where it takes words or is only read.
  package var range: ClosedRange<UInt64>? {
    guard kind == .number else { return nil }
    let form = e7_flag(UInt32(rawValue))
    return UInt64(form.least)...UInt64(form.most)
  }

  /// The words this flag takes and their numbers, nil for a number of a range or one that is only
  /// read.
  package var values: WordList? {
    switch kind {
    case .mode: .mode
    case .action: .action
    case .verdict: .verdict
    case .toggle: .toggle
    case .scope: .scope
    case .counter, .number: nil
    }
  }

  /// Whether this flag can be set, by a word or by a number of its range.
  package var isSettable: Bool { kind != .counter }
}

extension Action {
  /// The action with this number on the wire, or nil.
  package init?(wire number: UInt8) {
    guard unsafe e7_word_of(.action, UInt32(number)) != nil else { return nil }
    self.init(rawValue: UInt16(number))
  }

  /// The word of the rule language for it.
  package var phrase: Phrase { Words.phrase(.action, UInt32(rawValue)) ?? "\(rawValue)" }
}

extension NamedProtocol {
  /// Whether packets of this IP protocol, or of some where it is any, have ports.
  package static func hasPorts(_ prot: UInt16) -> Bool {
    let protocols: [NamedProtocol] = [.any, .tcp, .udp, .sctp, .dccp, .udplite]
    return protocols.contains { $0.rawValue == prot }
  }
}

extension Direction {
  /// The direction with this number on the wire, or nil.
  package init?(wire number: UInt8) {
    guard unsafe e7_word_of(.direction, UInt32(number)) != nil else { return nil }
    self.init(rawValue: UInt16(number))
  }
}

extension ProgramClass {
  /// The class with this number on the wire, or nil.
  package init?(wire number: UInt8) {
    guard unsafe e7_word_of(.programClass, UInt32(number)) != nil else { return nil }
    self.init(rawValue: UInt16(number))
  }

  /// The classes that a rule may name, in the order of the schema.
  ///
  /// Of class `host` are rules that give a path alone, and nobody knows what is `unknown`.
  package static let ofRules: [ProgramClass] = [.foreign, .deleted, .memfd, .kernel]

  /// Whether a rule that names this class may go on with a path.
  package var takesPath: Bool { self == .foreign }

  /// The name that the schema gives it.
  package var phrase: Phrase {
    Words.phrase(.programClass, UInt32(rawValue)) ?? "\(rawValue)"
  }
}

extension ProgramClass {
  /// Whether a program of this class is told from others by its path.
  package var isNamedByPath: Bool { self == .host || self == .foreign }
}

extension Reason {
  /// The reason with this number on the wire, or nil.
  package init?(wire number: UInt8) {
    guard unsafe e7_word_of(.reason, UInt32(number)) != nil else { return nil }
    self.init(rawValue: UInt16(number))
  }
}

extension Statistic {
  /// The statistic with this number on the wire, or nil.
  package init?(wire number: UInt8) {
    guard unsafe e7_word_of(.statistic, UInt32(number)) != nil else { return nil }
    self.init(rawValue: UInt16(number))
  }

  /// The name that the schema gives it.
  package var word: String {
    Words.word(.statistic, UInt32(rawValue)) ?? "\(rawValue)"
  }

  /// All statistics, in the order of the schema.
  package static var all: [Statistic] {
    Words.all(.statistic).compactMap { word in
      Words.number(.statistic, Array(word.utf8)).flatMap(Statistic.init(rawValue:))
    }
  }

  /// One line about this statistic, for people.
  package var summary: String { Words.summary(.statistic, UInt32(rawValue)) ?? "" }
}

extension EventKind {
  /// The kind of event with this number on the wire, or nil.
  package init?(wire number: UInt8) {
    guard unsafe e7_word_of(.event, UInt32(number)) != nil else { return nil }
    self.init(rawValue: UInt16(number))
  }
}

extension NoticeKind {
  /// The kind of notice with this number on the wire, or nil.
  package init?(wire number: UInt8) {
    guard unsafe e7_word_of(.notice, UInt32(number)) != nil else { return nil }
    self.init(rawValue: UInt16(number))
  }
}

extension SocketRole {
  /// The role of a socket with this number on the wire, or nil.
  package init?(wire number: UInt8) {
    guard unsafe e7_word_of(.socketRole, UInt32(number)) != nil else { return nil }
    self.init(rawValue: UInt16(number))
  }

  /// The word for this role.
  package var word: String { Words.word(.socketRole, UInt32(rawValue)) ?? "" }
}
