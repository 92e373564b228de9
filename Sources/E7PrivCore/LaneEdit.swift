// SPDX-License-Identifier: GPL-2.0-or-later

/// An edit of a lane's: each attribute is one of its command's, and has a value that there is.
///
/// What they mean together the module judges, as it must for whoever else speaks to it.  It gets the
/// attributes that were read here, each as it came.
package struct LaneEdit: Sendable {
  package let type: MessageType
  package let attributes: [UInt8]
  /// It in the words of the schema, for the log, as far as it was read; bytes of a path or comment
  /// as they came.
  package private(set) var words: Phrase
  /// What is wrong with it and what was expected, or nil.
  package private(set) var fault: Outcome?

  package init(_ type: MessageType, _ reader: AttributeReader) {
    self.type = type
    attributes = reader.all
    words = type.phrase
    guard type.isEdit else {
      fault = Outcome(EOPNOTSUPP, "a lane takes edits; ask the broker for all else")
      return
    }
    do throws(DecodeError) {
      var index = 0
      while let (attribute, payload) = try reader.next(&index) {
        if attribute == .pad { continue }
        // DIRECT is for a socket that several share: this process says it where it must.
        guard attribute != .direct, e7_takes(UInt32(type.rawValue), UInt32(attribute.rawValue))
        else { throw .unexpected(attribute) }
        words += " \(attribute.phrase)"
        if !payload.isEmpty { words += "=\(try read(attribute, payload, reader))" }
      }
      if let attribute = LaneEdit.missing(type, reader) { throw .missing(attribute) }
    } catch { fault = Outcome(EINVAL, error.phrase) }
  }

  /// The attributes, with the one of what takes effect at once, beside the transaction that is open.
  var direct: [UInt8] {
    var writer = AttributeWriter(after: attributes)
    writer.flag(.direct)
    return writer.bytes
  }

  /// What it does not go without.
  private static func missing(_ type: MessageType, _ reader: AttributeReader) -> Attribute? {
    let needed: (Attribute, Attribute)
    switch type {
    case .ruleAdd: needed = (.action, .action)
    case .flagSet: needed = (.flag, .value)
    case .answer: needed = (.question, .action)
    // Blindly it would take with it what somebody else has just added.
    case .ruleClear where !reader.has(.action), .begin where reader.has(.replace):
      needed = (.generation, .generation)
    default: return nil
    }
    return !reader.has(needed.0) ? needed.0 : !reader.has(needed.1) ? needed.1 : nil
  }

  /// One attribute's value in words; what is wrong with it becomes the edit's fault.
  private mutating func read(
    _ attribute: Attribute, _ payload: Range<Int>, _ reader: AttributeReader
  ) throws(DecodeError) -> Phrase {
    let number = reader.value(payload)
    switch attribute {
    case .path, .comment:
      let text = reader.bytes(payload.dropLast())
      if attribute == .path, !text.isEmpty, let wrong = PathFault.of(text)?.words {
        blame("PATH \(wrong.problem); expected \(wrong.expected)")
      }
      return Phrase(text)
    case .remote: return Phrase(address: reader.bytes(payload))
    case .flag: return try flag(number).phrase
    case .value:
      var reader = reader
      guard let named = reader.u64(.flag) else { throw .missing(.flag) }
      return judge(number, of: try flag(named))
    case .prot: return Words.phrase(.namedProtocol, number) ?? "\(number)"
    case .action: return try word(.action, number, attribute)
    case .direction: return try word(.direction, number, attribute)
    case .programClass: return try word(.programClass, number, attribute)
    case .forSeconds: check("FOR", number, Limit.forSeconds)
    case .confirmSeconds: check("CONFIRM", number, Limit.confirmSeconds)
    default: break
    }
    return "\(number)"
  }

  private func word(
    _ list: WordList, _ number: UInt64, _ attribute: Attribute
  ) throws(DecodeError) -> Phrase {
    guard let word = Words.phrase(list, number) else { throw .outOfRange(attribute) }
    return word
  }

  private func flag(_ number: UInt64) throws(DecodeError) -> Flag {
    guard let flag = Flag(wire: UInt8(truncatingIfNeeded: number)) else { throw .outOfRange(.flag) }
    return flag
  }

  private mutating func judge(_ value: UInt64, of flag: Flag) -> Phrase {
    let form = e7_flag(UInt32(flag.rawValue))
    if form.most < form.least {
      blame("FLAG \(flag.phrase) is only read")
    } else if value < form.least || value > form.most {
      blame(
        "VALUE: flag \(flag.phrase) does not take \(value); expected \(form.least) to \(form.most)")
    }
    // The kind of a flag that takes words is their list.
    let list = WordList(rawValue: UInt16(clamping: form.kind))
    return list.flatMap { Words.phrase($0, value) } ?? "\(value)"
  }

  private mutating func check(_ name: StaticString, _ seconds: UInt64, _ most: Int) {
    if seconds < 1 || seconds > most {
      blame("\(name) \(seconds) is out of range; expected 1 to \(most) seconds")
    }
  }

  private mutating func blame(_ wrong: Phrase) { fault = fault ?? Outcome(EINVAL, wrong) }
}

extension Phrase {
  fileprivate init(address bytes: [UInt8]) {
    var text = [UInt8](repeating: 0, count: Int(E7_ADDRESS_TEXT))
    _ = unsafe e7_address_text(bytes, bytes.count, &text)
    self.init(Array(text.prefix { $0 != 0 }))
  }
}
