// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules
import Testing

@Suite struct RulesFileTests {
  @Test func entriesKnowTheirLines() throws {
    let text = "# rules\n\nallow tcp\n  # more\nenable\nquery"
    let entries = try RulesFile.parse(Array(text.utf8))
    #expect(entries.map(\.line) == [3, 5, 6])
    #expect(
      entries.map(\.command)
        == [.rule(.allow, Match(prot: 6)), .set(.mode, 1), .query(Filter())])
    #expect(try RulesFile.parse([]).isEmpty)
    #expect(try RulesFile.parse(Array("\n\n".utf8)).isEmpty)
  }

  @Test func allErrorsAreTold() {
    let text = "allow tpc\nallow tcp\nset mode\n\"\n"
    do throws(SyntaxErrors) {
      _ = try RulesFile.parse(Array(text.utf8))
      Issue.record("accepted")
    } catch {
      #expect(
        error.all.map(\.text) == [
          "line 1, column 7: unknown protocol 'tpc'; expected \(WrongLines.match); did you mean "
            + "'tcp'?",
          "line 3, column 9: missing value of flag 'mode'; expected \(WrongLines.modes)",
          "line 4, column 1: the quote is not closed; expected another '\"'",
        ])
    }
  }

  @Test func largestRulesetIsReadInLinearTime() throws {
    func seconds(_ count: Int) throws -> Double {
      var text: [UInt8] = []
      for number in 0..<count { text += "allow tcp /usr/bin/program-\(number)\n".utf8 }
      var entries = 0
      let time = try ContinuousClock().measure { entries = try RulesFile.parse(text).count }
      #expect(entries == count)
      return Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    }
    let (small, large) = (try seconds(2_000), try seconds(20_000))
    // Quadratic work would take a hundred times as long; the slack is for a busy machine.
    #expect(large < small * 40 + 0.5)
  }

  @Test func listingsReadBack() throws {
    let rule = Rule(id: 7, action: .block, match: Match(prot: 17, path: Array("/a b".utf8)))
    #expect(Listing.rule(rule) == "block udp \"/a b\"  # id 7")
    #expect(
      try Command.parse(line: Array(Listing.rule(rule).utf8)) == .rule(rule.action, rule.match))
    #expect(
      Listing.rule(Rule(action: .allow, match: Match())) == "allow any")
    #expect(Listing.flag(FlagValue(flag: .mode, value: 2)) == "set mode block")
    #expect(Listing.flag(FlagValue(flag: .uptime, value: 42)) == "# uptime = 42")
    #expect(Listing.value(.mode, 9) == "9")
  }

  @Test func filtersHoldRulesThatCarryTheirWords() {
    let rule = Rule(id: 1, action: .allow, match: Match(prot: 6, path: Array("/bin/".utf8)))
    #expect(Filter().isEmpty && Filter().holds(rule))
    #expect(Filter(action: .allow, prot: 6, path: Array("/bin/".utf8)).holds(rule))
    #expect(!Filter(action: .block).holds(rule))
    #expect(!Filter(prot: 256).holds(rule))
    #expect(!Filter(path: Array("/bin".utf8)).holds(rule))
    #expect(!Filter(prot: 6).isEmpty)
  }
}
