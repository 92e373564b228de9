// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Console
import E7IPC
import E7Rules

/// What became of an edit whose lane was lost before its answer: the rules in force tell.
extension Session {
  /// The outcome of an edit that was sent, found out by looking.
  func aftermath(of edit: Edit) throws(Failure) -> Outcome {
    guard let isDone = try holds(edit) else {
      throw Failure(.failed, "outcome unknown: connection lost")
    }
    guard isDone else { throw Failure(.failed, "nothing was changed: connection lost") }
    return Outcome()
  }

  /// The outcome of edits that take effect together, begun from rules of this generation.
  func aftermath(of edits: [Edit], from generation: UInt64) throws(Failure) -> Outcome {
    let now = try status().generation
    guard now != generation else {
      throw Failure(.failed, "nothing was changed: connection lost")
    }
    for edit in edits {
      guard try holds(edit) == true else {
        throw Failure(.failed, "outcome unknown, others change rules too: connection lost")
      }
    }
    return Outcome(generation: now)
  }

  /// Whether things are as the edit makes them; nil where nothing shows it.
  private func holds(_ edit: Edit) throws(Failure) -> Bool? {
    switch edit {
    case .set(let flag, let value):
      return try flags(flag).first?.value == value
    case .add(let action, let match, let terms):
      return try rules().contains {
        $0.match == match && $0.action == action && $0.terms.comment == terms.comment
      }
    case .remove(let match):
      return try !rules().contains { $0.match == match }
    case .removeID(let id):
      return try !rules().contains { $0.id == id }
    case .clear(let action, _):
      return try !rules().contains { action == nil || $0.action == action }
    default:
      return nil
    }
  }

  private func rules() throws(Failure) -> [Rule] { try rules(Filter()).0 }
}
