// SPDX-License-Identifier: GPL-2.0-or-later
package import E7IPC
package import E7Rules
import FoundationEssentials

/// Records as JSON, one object a line, its keys in order.
package enum JSONText {
  /// A rule in force.
  package static func rule(_ rule: Rule) -> String { line(JSONRule(rule)) }

  /// A flag with its value.
  package static func flag(_ value: FlagValue) -> String { line(JSONFlag(value)) }

  /// A statistic with its value.
  package static func statistic(_ value: StatisticValue) -> String { line(JSONStatistic(value)) }

  /// A rule that never decides, and the one that takes its flows.
  package static func shadowed(_ shadowed: Shadowed) -> String { line(JSONShadowed(shadowed)) }

  /// What decides about a flow, before the rules that match it.
  package static func decision(_ decision: Decision) -> String { line(JSONDecision(decision)) }

  /// That the kernel has no Landlock.
  package static var noLandlock: String { line(JSONLandlock(version: 0)) }

  /// That a load is on trial, and for how many seconds yet.
  package static func trial(_ seconds: UInt32) -> String { line(JSONTrial(seconds: seconds)) }

  /// A command of the rule language.
  package static func command(_ command: Command, names: Names) -> String {
    line(JSONCommand(line: Listing.command(command, names: names)))
  }

  /// The end of an answer.
  package static func outcome(_ outcome: Outcome) -> String { line(JSONOutcome(outcome)) }

  /// What came without being asked for.
  package static func told(_ told: Told) -> String {
    switch told {
    case .event(let event): line(JSONEvent(event))
    case .notice(let notice): line(JSONNotice(notice))
    case .gap(let gap): line(JSONGap(lost: gap.lost))
    }
  }

  private static func line(_ record: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Strings and integers alone: there is nothing in a record that cannot be encoded.
    guard let data = try? encoder.encode(record) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }
}
