// SPDX-License-Identifier: GPL-2.0-or-later
public import CE7Schema
public import E7IPC

/// Rules and flags as lines of the rule language, which read back to the same.
///
/// No line holds a line feed or a byte that a terminal obeys.
public enum Listing {
  /// A rule in force, its number as a comment: `allow tcp /usr/bin/curl  # id 3`.
  ///
  /// A rule that is not in force yet has no number.
  public static func rule(_ rule: Rule) -> String {
    let text = command(.rule(rule.action, rule.match))
    return rule.id == 0 ? text : "\(text)  # id \(rule.id)"
  }

  /// A flag as the command that sets it; one that is only read as a comment: `# uptime = 42`.
  public static func flag(_ value: FlagValue) -> String {
    value.flag.values == nil
      ? "# \(value.flag.alias) = \(value.value)" : command(.set(value.flag, value.value))
  }

  /// A statistic as a comment, since it is only read: `# learnt = 42`.
  public static func statistic(_ value: StatisticValue) -> String {
    "# \(value.statistic.word) = \(value.value)"
  }

  /// A command in its canonical form.
  public static func command(_ command: Command) -> String {
    switch command {
    case .rule(let action, let match): line([word(action)] + words(Filter(match)))
    case .clear(nil): "clear"
    case .clear(let action?): "clear " + word(action)
    case .remove(let match): line(["clear"] + words(Filter(match)))
    case .removeID(let id): "clear id \(id)"
    case .set(let flag, let value): "set \(flag.alias) \(self.value(flag, value))"
    case .get(nil): "get"
    case .get(let flag?): "get " + flag.alias
    case .query(let filter):
      line(["query"] + (filter.action.map { [word($0)] } ?? []) + words(filter))
    case .statistics: "stats"
    case .events: "events"
    case .disconnect: "disconnect"
    case .quit: "quit"
    }
  }

  /// A flag's value by its word, or in digits where it has none.
  public static func value(_ flag: Flag, _ value: UInt64) -> String {
    guard let list = flag.values, let number = UInt32(exactly: value) else { return "\(value)" }
    return Words.word(list, number) ?? "\(value)"
  }

  /// An IP protocol by its word, or in digits where it has none.
  public static func prot(_ prot: UInt16) -> String {
    Words.word(.namedProtocol, UInt32(prot)) ?? "\(prot)"
  }

  /// The program of a packet as a rule names it: a path, a class, or class and path; nil where
  /// nothing is known of it.
  public static func program(of event: Event) -> String? {
    var words: [String] = []
    if let programClass = event.programClass, programClass != .host || event.path.isEmpty {
      words.append(programClass.word)
    }
    if !event.path.isEmpty, event.programClass?.isNamedByPath ?? true {
      words.append(Text.word(event.path))
    }
    return words.isEmpty ? nil : line(words)
  }

  /// What a program was called that no path names, a word to tell people; nil for all others.
  public static func formerName(of event: Event) -> String? {
    guard let programClass = event.programClass, !programClass.isNamedByPath, !event.path.isEmpty
    else { return nil }
    return Text.word(event.path)
  }

  private static func word(_ action: Action) -> String {
    Words.word(.action, UInt32(action.rawValue)) ?? "\(action.rawValue)"
  }

  private static func words(_ filter: Filter) -> [String] {
    Clause.all.flatMap { $0.words(filter) }
  }

  private static func line(_ words: [String]) -> String { words.joined(separator: " ") }
}
