// SPDX-License-Identifier: GPL-2.0-or-later
package import E7IPC
package import E7Rules

/// What a file of commands does, in order.
package enum Script {
  /// An edit and the line that asks for it.
  package struct Line: Equatable, Sendable {
    /// Counted from 1.
    package let number: Int
    /// The change.
    package let edit: Edit

    /// The edits of a command that stands on this line.
    package static func all(_ number: Int, _ command: Command) -> [Line] {
      command.edits.map { Line(number: number, edit: $0) }
    }

    /// The edits that make up a ruleset, from no rules.
    package static func all(_ ruleset: Ruleset) -> [Line] {
      ruleset.rules.map { line in
        let rule = line.rule
        return Line(number: line.number, edit: .add(rule.action, rule.match, rule.terms))
      }
    }
  }

  /// One thing after the other.
  package enum Step: Equatable, Sendable {
    /// Edits of rules that stand between two other commands: they take effect as one change.
    case rules([Line])
    /// Any other command.
    case command(RulesFile.Entry)
  }

  /// The steps of a file, up to its `quit`.
  ///
  /// A flag or a question between rules ends their change, so that it sees what stands before it.
  package static func steps(_ entries: [RulesFile.Entry]) -> [Step] {
    var steps: [Step] = []
    var rules: [Line] = []
    func close() {
      if !rules.isEmpty { steps.append(.rules(rules)) }
      rules = []
    }
    for entry in entries {
      if entry.command == .quit { break }
      if entry.command.changesRules {
        rules += Line.all(entry.line, entry.command)
      } else {
        close()
        steps.append(.command(entry))
      }
    }
    close()
    return steps
  }
}
