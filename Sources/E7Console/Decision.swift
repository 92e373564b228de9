// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
package import E7IPC
package import E7Rules

/// What decides about a flow in mode `enabled`, and what else matches it.
package struct Decision: Equatable, Sendable {
  /// The rules that match: the one that decides, then those that it beats in the order in which
  /// they would.
  package let rules: [Rule]
  /// What decides where there are none.
  package let flag: FlagValue
  /// The mode, as a value of its flag.
  package let mode: UInt64

  /// The decision that an answer to WHY tells, of which the first rule decides.
  package init(_ rules: [Rule], flag: FlagValue, mode: UInt64) {
    // The kernel lists what is equal in all fields of the match in an order of its own.
    self.rules = rules.prefix(1) + rules.dropFirst().sorted(by: Precedence.precedes)
    self.flag = flag
    self.mode = mode
  }

  /// The first field in which what decides differs from the next best; nil where there is no
  /// other, or none differs.
  package var field: Precedence? {
    rules.count > 1 ? Precedence.first(rules[0], rules[1]) : nil
  }

  /// The word of what becomes of the flow.
  var verdict: String {
    rules.first.map { Listing.word($0.action) } ?? Listing.value(flag.flag, flag.value)
  }

  /// Lines for people.
  package func lines(names: Names? = nil) -> [String] {
    var lines: [String] = []
    if mode != UInt64(Mode.enabled.rawValue) {
      let summary = Words.summary(.mode, UInt32(truncatingIfNeeded: mode)) ?? ""
      lines.append(
        "mode:         \(Listing.value(.mode, mode)): \(summary); if it were enabled:")
    }
    guard let first = rules.first else {
      return lines + [
        "decides:      \(Listing.flag(flag))", "decided by:   no rule matches",
      ]
    }
    lines.append("decides:      \(Listing.rule(first, names: names))")
    if rules.count == 1 {
      lines.append("decided by:   the only rule that matches")
    } else {
      lines.append("decided by:   \(field?.rawValue ?? "nothing: the next best does the same")")
    }
    for (index, rule) in rules.dropFirst().enumerated() {
      let label = index == 0 ? "next best:    " : "also beaten:  "
      lines.append(label + Listing.rule(rule, names: names))
    }
    return lines
  }
}

extension Shadowed {
  /// Lines for people.
  package func lines(names: Names? = nil) -> [String] {
    [
      "never:        \(Listing.rule(rule, names: names))",
      "because of:   \(Listing.rule(by, names: names))",
    ]
  }
}
