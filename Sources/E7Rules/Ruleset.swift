// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
package import E7IPC

/// A whole ruleset, as a rules file says it: rules, each match once, and flags.
///
/// It is what `query` prints and `save` writes, and the order of its lines means nothing.
package struct Ruleset: Equatable, Sendable {
  /// A rule and where it stands.
  package struct Line: Equatable, Sendable {
    /// Counted from 1.
    package let number: Int
    /// The rule, which has no number yet.
    package let rule: Rule
  }

  /// A flag and where it is set.
  package struct Setting: Equatable, Sendable {
    /// Counted from 1.
    package let number: Int
    /// The flag with its value.
    package let value: FlagValue
  }

  /// The rules, in the order of the file.
  package private(set) var rules: [Line] = []
  /// The flags, in the order of the file.
  package private(set) var flags: [Setting] = []

  /// Reads all of a rules file: lines of rules and `set FLAG VALUE`, no other command.
  ///
  /// The error lists every line that is wrong, so that one look mends the file.
  package init(_ bytes: [UInt8], names: Names? = nil) throws(SyntaxErrors) {
    var rules: [Line] = []
    var flags: [Setting] = []
    var lineOfMatch: [Match: Int] = [:]
    var lineOfFlag: [Flag: Int] = [:]
    try RulesFile.read(bytes, names: names) { (number, reader) throws(SyntaxError) in
      guard let first = reader.next, let command = try Grammar.command(&reader) else { return }
      switch command {
      case .rule(let action, let matches, let terms):
        for match in matches {
          if let other = lineOfMatch.updateValue(number, forKey: match) {
            lineOfMatch[match] = other
            throw first.error(
              "\(Ruleset.name(match, of: matches)) stands on line \(other) already",
              expected: "each match once")
          }
          guard rules.count < Limit.rules else {
            throw first.error(
              "the ruleset is too large", expected: "at most \(Limit.rules) rules")
          }
          rules.append(
            Line(number: number, rule: Rule(action: action, match: match, terms: terms)))
        }
      case .set(let flag, let value):
        // `block` alone would be a rule that lost its match, as likely as not.
        guard first.bytes.elementsEqual("set".utf8) else {
          throw first.error(
            "'\(first.excerpt)' alone is no rule",
            expected: "a match behind it, or '\(Listing.command(command))'")
        }
        if let other = lineOfFlag[flag] {
          throw first.error(
            "flag '\(flag.alias)' is set on line \(other) already", expected: "each flag once")
        }
        lineOfFlag[flag] = number
        flags.append(Setting(number: number, value: FlagValue(flag: flag, value: value)))
      default:
        throw first.error(
          "the command '\(first.excerpt)' is not for a rules file",
          expected: "a rule or 'set FLAG VALUE'")
      }
    }
    (self.rules, self.flags) = (rules, flags)
  }

  /// A rule of a line for an error, with its port where the line is one for several.
  private static func name(_ match: Match, of matches: [Match]) -> String {
    guard matches.count > 1, let ports = match.ports else { return "the same match" }
    return "the same match with port \(PortForm.text(ports))"
  }

  /// Rules in force and flags as a file that reads back to the same.
  ///
  /// `nil` for the text where a rule's line would be too long to be read back, which is given then:
  /// a path of thousands of bytes that each need an escape.
  package static func text(
    _ rules: [Rule], _ flags: [FlagValue], names: Names? = nil
  ) -> (text: [UInt8]?, tooLong: Rule?) {
    var text: [UInt8] = []
    for flag in flags where flag.flag.isSettable {
      text += Listing.flag(flag).utf8
      text.append(UInt8(ascii: "\n"))
    }
    for rule in rules {
      let line = Listing.command(.rule(rule.action, [rule.match], rule.terms), names: names)
      guard line.utf8.count <= Limit.line else { return (nil, rule) }
      text += line.utf8
      text.append(UInt8(ascii: "\n"))
    }
    return (text, nil)
  }

  /// The commands that turn these rules and flags in force into this ruleset, as `load` does; none
  /// where it would change nothing.
  ///
  /// Rules that go come first, so that no more are there at any time than before or after.  Of a
  /// rule that ends by itself it does not matter how much time is left.
  package func changes(
    from current: [Rule], _ currentFlags: [FlagValue]
  ) -> [Command] {
    var wanted: [Match: Rule] = [:]
    for line in rules { wanted[line.rule.match] = line.rule }
    var commands: [Command] = []
    var inForce: [Match: Rule] = [:]
    for rule in current {
      inForce[rule.match] = rule
      guard wanted[rule.match] == nil else { continue }
      let command = Command.remove([rule.match])
      let isLong = Listing.command(command).utf8.count > Limit.line
      commands.append(isLong ? .removeID(rule.id) : command)
    }
    for line in rules where !line.rule.saysTheSame(as: inForce[line.rule.match]) {
      commands.append(.rule(line.rule.action, [line.rule.match], line.rule.terms))
    }
    for setting in flags where !currentFlags.contains(setting.value) {
      commands.append(.set(setting.value.flag, setting.value.value))
    }
    return commands
  }
}

extension Rule {
  /// Whether the other one does the same, for as long or until whatever end.
  fileprivate func saysTheSame(as other: Rule?) -> Bool {
    guard let other else { return false }
    return action == other.action && match == other.match
      && terms.comment == other.terms.comment
      && (terms.forSeconds == nil) == (other.terms.forSeconds == nil)
  }
}
