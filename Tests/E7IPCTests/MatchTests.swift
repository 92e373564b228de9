// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import Testing

@Suite struct MatchTests {
  private func fault(_ bytes: [UInt8]) -> String? {
    Terms.fault(ofComment: bytes).map { "\($0.problem); expected \($0.expected)" }
  }

  @Test func commentsAreTextWithoutControlCharacters() {
    for text in ["", "a", "two words", "\u{202e}", "é日🜨", " ", "\u{a0}", "~"] {
      #expect(fault(Array(text.utf8)) == nil, "\(text)")
    }
    let control = "holds a control character; expected a comment without any"
    for byte in Array(UInt8(0)...31) + [127] { #expect(fault([0x61, byte]) == control) }
    for byte in UInt8(0x80)...0x9f { #expect(fault([0xc2, byte]) == control) }
    for bytes: [UInt8] in [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0x61, 0x80]] {
      #expect(fault(bytes) == "is not UTF-8; expected UTF-8")
    }
  }

  @Test func commentsAreLimited() {
    for (count, isRight) in [(127, true), (128, true), (129, false)] {
      let text = [UInt8](repeating: UInt8(ascii: "c"), count: count)
      #expect(fault(text) == (isRight ? nil : "is too long; expected at most 128 bytes"))
    }
  }

  @Test func protocolsWithPortsAreKnownByNumber() {
    #expect((UInt16(0)...300).filter(Ports.exist) == [6, 17, 33, 132, 136, 256])
  }

  @Test func familiesCarryAllButTheOtherOnesControl() {
    let four = Network([10, 0, 0, 0], prefix: 8)
    let six = Network([UInt8](repeating: 0, count: 16), prefix: 0)
    #expect((UInt16(0)...256).filter { !four.carries($0) } == [58])
    #expect((UInt16(0)...256).filter { !six.carries($0) } == [1])
  }
}
