// SPDX-License-Identifier: GPL-2.0-or-later

/// Finds the keyword that a wrong word was meant to be.
enum Suggestion {
  /// The closest of `keywords` within two edits, or nil where less than half the word would stay.
  static func closest(to word: [UInt8], among keywords: [String]) -> String? {
    let typed = word.map(lower)
    var best: (keyword: String, distance: Int)?
    for keyword in keywords {
      let candidate = Array(keyword.utf8)
      guard abs(candidate.count - typed.count) <= 2 else { continue }
      let distance = distance(typed, candidate)
      guard distance <= 2, distance * 2 < max(typed.count, candidate.count) else { continue }
      if let best, best.distance <= distance { continue }
      best = (keyword, distance)
    }
    return best?.keyword
  }

  /// Insertions, deletions, changes and swaps of neighbours that turn `from` into `to`.
  static func distance(_ from: [UInt8], _ to: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...to.count)
    for row in 0..<from.count {
      var current = [row + 1]
      for column in 0..<to.count {
        let change = last[column] + (from[row] == to[column] ? 0 : 1)
        var cost = min(change, last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, from[row] == to[column - 1], from[row - 1] == to[column] {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        current.append(cost)
      }
      beforeLast = last
      last = current
    }
    return last[to.count]
  }

  private static func lower(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }
}
