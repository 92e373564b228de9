// SPDX-License-Identifier: GPL-2.0-or-later

/// SplitMix64: the same numbers for the same seed on every machine.
package struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  /// Begins the row of numbers that belongs to a seed.
  package init(seed: UInt64) { state = seed }

  /// The next number of the row.
  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

  /// One element of a list that is not empty.
  package mutating func pick<T>(_ list: [T]) -> T {
    list[Int.random(in: list.indices, using: &self)]
  }
}
