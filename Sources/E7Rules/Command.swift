// SPDX-License-Identifier: GPL-2.0-or-later
public import CE7Schema
public import E7IPC

/// A command of the rule language.
public enum Command: Equatable, Sendable {
  /// Adds the rule, or changes the action of the rule with this match.
  case rule(Action, Match)
  /// Removes all rules, or those with this action.
  case clear(Action?)
  /// Removes the one rule with exactly this match.
  case remove(Match)
  /// Removes the rule with this number, 1 or more.
  case removeID(UInt64)
  /// Sets a flag to a value of its kind.
  case set(Flag, UInt64)
  /// Shows one flag, or all.
  case get(Flag?)
  /// Shows the mode and the rules, or the rules that carry the words.
  case query(Filter)
  /// Shows the statistics.
  case statistics
  /// Events and notices from now on.
  case events
  /// No more events; the console stays.
  case disconnect
  /// Ends the console.
  case quit

  /// Reads one line, without its line feed; nil where it is empty or a comment.
  public static func parse(line: [UInt8]) throws(SyntaxError) -> Command? {
    var reader = try WordReader(line: line)
    return try Grammar.command(&reader)
  }

  /// Reads words that are split already: a blank, a quote or a `#` in one is an ordinary character.
  ///
  /// Nil where there are none.
  public static func parse(words: [[UInt8]]) throws(SyntaxError) -> Command? {
    var reader = WordReader(words: words)
    return try Grammar.command(&reader)
  }

  /// The change that this command asks for, nil for a command that changes nothing in the kernel.
  public var edit: Edit? {
    switch self {
    case .rule(let action, let match): .add(action, match)
    case .clear(let action): .clear(action, generation: nil)
    case .remove(let match): .remove(match)
    case .removeID(let id): .removeID(id)
    case .set(let flag, let value): .set(flag, value)
    case .get, .query, .statistics, .events, .disconnect, .quit: nil
    }
  }

  /// Whether this command adds or removes rules.
  public var changesRules: Bool {
    switch self {
    case .rule, .clear, .remove, .removeID: true
    case .set, .get, .query, .statistics, .events, .disconnect, .quit: false
    }
  }
}
