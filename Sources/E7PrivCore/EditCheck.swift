// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
public import E7IPC

extension Edit {
  /// What is wrong with the values of this edit and what was expected, or nil.
  public var fault: String? {
    switch self {
    case .add(_, let match), .remove(let match): match.fault
    case .set(let flag, let value): flag.fault(value)
    case .removeID, .clear, .begin, .commit, .abort: nil
    }
  }
}

extension Match {
  fileprivate var fault: String? {
    if prot > NamedProtocol.any.rawValue {
      return "protocol \(prot) does not exist; expected 0 to 255, or 256 for any"
    }
    if let programClass {
      if !ProgramClass.ofRules.contains(programClass) {
        let words = ProgramClass.ofRules.map(\.word).joined(separator: ", ")
        return "rules do not name class \(programClass.word); expected \(words), or a path alone"
      }
      if !path.isEmpty && !programClass.takesPath {
        return "class \(programClass.word) takes no path; expected the class alone"
      }
    }
    if path.isEmpty { return nil }
    guard let fault = PathForm.fault(path) else { return nil }
    return "the path \(fault.problem); expected \(fault.expected)"
  }
}

extension Flag {
  fileprivate func fault(_ value: UInt64) -> String? {
    guard let list = values else { return "flag \(alias) is only read" }
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
    return "flag \(alias) does not take \(value); expected \(words) (\(least) to \(most))"
  }
}
