// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Console
import E7Rules
import Testing

@Suite struct LineBufferTests {
  @Test func linesComeOutWhole() {
    var buffer = LineBuffer()
    #expect(buffer.feed(Array("ab".utf8)) == [])
    #expect(buffer.feed(Array("c\n\nd".utf8)) == [Array("abc".utf8), []])
    #expect(buffer.finish() == Array("d".utf8))
    #expect(buffer.finish() == nil)
  }

  @Test func aLineIsBounded() {
    func lines(_ count: Int) -> [[UInt8]] {
      var buffer = LineBuffer()
      return buffer.feed([UInt8](repeating: 0x20, count: count) + [0x0a, 0x78, 0x0a])
    }
    #expect(lines(Limit.line - 1).map(\.count) == [Limit.line - 1, 1])
    #expect(lines(Limit.line).map(\.count) == [Limit.line, 1])
    #expect(lines(Limit.line + 1).map(\.count) == [Limit.line + 1, 1])
    #expect(lines(Limit.line * 3).map(\.count) == [Limit.line + 1, 1])
    #expect(throws: SyntaxError.self) { try Command.parse(line: lines(Limit.line * 3)[0]) }
  }
}
