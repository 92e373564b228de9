// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules
import Testing

@Suite struct CommandTests {
  @Test func wrongLinesSayWhatAndWhere() {
    #expect(WrongLines.all.count >= 250)
    for (line, message) in WrongLines.all {
      let error = error(of: line, names: Given.names)
      #expect(error?.text == message, "\(line)")
      // The word is where the message says.
      guard case .column(let column)? = error?.place, let word = error?.word, !word.isEmpty,
        !line.contains("\""), !line.contains("\\")
      else { continue }
      #expect(Array(line.utf8).dropFirst(column - 1).starts(with: word), "\(line)")
    }
  }

  @Test func withoutNamesThereAreNumbers() {
    for (line, message) in WrongLines.withoutNames {
      #expect(error(of: line)?.text == message, "\(line)")
    }
    let rule = Command.one(.allow, Match(uid: 1000))
    #expect(Listing.command(rule) == "allow any user 1000")
    #expect(Listing.command(rule, names: Given.names) == "allow any user alice")
  }

  @Test func rightLinesMeanAndPrint() throws {
    for (line, command, printed) in RightLines.all {
      let names = Given.names
      let parsed = try Command.parse(line: Array(line.utf8), names: names)
      #expect(parsed == command, "\(line)")
      #expect(parsed.map { Listing.command($0, names: names) } == printed)
      guard let printed else { continue }
      #expect(try Command.parse(line: Array(printed.utf8), names: names) == command, "\(printed)")
    }
  }

  @Test func everyFlagTakesItsWordsAndNoOthers() throws {
    for flag in Flag.all {
      guard let list = flag.values else {
        #expect(error(of: "set \(flag.alias) 0") != nil)
        if let range = flag.range {
          for value in [
            range.lowerBound, range.lowerBound + 1, range.upperBound - 1, range.upperBound,
          ] {
            let line = Array("set \(flag.alias) \(value)".utf8)
            #expect(try Command.parse(line: line) == .set(flag, value))
          }
          #expect(error(of: "set \(flag.alias) \(range.upperBound + 1)") != nil)
        }
        continue
      }
      for word in Words.all(list) {
        let number = try #require(Words.number(list, Array(word.utf8)))
        let expected = Command.set(flag, UInt64(number))
        #expect(try Command.parse(line: Array("set \(flag.alias) \(word)".utf8)) == expected)
        #expect(try Command.parse(line: Array("set \(flag.alias) \(number)".utf8)) == expected)
      }
      for wrong in ["9", "65535", "65536", "18446744073709551616", "any", "tcp"] {
        #expect(error(of: "set \(flag.alias) \(wrong)") != nil)
      }
    }
  }

  @Test func everyProtocolNumberPrintsAndReadsBack() throws {
    for number in 0...255 {
      let command = try #require(try Command.parse(line: Array("allow \(number)".utf8)))
      #expect(command == .one(.allow, Match(prot: UInt16(number))))
      #expect(try Command.parse(line: Array(Listing.command(command).utf8)) == command)
    }
  }

  @Test func lineLimit() throws {
    let shortest = Array("quit".utf8)
    func padded(to count: Int) -> [UInt8] {
      shortest + [UInt8](repeating: UInt8(ascii: " "), count: count - shortest.count)
    }
    #expect(try Command.parse(line: padded(to: Limit.line - 1)) == .quit)
    #expect(try Command.parse(line: padded(to: Limit.line)) == .quit)
    #expect(
      error(of: padded(to: Limit.line + 1))?.text
        == "column 8193: the line is too long; expected at most 8192 bytes")
  }

  @Test func pathLimit() throws {
    func line(_ count: Int) -> [UInt8] {
      Array("allow /".utf8) + [UInt8](repeating: UInt8(ascii: "a"), count: count - 1)
    }
    for count in [Limit.path - 1, Limit.path] {
      let path = Array(line(count).dropFirst(6))
      #expect(try Command.parse(line: line(count)) == .one(.allow, Match(path: path)))
    }
    let name = "/" + String(repeating: "a", count: 59)
    #expect(
      error(of: line(Limit.path + 1))?.text
        == "column 7: the path '\(name)…' is too long; expected at most 4095 bytes")
  }

  @Test func bytesThatAreNoText() {
    for (bytes, column) in [
      ([0xff], 1), ([0xc3], 1), ([0x61, 0x80], 2), ([0xc0, 0xaf], 1), ([0xed, 0xa0, 0x80], 1),
      ([0xf4, 0x90, 0x80, 0x80], 1), ([0xe2, 0x80], 1), ([0x23, 0x20, 0xfe], 3),
    ] as [([UInt8], Int)] {
      #expect(error(of: bytes)?.place == .column(column))
    }
    #expect(
      error(of: [0x61, 0x80])?.text
        == "column 2: byte \\x80 is not UTF-8; expected UTF-8; in quotes a byte may be written as "
        + "\\xNN")
  }

  @Test func missingWordsStandBeforeAComment() {
    #expect(error(of: "set   # flag")?.place == .column(7))
    #expect(error(of: "set mode")?.place == .column(9))
    #expect(error(of: "clear id # 4")?.place == .column(10))
  }

  @Test func wordsAreTakenAsTheyAre() throws {
    func parse(_ words: [String]) throws(SyntaxError) -> Command? {
      try Command.parse(words: words.map { Array($0.utf8) })
    }
    #expect(try parse([]) == nil)
    #expect(
      try parse(["allow", "tcp", "/a b\"c"])
        == .one(.allow, Match(prot: 6, path: Array("/a b\"c".utf8))))
    for (words, message) in [
      (
        ["# comment"],
        "word 1: unknown command '# comment'; expected \(WrongLines.commands)"
      ),
      (["set", "mode"], "word 3: missing value of flag 'mode'; expected \(WrongLines.modes)"),
      (
        ["allow", "tcp /bin/"],
        "word 2: the path 'tcp /bin/' is not absolute; expected a path that begins with '/'"
      ),
      (["quit", ""], "word 2: unexpected ''; expected the end of the line"),
    ] {
      #expect(throws: SyntaxError.self) { try parse(words) }
      do throws(SyntaxError) { _ = try parse(words) } catch { #expect(error.text == message) }
    }
  }

  @Test func messagesHoldNothingThatATerminalObeys() {
    let message = error(of: "allow \u{1b}[31m\u{202e}\u{9b}\u{7}x")?.text
    #expect(
      message
        == "column 7: unknown protocol '\\x1b[31m\\xe2\\x80\\xae\\xc2\\x9b\\x07x'; expected "
        + WrongLines.match)
  }
}
