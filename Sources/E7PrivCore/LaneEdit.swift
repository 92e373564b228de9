// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
public import CE7Schema
public import E7Lane
public import E7Text

/// An edit of a lane's: each attribute is one of its command's, of its type, and has a value that
/// there is.
///
/// What they mean together the module judges, as it must for whoever else speaks to it.  It gets the
/// attributes that were read here, each as it came.
public struct LaneEdit: Sendable {
  /// The command that carries it.
  public let type: MessageType
  /// Its attributes.
  public let attributes: [UInt8]
  /// It in the words of the schema, for the log; bytes of a path or comment as they came.
  public private(set) var words: Phrase
  /// What is wrong with its values and what was expected, or nil.
  public private(set) var fault: Phrase?

  /// Reads the attributes of an edit of `type`; every attribute must belong to it.
  public init(_ type: MessageType, _ reader: AttributeReader) throws(DecodeError) {
    guard type.isEdit else { throw .unknownType(type.rawValue) }
    self.type = type
    attributes = reader.all
    words = type.phrase
    for attribute in reader.attributes {
      // It is for a socket that several share: this process says it where it must.
      guard attribute != .direct, e7_takes(UInt32(type.rawValue), UInt32(attribute.rawValue))
      else { throw .unexpected(attribute) }
    }
    for attribute in LaneEdit.needed(type, reader) where !reader.has(attribute) {
      throw .missing(attribute)
    }
    var reader = reader
    for attribute in reader.attributes {
      words += " \(attribute.phrase)"
      guard let value = reader.take(attribute), !value.isEmpty else { continue }
      words += "="
      words += try read(attribute, value, &reader)
    }
  }

  /// What it does not go without.
  private static func needed(_ type: MessageType, _ reader: AttributeReader) -> [Attribute] {
    switch type {
    case .ruleAdd: [.action]
    case .flagSet: [.flag, .value]
    case .answer: [.question, .action]
    // Blindly it would take with it what somebody else has just added.
    case .ruleClear: reader.has(.action) ? [] : [.generation]
    case .begin: reader.has(.replace) ? [.generation] : []
    default: []
    }
  }

  /// One attribute's value in words; what is wrong with it becomes the edit's fault.
  private mutating func read(
    _ attribute: Attribute, _ value: ArraySlice<UInt8>, _ reader: inout AttributeReader
  ) throws(DecodeError) -> Phrase {
    switch attribute {
    case .path:
      let path = Array(value.dropLast())
      if !path.isEmpty, let wrong = PathForm.fault(path) {
        blame("PATH \(wrong.problem); expected \(wrong.expected)")
      }
      return Phrase(path)
    case .comment: return Phrase(Array(value.dropLast()))
    case .remote: return LaneEdit.address(Array(value))
    default: break
    }
    guard let number = reader.u64(attribute) else { throw .malformed(attribute) }
    switch attribute {
    case .flag:
      guard let flag = Flag(wire: UInt8(truncatingIfNeeded: number)) else {
        throw .outOfRange(.flag)
      }
      return flag.phrase
    case .value:
      guard let flag = reader.u64(.flag).flatMap({ Flag(wire: UInt8(truncatingIfNeeded: $0)) })
      else { throw .outOfRange(.flag) }
      if let wrong = flag.fault(number) { blame(wrong) }
      return flag.values.flatMap { Words.phrase($0, number) } ?? "\(number)"
    case .prot: return Words.phrase(.namedProtocol, number) ?? "\(number)"
    case .action, .direction, .programClass:
      let list: WordList =
        attribute == .action ? .action : attribute == .direction ? .direction : .programClass
      guard let word = Words.phrase(list, number) else { throw .outOfRange(attribute) }
      return word
    case .forSeconds: check("FOR", number, Limit.forSeconds)
    case .confirmSeconds: check("CONFIRM", number, Limit.confirmSeconds)
    default: break
    }
    return "\(number)"
  }

  private mutating func check(_ name: StaticString, _ seconds: UInt64, _ most: Int) {
    if seconds < 1 || seconds > UInt64(most) {
      blame("\(name) \(seconds) is out of range; expected 1 to \(most) seconds")
    }
  }

  private mutating func blame(_ wrong: Phrase) { fault = fault ?? wrong }

  private static func address(_ bytes: [UInt8]) -> Phrase {
    var text = [CChar](repeating: 0, count: Int(E7_ADDRESS_TEXT))
    guard unsafe e7_address_text(bytes, bytes.count, &text) else { return "?" }
    return Phrase(text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
  }
}

extension Flag {
  fileprivate func fault(_ value: UInt64) -> Phrase? {
    let begin: Phrase = "VALUE: flag \(phrase) does not take \(value); expected"
    if let range {
      return range.contains(value)
        ? nil : "\(begin) \(range.lowerBound) to \(range.upperBound)"
    }
    guard let list = values else { return "FLAG \(phrase) is only read" }
    if Words.phrase(list, value) != nil { return nil }
    var words: Phrase = ""
    var taken: [UInt64] = []
    // No list of a flag's has a number beyond.
    for number: UInt64 in 0...255 {
      guard let word = Words.phrase(list, number) else { continue }
      words += taken.isEmpty ? word : ", \(word)"
      taken.append(number)
    }
    return "\(begin) \(words) (\(taken.first ?? 0) to \(taken.last ?? 0))"
  }
}
