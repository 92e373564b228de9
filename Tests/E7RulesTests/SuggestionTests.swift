// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import E7Rules

@Suite struct SuggestionTests {
  @Test func distances() {
    for (from, to, distance) in [
      ("", "", 0), ("a", "", 1), ("", "ab", 2), ("tcp", "tcp", 0), ("tpc", "tcp", 1),
      ("allow", "alow", 1), ("blok", "block", 1), ("kitten", "sitting", 3), ("ca", "abc", 3),
    ] {
      #expect(Suggestion.distance(Array(from.utf8), Array(to.utf8)) == distance, "\(from) \(to)")
    }
  }

  @Test func closestKeepsHalfOfTheWord() {
    func closest(_ word: String) -> String? {
      Suggestion.closest(to: Array(word.utf8), among: ["tcp", "udp", "disabled", "id"])
    }
    #expect(closest("tpc") == "tcp")
    #expect(closest("DISABELD") == "disabled")
    #expect(closest("isabled") == "disabled")
    #expect(closest("xyp") == nil)
    #expect(closest("ix") == nil)
    #expect(closest("") == nil)
    #expect(closest(String(repeating: "x", count: 8000)) == nil)
  }

  @Test func wordsQuoteOnlyWhenTheyMust() {
    for (word, text) in [
      ("tcp", "tcp"), ("", "\"\""), ("#a", "\"#a\""), ("a#", "a#"), ("a b", "\"a b\""),
      ("a\\b", "a\\b"), ("a\u{a0}b", "\"a\\xc2\\xa0b\""),
      ("\u{10ffff}", "\"\\xf4\\x8f\\xbf\\xbf\""),
    ] {
      #expect(Text.word(Array(word.utf8)) == text)
    }
    #expect(Text.shown([0x61, 0xff, 0x0a, 0xc3, 0xa9]) == "a\\xff\\x0aé")
  }
}
