// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules
import E7TestSupport
import Testing

@Suite struct RulesetTests {
  private func ruleset(_ text: String) throws(SyntaxErrors) -> Ruleset {
    try Ruleset(Array(text.utf8), names: Given.names)
  }

  private func errors(_ text: String) -> [String] {
    do throws(SyntaxErrors) {
      _ = try ruleset(text)
      return []
    } catch {
      return error.all.map(\.text)
    }
  }

  /// What turns one file's ruleset into the other one's.
  private func changes(_ from: String, _ to: String) throws -> [String] {
    let old = try ruleset(from)
    var id: UInt64 = 0
    let rules = old.rules.map { line in
      var rule = line.rule
      id += 1
      rule.id = id
      return rule
    }
    return try ruleset(to).changes(from: rules, old.flags.map(\.value)).map {
      Listing.command($0, names: Given.names)
    }
  }

  @Test func rulesAndFlagsKnowTheirLines() throws {
    let set = try ruleset("\nset mode enabled\n# x\nallow tcp port 1,2 comment c\nblock any for 5m")
    #expect(set.flags.map(\.number) == [2])
    #expect(set.flags.map(\.value) == [FlagValue(flag: .mode, value: 1)])
    #expect(set.rules.map(\.number) == [4, 4, 5])
    let comment = Terms(comment: Array("c".utf8))
    #expect(
      set.rules.map(\.rule) == [
        Rule(action: .allow, match: Match(prot: 6, ports: Ports(1, 1)), terms: comment),
        Rule(action: .allow, match: Match(prot: 6, ports: Ports(2, 2)), terms: comment),
        Rule(action: .block, match: Match(), terms: Terms(forSeconds: 300)),
      ])
    #expect(try ruleset("") == ruleset("# nothing\n\n"))
  }

  @Test func onlyWhatAListingHasIsTaken() {
    for line in [
      "clear", "clear tcp", "clear id 3", "get", "query", "load x", "save", "check x", "diff x",
      "why --all", "stats", "events", "disconnect", "quit",
    ] {
      let word = line.split(separator: " ")[0]
      #expect(
        errors("allow tcp\n \(line)") == [
          "line 2, column 2: the command '\(word)' is not for a rules file; "
            + "expected a rule or 'set FLAG VALUE'"
        ])
    }
    for (line, meant) in [("block", "block"), ("allow", "disabled"), ("enable", "enabled")] {
      #expect(
        errors(line) == [
          "line 1, column 1: '\(line)' alone is no rule; "
            + "expected a match behind it, or 'set mode \(meant)'"
        ])
    }
  }

  @Test func eachMatchStandsOnce() {
    #expect(
      errors(
        "allow tcp port 1-2,3\nset mode 1\nblock tcp port 3 for 1d comment x\nallow tcp port 3")
        == [
          "line 3, column 1: the same match stands on line 1 already; expected each match once",
          "line 4, column 1: the same match stands on line 1 already; expected each match once",
        ])
    #expect(
      errors("allow tcp port 5\n\nblock tcp port 4,5") == [
        "line 3, column 1: the same match with port 5 stands on line 1 already; "
          + "expected each match once"
      ])
    #expect(
      errors("set mode 1\nset mode 1") == [
        "line 2, column 1: flag 'mode' is set on line 1 already; expected each flag once"
      ])
    // Spelt in other ways, but the same.
    #expect(
      errors("allow 6 out to 10.0.0.1/32 user alice\nallow tcp user 1000 to 10.0.0.1").count == 1)
    #expect(errors("allow tcp\nallow any\nallow quick tcp\nallow tcp in\nallow tcp /a").isEmpty)
  }

  @Test func whatIsWrittenReadsBack() throws {
    let text = """
      set mode block
      set fail allow
      set unkrule ask
      set asktime 30
      set askmax 4096
      ask tcp /usr/bin/curl
      reject quick tcp /opt/x to 10.0.0.0/8 port 80-443 user alice for 2h comment "a # b"
      allow foreign "/a b"

      """
    let set = try ruleset(text)
    let rules = set.rules.map(\.rule)
    let flags = set.flags.map(\.value) + [FlagValue(flag: .uptime, value: 5)]
    let written = try #require(Ruleset.text(rules, flags, names: Given.names).text)
    #expect(
      String(decoding: written, as: UTF8.self)
        == text.replacing("allow foreign", with: "allow any foreign"))
    #expect(try Ruleset(written, names: Given.names) == set)
  }

  @Test func whatFitsNoLineIsNotWritten() throws {
    func written(_ count: Int) -> (text: [UInt8]?, tooLong: Rule?) {
      // Four characters each, behind `allow any "/` and before `"`.
      let path = [UInt8(ascii: "/")] + [UInt8](repeating: 0xff, count: count)
      return Ruleset.text([Rule(id: 5, action: .allow, match: Match(path: path))], [])
    }
    let most = (Limit.line - "allow any \"/\"".utf8.count) / 4
    let fits = try #require(written(most).text)
    #expect(try Ruleset(fits).rules.count == 1)
    #expect(written(most + 1).text == nil && written(most + 1).tooLong?.id == 5)
  }

  @Test func changesAreThoseOfLoad() throws {
    let old = "set mode enabled\nset fail block\nallow tcp\nblock udp for 5m\nallow /a comment x"
    #expect(try changes(old, old) == [])
    #expect(try changes(old, "") == ["clear tcp", "clear udp", "clear any /a"])
    #expect(
      try changes("", old) == [
        "allow tcp", "block udp for 5m", "allow any /a comment \"x\"", "set mode enabled",
        "set fail block",
      ])
    // A flag that the file leaves out stays as it is; the time that is left does not matter.
    #expect(
      try changes(old, "set mode block\nreject tcp\nblock udp for 1d\nallow /a comment y\nallow 5")
        == ["reject tcp", "allow any /a comment \"y\"", "allow 5", "set mode block"])
    // To end, or not to end, is a change.
    #expect(
      try changes("allow tcp\nallow udp for 1m", "allow tcp for 1m\nallow udp") == [
        "allow tcp for 1m", "allow udp",
      ])
    #expect(try changes("block udp for 5m", "allow udp for 5m") == ["allow udp for 5m"])
  }

  @Test(arguments: 0..<8) func changesAppliedGiveTheFile(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    func some() -> String {
      let lines = ["tcp", "udp", "any /a", "any /b/", "tcp port 1", "quick 5"].compactMap {
        match -> String? in
        let action = ["allow", "block", "reject", "ask"].randomElement(using: &generator) ?? ""
        let terms = ["", " for 5m", " comment \"c\""].randomElement(using: &generator) ?? ""
        return Bool.random(using: &generator) ? "\(action) \(match)\(terms)\n" : nil
      }
      return lines.shuffled(using: &generator).joined()
    }
    let (from, to) = (some(), some())
    var inForce: [Match: Rule] = [:]
    for line in try ruleset(from).rules { inForce[line.rule.match] = line.rule }
    for line in try changes(from, to) {
      for edit in try Command.parse(line: Array(line.utf8), names: Given.names)?.edits ?? [] {
        switch edit {
        case .add(let action, let match, let terms):
          inForce[match] = Rule(action: action, match: match, terms: terms)
        case .remove(let match): #expect(inForce.removeValue(forKey: match) != nil)
        default: Issue.record("\(line)")
        }
      }
    }
    let wanted = try ruleset(to).rules.map(\.rule)
    #expect(inForce.count == wanted.count, "\(from) → \(to)")
    for rule in wanted { #expect(inForce[rule.match] == rule, "\(from) → \(to)") }
  }
}
