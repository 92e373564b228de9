// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
public import E7IPC

extension Edit {
  /// The edit in the words of the rule language, for the log; the bytes of a path or comment are as
  /// they came.
  public var words: [UInt8] {
    switch self {
    case .add(let action, let match, let terms): action.word + match.words + terms.words
    case .remove(let match): Array("clear".utf8) + match.words
    case .removeID(let id): Array("clear id \(id)".utf8)
    case .clear(let action, let generation):
      Array("clear".utf8) + (action.map { [32] + $0.word } ?? []) + guarded(generation)
    case .set(let flag, let value):
      Array("set \(flag.alias) \(flag.words(value))".utf8)
    case .begin(let replace, let generation):
      Array((replace ? "begin replace" : "begin").utf8) + guarded(generation)
    case .commit(nil): Array("commit".utf8)
    case .commit(let seconds?): Array("commit on trial for \(seconds)s".utf8)
    case .abort: Array("abort".utf8)
    case .confirm: Array("confirm".utf8)
    case .revert: Array("revert".utf8)
    case .answer(let question, let action, let lasting):
      Array("answer \(question) ".utf8) + action.word + lasting.words
    }
  }

  private func guarded(_ generation: UInt64?) -> [UInt8] {
    guard let generation else { return [] }
    return Array(" at generation \(generation)".utf8)
  }
}

extension Action {
  fileprivate var word: [UInt8] {
    Array((Words.word(.action, UInt32(rawValue)) ?? "\(rawValue)").utf8)
  }
}

extension Match {
  fileprivate var words: [UInt8] {
    var words = Array((isQuick ? " quick " : " ").utf8)
    words += (Words.word(.namedProtocol, UInt32(prot)) ?? "\(prot)").utf8
    if let programClass { words += (" " + programClass.word).utf8 }
    if !path.isEmpty {
      words.append(32)
      words += path
    }
    words += clauses.utf8
    return words
  }

  private var clauses: String {
    var clauses = ""
    if let direction, remote == nil {
      clauses += " " + (Words.word(.direction, UInt32(direction.rawValue)) ?? "")
    }
    if let remote {
      clauses += (direction == .incoming ? " from " : " to ") + AddressText.network(remote)
    }
    if let ports {
      clauses += " port \(ports.first)" + (ports.first == ports.last ? "" : "-\(ports.last)")
    }
    if let uid { clauses += " user \(uid)" }
    return clauses
  }
}

extension Lasting {
  fileprivate var words: [UInt8] {
    switch self {
    case .once: []
    case .seconds(let seconds): Array(" for \(seconds)s".utf8)
    case .always: Array(" always".utf8)
    }
  }
}

extension Terms {
  fileprivate var words: [UInt8] {
    Array((forSeconds.map { " for \($0)s" } ?? "").utf8)
      + (comment.isEmpty ? [] : Array(" comment \"".utf8) + comment + [34])
  }
}

extension Flag {
  fileprivate func words(_ value: UInt64) -> String {
    guard let list = values, let number = UInt32(exactly: value) else { return "\(value)" }
    return Words.word(list, number) ?? "\(value)"
  }
}
