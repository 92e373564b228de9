// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Schema
package import E7IPC

/// Rules and flags as lines of the rule language, which read back to the same.
///
/// No line holds a line feed or a byte that a terminal obeys.
package enum Listing {
  /// A rule in force; its number and what it did stand in a comment:
  /// `allow tcp /usr/bin/curl  # id 3, 12 hits, last 2026-11-23T05:00:00Z`.
  ///
  /// A rule that is not in force yet has no number.  A user is a number where there are no `names`.
  package static func rule(_ rule: Rule, names: Names? = nil) -> String {
    let text = command(.rule(rule.action, [rule.match], rule.terms), names: names)
    guard rule.id != 0 else { return text }
    let hits = rule.hits == 1 ? "1 hit" : "\(rule.hits) hits"
    let last = rule.lastHit.map { ", last " + TimeText.seconds($0) } ?? ""
    return "\(text)  # id \(rule.id), \(hits)\(last)"
  }

  /// A flag as the command that sets it; one that is only read as a comment: `# uptime = 42`.
  package static func flag(_ value: FlagValue) -> String {
    value.flag.isSettable
      ? command(.set(value.flag, value.value)) : "# \(value.flag.alias) = \(value.value)"
  }

  /// A statistic as a comment, since it is only read: `# learnt = 42`.
  package static func statistic(_ value: StatisticValue) -> String {
    "# \(value.statistic.word) = \(value.value)"
  }

  /// That a load is on trial, as a comment: `# on trial: goes back in 42 s unless confirmed`.
  package static func trial(_ seconds: UInt32) -> String {
    "# on trial: goes back in \(seconds) s unless confirmed"
  }

  /// A command in its canonical form.
  package static func command(_ command: Command, names: Names? = nil) -> String {
    switch command {
    case .rule(let action, let matches, let terms):
      line([word(action)] + words(Filter(matches, terms), names))
    case .clear(nil): "clear"
    case .clear(let action?): "clear " + word(action)
    case .remove(let matches): line(["clear"] + words(Filter(matches), names))
    case .removeID(let id): "clear id \(id)"
    case .answer(let question, let action, let lasting):
      line(["answer", "\(question)", word(action)] + words(lasting))
    case .questions: "questions"
    case .set(let flag, let value): "set \(flag.alias) \(self.value(flag, value))"
    case .get(nil): "get"
    case .get(let flag?): "get " + flag.alias
    case .query(let filter):
      line(["query"] + (filter.action.map { [word($0)] } ?? []) + words(filter, names))
    case .load(let file, let seconds):
      "load " + (seconds.map { "--confirm \($0) " } ?? "") + Text.word(file)
    case .confirm: "confirm"
    case .revert: "revert"
    case .save(nil): "save"
    case .save(let file?): "save " + Text.word(file)
    case .check(let file): "check " + Text.word(file)
    case .diff(let file): "diff " + Text.word(file)
    case .why(let flow): line(["why"] + words(Filter(flow), names))
    case .whyAll: "why --all"
    case .statistics: "stats"
    case .events: "events"
    case .disconnect: "disconnect"
    case .quit: "quit"
    }
  }

  /// A flag's value by its word, or in digits where it has none.
  package static func value(_ flag: Flag, _ value: UInt64) -> String {
    guard let list = flag.values, let number = UInt32(exactly: value) else { return "\(value)" }
    return Words.word(list, number) ?? "\(value)"
  }

  /// An IP protocol by its word, or in digits where it has none.
  package static func prot(_ prot: UInt16) -> String {
    Words.word(.namedProtocol, UInt32(prot)) ?? "\(prot)"
  }

  /// The ports of the rule that an edit is about; nil where it is about no ports.
  package static func ports(of edit: Edit) -> String? {
    switch edit {
    case .add(_, let match, _), .remove(let match): match.ports.map(PortForm.text)
    default: nil
    }
  }

  /// The program of a packet as a rule names it: a path, a class, or class and path; nil where
  /// nothing is known of it.
  package static func program(of event: Event) -> String? {
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
  package static func formerName(of event: Event) -> String? {
    guard let programClass = event.programClass, !programClass.isNamedByPath, !event.path.isEmpty
    else { return nil }
    return Text.word(event.path)
  }

  /// An action by its word.
  package static func word(_ action: Action) -> String {
    Words.word(.action, UInt32(action.rawValue)) ?? "\(action.rawValue)"
  }

  private static func words(_ lasting: Lasting) -> [String] {
    switch lasting {
    case .once: []
    case .seconds(let seconds): ["for", DurationForm.text(seconds)]
    case .always: ["always"]
    }
  }

  private static func words(_ filter: Filter, _ names: Names?) -> [String] {
    Clause.all.flatMap { $0.words(filter) } + FreeClause.all.flatMap { $0.words(filter, names) }
  }

  private static func line(_ words: [String]) -> String { words.joined(separator: " ") }
}
