// SPDX-License-Identifier: GPL-2.0-or-later
public import CE7Schema
public import E7Lane
public import E7Text

/// An edit of a lane's that was read to its last byte.
///
/// What goes on to the kernel are the attributes that were read here, each as it came.
public struct LaneEdit: Sendable {
  /// The command that carries it.
  public let type: MessageType
  /// Its attributes.
  public private(set) var attributes: [UInt8] = []
  /// It in the words of the rule language, for the log; bytes of a path or comment as they came.
  public private(set) var words: Phrase
  /// What is wrong with its values and what was expected, or nil.
  public private(set) var fault: Phrase?

  /// Reads the attributes of an edit of `type`; every attribute must belong to it.
  public init(_ type: MessageType, _ reader: inout AttributeReader) throws(DecodeError) {
    self.type = type
    words = ""
    switch type {
    case .ruleAdd:
      words = try reader.action().phrase
      try read(try Match(&reader))
      readTerms(&reader)
    case .ruleDel:
      if let id = reader.u64(.id) {
        words = "clear id \(id)"
      } else {
        words = "clear"
        try read(try Match(&reader))
      }
    case .ruleClear:
      words = "clear"
      let action = reader.has(.action) ? try reader.action() : nil
      if let action { words += " \(action.phrase)" }
      // Blindly it would take with it what somebody else has just added.
      readGeneration(&reader, isNeeded: action == nil)
    case .flagSet:
      guard let number = reader.u8(.flag) else { throw .missing(.flag) }
      guard let flag = Flag(wire: number) else { throw .outOfRange(.flag) }
      guard let value = reader.u64(.value) else { throw .missing(.value) }
      words = "set \(flag.phrase) \(flag.phrase(of: value))"
      fault = flag.fault(value)
    case .begin:
      let replaces = reader.flag(.replace)
      words = replaces ? "begin replace" : "begin"
      readGeneration(&reader, isNeeded: replaces)
    case .commit:
      words = "commit"
      if let seconds = reader.u32(.confirmSeconds) {
        words += " on trial for \(seconds)s"
        fault = LaneEdit.fault("CONFIRM", seconds, Limit.confirmSeconds)
      }
    case .abort: words = "abort"
    case .confirm: words = "confirm"
    case .revert: words = "revert"
    case .answer: try readAnswer(&reader)
    default: throw .unknownType(type.rawValue)
    }
    try reader.finish()
    attributes = reader.all
  }

  private mutating func read(_ match: Match) throws(DecodeError) {
    words += match.words
    fault = match.fault
  }

  private mutating func readGeneration(_ reader: inout AttributeReader, isNeeded: Bool) {
    if let generation = reader.u64(.generation) {
      words += " at generation \(generation)"
    } else if isNeeded {
      fault = "GENERATION is missing; expected that of the ruleset which is to go"
    }
  }

  private mutating func readTerms(_ reader: inout AttributeReader) {
    if let seconds = reader.u32(.forSeconds) {
      words += " for \(seconds)s"
      fault = fault ?? LaneEdit.fault("FOR", seconds, Limit.forSeconds)
    }
    guard let comment = reader.string(.comment), !comment.isEmpty else { return }
    words += " comment \"\(comment)\""
    if let wrong = CommentForm.fault(comment) {
      fault = fault ?? "COMMENT \(wrong.problem); expected \(wrong.expected)"
    }
  }

  private mutating func readAnswer(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let question = reader.u64(.question) else { throw .missing(.question) }
    let action = try reader.action()
    words = "answer \(question) \(action.phrase)"
    if question == 0 {
      fault = "QUESTION 0 does not exist; expected 1 to \(UInt64.max)"
    } else if action == .ask {
      fault = "ACTION: ask is no answer; expected allow, block, reject"
    }
    let isAlways = reader.flag(.always)
    if isAlways { words += " always" }
    guard let seconds = reader.u32(.forSeconds) else { return }
    guard !isAlways else { throw .unexpected(.forSeconds) }
    words += " for \(seconds)s"
    fault = fault ?? LaneEdit.fault("FOR", seconds, Limit.forSeconds)
  }

  private static func fault(_ name: StaticString, _ seconds: UInt32, _ most: Int) -> Phrase? {
    if seconds >= 1, Int(seconds) <= most { return nil }
    return "\(name) \(seconds) is out of range; expected 1 to \(most) seconds"
  }
}

extension Flag {
  fileprivate func phrase(of value: UInt64) -> Phrase {
    values.flatMap { list in
      UInt32(exactly: value).flatMap { Words.phrase(list, $0) }
    } ?? "\(value)"
  }

  fileprivate func fault(_ value: UInt64) -> Phrase? {
    let begin: Phrase = "VALUE: flag \(phrase) does not take \(value); expected"
    if let range {
      return range.contains(value)
        ? nil : "\(begin) \(range.lowerBound) to \(range.upperBound)"
    }
    guard let list = values else { return "FLAG \(phrase) is only read" }
    if let number = UInt32(exactly: value), Words.phrase(list, number) != nil { return nil }
    var words: Phrase = ""
    var taken: [UInt32] = []
    // No list of a flag's has a number beyond.
    for number: UInt32 in 0...255 {
      guard let word = Words.phrase(list, number) else { continue }
      words += taken.isEmpty ? word : ", \(word)"
      taken.append(number)
    }
    return "\(begin) \(words) (\(taken.first ?? 0) to \(taken.last ?? 0))"
  }
}
