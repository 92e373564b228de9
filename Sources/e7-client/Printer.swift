// SPDX-License-Identifier: GPL-2.0-or-later
import E7Console
import E7IPC
import E7Rules

/// Shows records on standard output, as text for people or as JSON.
struct Printer {
  /// One JSON object a line.
  let isJSON: Bool
  private let names: Names
  private var text = ToldText(utcOffset: 0)

  init(isJSON: Bool, names: Names) {
    self.isJSON = isJSON
    self.names = names
  }

  func flags(_ flags: [FlagValue]) {
    Standard.print(flags.map(isJSON ? JSONText.flag : Listing.flag))
  }

  func statistics(_ values: [StatisticValue]) {
    Standard.print(isJSON ? values.map(JSONText.statistic) : StatisticsText.lines(values))
  }

  func rules(_ rules: [Rule], _ outcome: Outcome) {
    Standard.print(rules.map { isJSON ? JSONText.rule($0) : Listing.rule($0, names: names) })
    if isJSON { Standard.print([JSONText.outcome(outcome)]) }
  }

  func commands(_ commands: [Command]) {
    Standard.print(
      commands.map { command in
        isJSON
          ? JSONText.command(command, names: names) : Listing.command(command, names: names)
      })
  }

  func decision(_ decision: Decision, _ outcome: Outcome) {
    guard isJSON else { return Standard.print(decision.lines(names: names)) }
    Standard.print([JSONText.decision(decision)])
    rules(decision.rules, outcome)
  }

  func shadowed(_ all: [Shadowed], _ outcome: Outcome) {
    guard isJSON else { return Standard.print(all.flatMap { $0.lines(names: names) }) }
    Standard.print(all.map(JSONText.shadowed) + [JSONText.outcome(outcome)])
  }

  /// What became of an edit; as text only to somebody who types.
  func outcome(_ outcome: Outcome, toPerson: Bool) {
    if isJSON {
      Standard.print([JSONText.outcome(outcome)])
    } else if toPerson {
      var parts: [String] = []
      if let id = outcome.id { parts.append("rule \(id)") }
      if let generation = outcome.generation { parts.append("generation \(generation)") }
      Standard.print([parts.isEmpty ? "ok" : "ok: " + parts.joined(separator: ", ")])
    }
  }

  /// That a load is on trial, for so many seconds yet; where it begins also what is to be done.
  func trial(_ seconds: UInt32, begins: Bool = false) {
    guard !isJSON else { return Standard.print([JSONText.trial(seconds)]) }
    guard begins else { return Standard.print([Listing.trial(seconds)]) }
    let end = Standard.now + UInt64(seconds) * 1_000_000_000
    let time = TimeText.clock(end, utcOffset: Standard.utcOffset)
    Standard.print([
      "on trial for \(seconds) s, until \(time): 'confirm' keeps it, 'revert' takes it back at "
        + "once, and without either it goes back by itself"
    ])
  }

  /// That the kernel lacks what would keep the daemons from files besides.
  func noLandlock() {
    let words =
      "this kernel has no Landlock: seccomp and their users alone keep e7's daemons from files"
    Standard.print([isJSON ? JSONText.noLandlock : "# \(words)"])
  }

  func questions(_ events: [Event], _ outcome: Outcome) {
    if isJSON {
      Standard.print(events.map { JSONText.told(.event($0)) } + [JSONText.outcome(outcome)])
    } else {
      var text = ToldText(utcOffset: Standard.utcOffset)
      Standard.print(events.flatMap { text.lines(.event($0), now: Standard.now) })
    }
  }

  mutating func told(_ told: Told) {
    guard !isJSON else { return Standard.print([JSONText.told(told)]) }
    text.utcOffset = Standard.utcOffset
    Standard.print(text.lines(told, now: Standard.now))
  }
}
