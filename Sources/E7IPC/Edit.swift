// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Schema
package import E7Lane

/// A change that an administrator asks for: what a lane carries and e7-priv sends to the kernel.
package enum Edit: Equatable, Sendable {
  /// Adds the rule, or changes the action and terms of the rule with this match.
  case add(Action, Match, Terms = Terms())
  /// Removes the one rule with exactly this match.
  case remove(Match)
  /// Removes the rule with this number.
  case removeID(UInt64)
  /// Removes all rules, or those with an action; refused where the ruleset is of another generation.
  case clear(Action?, generation: UInt64?)
  /// Sets a flag.
  case set(Flag, UInt64)
  /// Collects the edits that follow; from no rules with `replace`.
  case begin(replace: Bool, generation: UInt64?)
  /// Puts the collected edits in force as one change; with seconds it goes back after them unless
  /// it is confirmed.
  case commit(confirm: UInt32? = nil)
  /// Forgets the collected edits.
  case abort
  /// A change that goes back unless it is confirmed stays.
  case confirm
  /// It goes back at once.
  case revert
  /// Decides about the flow that is held under this number.
  case answer(question: UInt64, Action, Lasting)

  /// The command that carries this edit.
  package var type: MessageType {
    switch self {
    case .add: .ruleAdd
    case .remove, .removeID: .ruleDel
    case .clear: .ruleClear
    case .set: .flagSet
    case .begin: .begin
    case .commit: .commit
    case .abort: .abort
    case .confirm: .confirm
    case .revert: .revert
    case .answer: .answer
    }
  }

  /// Reads the attributes of an edit of `type`; every attribute must belong to it.
  package init(_ type: MessageType, _ reader: inout AttributeReader) throws(DecodeError) {
    switch type {
    case .ruleAdd:
      self = .add(try reader.action(), try Match(&reader), Terms(&reader))
    case .ruleDel:
      if let id = reader.u64(.id) {
        self = .removeID(id)
      } else {
        self = .remove(try Match(&reader))
      }
    case .ruleClear:
      var action: Action?
      if let number = reader.u8(.action) {
        guard let known = Action(wire: number) else { throw .outOfRange(.action) }
        action = known
      }
      self = .clear(action, generation: reader.u64(.generation))
    case .flagSet:
      guard let number = reader.u8(.flag) else { throw .missing(.flag) }
      guard let flag = Flag(wire: number) else { throw .outOfRange(.flag) }
      guard let value = reader.u64(.value) else { throw .missing(.value) }
      self = .set(flag, value)
    case .begin:
      self = .begin(replace: reader.flag(.replace), generation: reader.u64(.generation))
    case .commit:
      self = .commit(confirm: reader.u32(.confirmSeconds))
    case .abort:
      self = .abort
    case .confirm:
      self = .confirm
    case .revert:
      self = .revert
    case .answer:
      guard let question = reader.u64(.question) else { throw .missing(.question) }
      self = .answer(question: question, try reader.action(), try Lasting(&reader))
    default:
      throw .unknownType(type.rawValue)
    }
    try reader.finish()
  }

  /// Writes the attributes of this edit.
  package func write(_ writer: inout AttributeWriter) {
    switch self {
    case .add(let action, let match, let terms):
      writer.u8(.action, UInt8(action.rawValue))
      match.write(&writer)
      terms.write(&writer)
    case .remove(let match):
      match.write(&writer)
    case .removeID(let id):
      writer.u64(.id, id)
    case .clear(let action, let generation):
      if let action { writer.u8(.action, UInt8(action.rawValue)) }
      if let generation { writer.u64(.generation, generation) }
    case .set(let flag, let value):
      writer.u8(.flag, UInt8(flag.rawValue))
      writer.u64(.value, value)
    case .begin(let replace, let generation):
      if replace { writer.flag(.replace) }
      if let generation { writer.u64(.generation, generation) }
    case .commit(let seconds):
      if let seconds { writer.u32(.confirmSeconds, seconds) }
    case .abort, .confirm, .revert:
      break
    case .answer(let question, let action, let lasting):
      writer.u64(.question, question)
      writer.u8(.action, UInt8(action.rawValue))
      lasting.write(&writer)
    }
  }
}
