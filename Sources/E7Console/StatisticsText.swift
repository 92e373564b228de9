// SPDX-License-Identifier: GPL-2.0-or-later
package import E7IPC

/// Statistics as a table for people: name, value, meaning.
package enum StatisticsText {
  /// One line each, in columns; the values end below each other.
  package static func lines(_ values: [StatisticValue]) -> [String] {
    let names = values.map(\.statistic.word.count).max() ?? 0
    let digits = values.map { "\($0.value)".count }.max() ?? 0
    return values.map { value in
      let name = value.statistic.word
      let number = "\(value.value)"
      return name + blanks(names - name.count) + "  " + blanks(digits - number.count) + number
        + "  " + value.statistic.summary
    }
  }

  private static func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }
}
