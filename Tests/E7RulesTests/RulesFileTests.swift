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
        == [.one(.allow, Match(prot: 6)), .set(.mode, 1), .query(Filter())])
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
    #expect(Listing.rule(rule) == "block udp \"/a b\"  # id 7, 0 hits")
    #expect(
      try Command.parse(line: Array(Listing.rule(rule).utf8))
        == .rule(rule.action, [rule.match], rule.terms))
    let full = Rule(
      id: 8, action: .reject, match: Match(prot: 6, ports: Ports(80, 90), uid: 1000),
      terms: Terms(forSeconds: 120, comment: Array("a # b".utf8)), hits: 12,
      lastHit: 1_795_410_000_999_999_999)
    let text =
      "reject tcp port 80-90 user alice for 2m comment \"a # b\""
      + "  # id 8, 12 hits, last 2026-11-23T05:00:00Z"
    #expect(Listing.rule(full, names: Given.names) == text)
    #expect(
      try Command.parse(line: Array(text.utf8), names: Given.names)
        == .rule(full.action, [full.match], full.terms))
    #expect(
      Listing.rule(Rule(id: 1, action: .allow, match: Match(), hits: 1, lastHit: 0))
        == "allow any  # id 1, 1 hit, last 1970-01-01T00:00:00Z")
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

  @Test func filtersHoldRulesThatCarryEveryClause() throws {
    let rule = Rule(
      id: 1, action: .reject,
      match: Match(
        isQuick: true, prot: 6, direction: .outgoing, remote: Network([10, 0, 0, 0], prefix: 8),
        ports: Ports(80, 90), uid: 1000),
      terms: Terms(forSeconds: 60, comment: Array("c".utf8)))
    func holds(_ words: String, _ rule: Rule) throws -> Bool {
      let line = words.isEmpty ? "query" : "query " + words
      guard case .query(let filter)? = try Command.parse(line: Array(line.utf8)) else {
        Issue.record("no query")
        return false
      }
      return filter.holds(rule)
    }
    for words in [
      "", "reject", "quick", "tcp", "out", "to 10.0.0.0/8", "port 80-90", "port 1,80-90",
      "user 1000",
      "for 1m", "for 1h", "comment c", "reject quick tcp to 10.0.0.0/8 port 80-90 user 1000",
    ] { #expect(try holds(words, rule), "\(words)") }
    for words in [
      "allow", "udp", "any", "in", "from 10.0.0.0/8", "to 10.0.0.0/9", "to 0.0.0.0/0", "port 80",
      "port 80-91", "user 0", "for 59s", "comment \"\"", "comment C", "/a", "foreign",
      "reject quick tcp to 10.0.0.0/8 port 80-90 user 1001",
    ] { #expect(try !holds(words, rule), "\(words)") }
    let bare = Rule(id: 2, action: .allow, match: Match())
    for words in ["", "allow", "any", "comment \"\""] { #expect(try holds(words, bare)) }
    for words in ["quick", "out", "in", "to 0.0.0.0/0", "port 0-65535", "user 0", "for 365d"] {
      #expect(try !holds(words, bare), "\(words)")
    }
  }

  @Test func theLongestListOfPortsIsLookedUpOnceForEachRule() throws {
    let list = (0..<1800).map { "\($0)" }.joined(separator: ",")
    guard case .query(let filter)? = try Command.parse(line: Array("query port \(list)".utf8))
    else {
      Issue.record("no query")
      return
    }
    let rules = (0..<100_000).map { number in
      let port = UInt16(truncatingIfNeeded: number * 7)
      return Rule(id: 1, action: .allow, match: Match(ports: Ports(port, port)))
    }
    var held = 0
    let time = ContinuousClock().measure { held = rules.count(where: filter.holds) }
    #expect(held == rules.count { $0.match.ports.map { $0.first < 1800 } ?? false })
    // A search through the list for each rule would take ten times as long, or more.
    #expect(time < .seconds(5))
  }
}
