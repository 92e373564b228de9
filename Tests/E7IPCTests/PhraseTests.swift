// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7TestSupport
import Testing

struct PhraseTests {
  @Test func whatIsPutInIsInIt() {
    let bytes: [UInt8] = [0x2f, 0xff]
    let phrase: Phrase = "a \(0)\(7) \(-5), \(UInt64.max) \(Int64.min) \(UInt8(200)) \(bytes)"
    #expect(
      phrase.bytes == Array("a 07 -5, 18446744073709551615 ".utf8)
        + Array("-9223372036854775808 200 ".utf8) + bytes)
    #expect("\("b" as Phrase)c" as Phrase == "bc")
    #expect(String("b\("ä" as StaticString)" as Phrase) == "bä")
    var longer: Phrase = "b"
    longer += "c"
    #expect(longer == "bc")
  }

  @Test func aPhraseOfCsEndsAtItsNul() {
    #expect(unsafe "e7".withCString { unsafe Phrase(cString: $0) } == "e7")
  }
}

struct CommentFormTests {
  /// Beside the standard library's reader of UTF-8, on bytes that often begin a character.
  @Test(arguments: [1, 2, 3])
  func textIsWhatUnicodeSays(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let bytes: [UInt8] = [
      0x20, 0x41, 0x7e, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed,
      0xef, 0xf0, 0xf4, 0xf5, 0xff,
    ]
    var right = 0
    for _ in 0..<100_000 {
      let comment = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
        bytes.randomElement(using: &generator) ?? 0
      }
      let text = String(validating: comment, as: UTF8.self)
      let isText = text.map { $0.unicodeScalars.allSatisfy { $0.value < 127 || $0.value >= 160 } }
      #expect((CommentForm.fault(comment) == nil) == (isText ?? false), "\(comment)")
      if text != nil { right += 1 }
    }
    #expect(right > 1000)
  }
}
