// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import Testing

/// The table of names alone, in rows of 24 bytes, against the one with pointers.
struct WordsTests {
  private static let lists: [WordList] = [
    .mode, .action, .verdict, .toggle, .scope, .namedProtocol, .direction, .reason, .event,
    .notice, .messageType, .attribute, .group, .programClass, .statistic, .socketRole,
  ]

  @Test(arguments: lists) func eachNameIsWhole(list: WordList) throws {
    let words = Words.all(list)
    #expect(!words.isEmpty)
    for word in words {
      let number = try #require(Words.number(list, Array(word.utf8)))
      let proper = try #require(Words.word(list, UInt32(number)))
      #expect(words.contains(proper))
    }
  }

  @Test func eachFlagsNameIsWhole() {
    for flag in Flag.all { #expect(Flag(alias: Array(flag.alias.utf8)) == flag) }
  }
}
