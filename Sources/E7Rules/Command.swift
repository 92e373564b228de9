// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Schema
package import E7IPC

/// A command of the rule language.
package enum Command: Equatable, Sendable {
  /// Adds a rule for each match, or changes the rule with it; the matches differ in their ports
  /// alone.
  case rule(Action, [Match], Terms = Terms())
  /// Removes all rules, or those with this action.
  case clear(Action?)
  /// Removes the rules with exactly these matches, which differ in their ports alone.
  case remove([Match])
  /// Removes the rule with this number, 1 or more.
  case removeID(UInt64)
  /// Decides about the flow that is held under this number, 1 or more; the action is not `ask`.
  case answer(UInt64, Action, Lasting)
  /// Shows the flows that are held for an answer.
  case questions
  /// Sets a flag to a value of its kind.
  case set(Flag, UInt64)
  /// Shows one flag, or all.
  case get(Flag?)
  /// Shows the mode and the rules, or the rules that carry the words.
  case query(Filter)
  /// Replaces all rules by those of this file, and sets its flags; `-` is standard input, here and
  /// below.
  ///
  /// With seconds, 1 to `Limit.confirmSeconds`, all that goes back after them unless it is
  /// confirmed.
  case load([UInt8], confirm: UInt32? = nil)
  /// Keeps a load that is on trial.
  case confirm
  /// Takes it back at once.
  case revert
  /// Writes rules and flags to this file, or where the suite keeps them.
  case save([UInt8]?)
  /// Tells what is wrong with this file.
  case check([UInt8])
  /// Shows what `load` would change.
  case diff([UInt8])
  /// Shows which rule decides about this flow, and which ones it beats.
  case why(Flow)
  /// Shows the rules that can never decide.
  case whyAll
  /// Shows the statistics.
  case statistics
  /// Events and notices from now on.
  case events
  /// No more events; the console stays.
  case disconnect
  /// Ends the console.
  case quit

  /// Reads one line, without its line feed; nil where it is empty or a comment.
  ///
  /// Users and services are numbers where there are no `names`.
  package static func parse(
    line: [UInt8], names: Names? = nil
  ) throws(SyntaxError) -> Command? {
    var reader = try WordReader(line: line, names: names)
    return try Grammar.command(&reader)
  }

  /// Reads words that are split already: a blank, a quote or a `#` in one is an ordinary character.
  ///
  /// Nil where there are none.
  package static func parse(
    words: [[UInt8]], names: Names? = nil
  ) throws(SyntaxError) -> Command? {
    var reader = WordReader(words: words, names: names)
    return try Grammar.command(&reader)
  }

  /// The changes that this command asks for, which take effect together or not at all; none for a
  /// command that changes nothing in the kernel.
  package var edits: [Edit] {
    switch self {
    case .rule(let action, let matches, let terms): matches.map { .add(action, $0, terms) }
    case .clear(let action): [.clear(action, generation: nil)]
    case .remove(let matches): matches.map { .remove($0) }
    case .removeID(let id): [.removeID(id)]
    case .set(let flag, let value): [.set(flag, value)]
    case .confirm: [.confirm]
    case .revert: [.revert]
    case .answer(let question, let action, let lasting):
      [.answer(question: question, action, lasting)]
    case .questions, .get, .query, .load, .save, .check, .diff, .why, .whyAll, .statistics,
      .events, .disconnect, .quit:
      []
    }
  }

  /// Whether this command adds or removes rules one by one; `load` is a change of its own.
  package var changesRules: Bool {
    switch self {
    case .rule, .clear, .remove, .removeID: true
    case .set, .get, .query, .load, .confirm, .revert, .answer, .questions, .save, .check, .diff,
      .why, .whyAll, .statistics, .events, .disconnect, .quit:
      false
    }
  }
}
