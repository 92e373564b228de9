// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
public import E7IPC

extension Edit {
  /// What is wrong with the values of this edit and what was expected, or nil.
  public var fault: String? {
    switch self {
    case .add(_, let match, let terms): match.fault ?? terms.fault
    case .remove(let match): match.fault
    case .set(let flag, let value): flag.fault(value)
    case .commit(let seconds): seconds.flatMap(Edit.fault(ofConfirm:))
    case .answer(let question, let action, let lasting):
      Edit.fault(ofAnswer: action, to: question) ?? lasting.fault
    // Blindly it would take with it what somebody else has just added.
    case .clear(nil, nil), .begin(replace: true, nil):
      "GENERATION is missing; expected that of the ruleset which is to go"
    case .removeID, .clear, .begin, .abort, .confirm, .revert: nil
    }
  }

  private static func fault(ofConfirm seconds: UInt32) -> String? {
    if seconds >= 1, Int(seconds) <= Limit.confirmSeconds { return nil }
    return "CONFIRM \(seconds) is out of range; expected 1 to \(Limit.confirmSeconds) seconds"
  }

  private static func fault(ofAnswer action: Action, to question: UInt64) -> String? {
    if question == 0 { return "QUESTION 0 does not exist; expected 1 to \(UInt64.max)" }
    return action == .ask ? "ACTION: ask is no answer; expected allow, block, reject" : nil
  }
}

extension Lasting {
  fileprivate var fault: String? {
    if case .seconds(let seconds) = self { return Terms(forSeconds: seconds).fault }
    return nil
  }
}

extension Match {
  fileprivate var fault: String? {
    if prot > NamedProtocol.any.rawValue {
      return "PROT \(prot) does not exist; expected 0 to 255, or 256 for any"
    }
    if let programClass {
      if !ProgramClass.ofRules.contains(programClass) {
        let words = ProgramClass.ofRules.map { $0.word }.joined(separator: ", ")
        return
          "CLASS: rules do not name class \(programClass.word); expected \(words), or a path alone"
      }
      if !path.isEmpty && !programClass.takesPath {
        return "PATH: class \(programClass.word) takes no path; expected the class alone"
      }
    }
    if !path.isEmpty, let fault = PathForm.fault(path) {
      return "PATH \(fault.problem); expected \(fault.expected)"
    }
    if let fault = remote.flatMap(fault(of:)) { return fault }
    if let ports {
      if !Ports.exist(in: prot) {
        return
          "PORT_FIRST: protocol \(prot) has no ports; expected it without PORT_FIRST and PORT_LAST"
      }
      if ports.first > ports.last {
        return "PORT_FIRST \(ports.first) is over PORT_LAST \(ports.last); expected them swapped"
      }
    }
    return uid == .max ? "UID \(UInt32.max) is nobody; expected 0 to \(UInt32.max - 1)" : nil
  }

  private func fault(of remote: Network) -> String? {
    if direction == nil { return "REMOTE stands without DIRECTION; expected both" }
    if Int(remote.prefix) > remote.bits {
      return "PREFIX \(remote.prefix) is longer than REMOTE; expected 0 to \(remote.bits)"
    }
    let text = AddressText.network(remote)
    if AddressText.isMapped(remote.address) {
      return "REMOTE \(text) is an address of IPv4; expected its 4 bytes"
    }
    if remote != remote.masked {
      return "REMOTE \(text) has bits behind PREFIX; expected \(AddressText.network(remote.masked))"
    }
    if !remote.carries(prot) {
      return "REMOTE \(text) is not of protocol \(prot)'s family; expected the other one's"
    }
    return nil
  }
}

extension Terms {
  fileprivate var fault: String? {
    if let forSeconds, forSeconds < 1 || Int(forSeconds) > Limit.forSeconds {
      return "FOR \(forSeconds) is out of range; expected 1 to \(Limit.forSeconds) seconds"
    }
    guard let fault = Terms.fault(ofComment: comment) else { return nil }
    return "COMMENT \(fault.problem); expected \(fault.expected)"
  }
}

extension Flag {
  fileprivate func fault(_ value: UInt64) -> String? {
    if let range {
      return range.contains(value)
        ? nil
        : "VALUE: flag \(alias) does not take \(value); expected \(range.lowerBound) to \(range.upperBound)"
    }
    guard let list = values else { return "FLAG \(alias) is only read" }
    if let number = UInt32(exactly: value), Words.word(list, number) != nil { return nil }
    var words = ""
    var most: UInt16 = 0
    var least = UInt16.max
    for word in Words.all(list) {
      guard let number = Words.number(list, Array(word.utf8)) else { continue }
      words += words.isEmpty ? word : ", \(word)"
      most = max(most, number)
      least = min(least, number)
    }
    return "VALUE: flag \(alias) does not take \(value); expected \(words) (\(least) to \(most))"
  }
}
