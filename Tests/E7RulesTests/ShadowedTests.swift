// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules
import E7TestSupport
import Testing

/// The rules of some lines, numbered as they come.
private func rules(_ lines: String...) throws -> [Rule] {
  let set = try Ruleset(Array(lines.joined(separator: "\n").utf8))
  return set.rules.enumerated().map { index, line in
    var rule = line.rule
    rule.id = UInt64(index + 1)
    return rule
  }
}

@Suite struct PrecedenceTests {
  /// What decides first stands first; behind it the field.
  @Test(
    arguments: [
      ("allow quick any", "block tcp /a to 10.0.0.1 port 1 user 1", .quick),
      ("allow /a/b", "block /a/", .program), ("allow /a/", "block tcp /", .program),
      ("allow /", "block tcp kernel", .program), ("allow foreign", "block tcp user 1", .program),
      ("allow user 1", "block tcp to 10.0.0.1 port 1", .user),
      ("allow to 10.0.0.0/9", "block tcp to 10.0.0.0/8 port 1", .remote),
      ("allow to 0.0.0.0/0", "block tcp out port 1", .remote),
      ("allow port 1-5", "block tcp in port 1-6", .port),
      ("allow port 0-65535", "block tcp in", .port),
      ("allow tcp", "block in", .protocol), ("allow in", "block any", .direction),
      ("block tcp port 1-5", "reject tcp port 2-6", .action),
      ("reject port 1-5", "allow port 2-6", .action),
      ("reject port 1-5", "ask port 2-6", .action), ("ask port 1-5", "allow port 2-6", .action),
      ("ask quick any", "block tcp /a", .quick),
    ] as [(String, String, Precedence)])
  func firstDifferenceDecides(one: String, other: String, field: Precedence) throws {
    let both = try rules(one, other)
    #expect(Precedence.first(both[0], both[1]) == field)
    #expect(Precedence.precedes(both[0], both[1]) && !Precedence.precedes(both[1], both[0]))
  }

  @Test func whatIsEqualInAllDecidesNothing() throws {
    let both = try rules("allow tcp port 1-5", "allow tcp port 2-6")
    #expect(Precedence.first(both[0], both[1]) == nil)
    #expect(!Precedence.precedes(both[0], both[1]) && !Precedence.precedes(both[1], both[0]))
  }
}

@Suite struct ShadowedTests {
  private func found(_ lines: String...) throws -> [[UInt64]] {
    let set = try Ruleset(Array(lines.joined(separator: "\n").utf8))
    let rules = set.rules.enumerated().map { index, line in
      Rule(id: UInt64(index + 1), action: line.rule.action, match: line.rule.match)
    }
    return Shadowed.all(in: rules).map { [$0.rule.id, $0.by.id] }
  }

  @Test func aQuickRuleTakesWhatItCovers() throws {
    #expect(
      try found("block quick any", "allow tcp /a", "allow quick /a", "block any") == [
        [2, 1], [4, 1],
      ])
    #expect(
      try found("allow quick /a/", "allow /a/b", "allow /a/", "allow /ab", "allow /") == [
        [2, 1], [3, 1],
      ])
    #expect(
      try found("allow quick tcp to 10.0.0.0/8", "block tcp to 10.1.0.0/16 user 1", "block tcp")
        == [[2, 1]])
    #expect(
      try found("allow quick port 1-9", "block tcp port 1-9", "block tcp port 9-10") == [
        [2, 1]
      ])
    #expect(try found("allow quick foreign", "block foreign /a", "block /a") == [[2, 1]])
    #expect(try found("ask quick tcp", "ask tcp /a", "ask udp") == [[2, 1]])
    #expect(try found("allow quick foreign /a/", "block foreign /a/b", "block /a/b") == [[2, 1]])
    #expect(try found("allow quick in", "block from 10.0.0.1", "block to 10.0.0.1") == [[2, 1]])
    #expect(try found("allow quick user 1", "block /a user 1", "block user 2") == [[2, 1]])
  }

  @Test func whatARuleMeansAnywayTakesItAll() throws {
    #expect(
      try found("allow tcp port 0-65535", "block tcp", "block tcp /a", "block any") == [[2, 1]])
    #expect(try found("allow port 0-65535", "block udp", "block any", "block icmp") == [[2, 1]])
    #expect(try found("allow icmp to 0.0.0.0/0", "block icmp out", "block icmp") == [[2, 1]])
    #expect(try found("allow icmp6 from ::/0", "block icmp6 in", "block icmp in") == [[2, 1]])
  }

  @Test func moreSpecificRulesAreNeverTaken() throws {
    #expect(try found("block any", "allow tcp", "allow /a", "allow to 10.0.0.1 port 1") == [])
    // Two together are not looked for.
    #expect(
      try found("allow quick to 0.0.0.0/0", "allow quick to ::/0", "block out") == [])
    #expect(try found("allow quick port 0-9", "allow quick port 10-65535", "block tcp") == [])
  }

  // A world so small that rules meet in it often.
  private static let paths = ["", "/", "/a/", "/a/x", "/a/b/", "/a/b/y"].map { Array($0.utf8) }
  private static let prots: [UInt16] = [1, 6, 17, 256]
  private static let networks = [
    Network([10, 1, 2, 3], prefix: 32), Network([10, 1, 0, 0], prefix: 16),
    Network([0, 0, 0, 0], prefix: 0), Network([UInt8](repeating: 0, count: 16), prefix: 0),
  ]
  private static let ports = [Ports(0, .max), Ports(1, 9), Ports(3, 5), Ports(5, 20)]

  private func rule(_ id: UInt64, _ generator: inout SeededGenerator) -> Rule {
    func maybe<T>(_ list: [T]) -> T? {
      Bool.random(using: &generator) ? generator.pick(list) : nil
    }
    var match = Match(
      isQuick: Int.random(in: 0...3, using: &generator) == 0,
      prot: generator.pick(ShadowedTests.prots), programClass: maybe([.foreign, .kernel]),
      direction: maybe([.incoming, .outgoing]), uid: maybe([0, 1]))
    if match.programClass != .kernel { match.path = generator.pick(ShadowedTests.paths) }
    if match.direction != nil, let network = maybe(ShadowedTests.networks),
      network.carries(match.prot)
    {
      match.remote = network
    }
    if Ports.exist(in: match.prot) { match.ports = maybe(ShadowedTests.ports) }
    return Rule(id: id, action: generator.pick([.allow, .block, .reject, .ask]), match: match)
  }

  /// Field by field, without an index.
  private func covers(_ wide: Match, _ narrow: Match) -> Bool {
    func program() -> Bool {
      if wide.path.isEmpty {
        return wide.programClass == nil || wide.programClass == narrow.programClass
      }
      guard wide.programClass == narrow.programClass else { return false }
      return wide.path.last == UInt8(ascii: "/")
        ? narrow.path.starts(with: wide.path) : wide.path == narrow.path
    }
    func remote() -> Bool {
      guard let network = wide.remote else { return true }
      guard let inner = narrow.remote else {
        return network.prefix == 0 && narrow.prot == (network.bits == 32 ? 1 : 58)
      }
      return network.bits == inner.bits && network.prefix <= inner.prefix
        && Network(inner.address, prefix: network.prefix).masked == network
    }
    func ports() -> Bool {
      guard let ports = wide.ports else { return true }
      guard let inner = narrow.ports else {
        return ports == Ports(0, .max) && narrow.prot != 256 && Ports.exist(in: narrow.prot)
      }
      return ports.first <= inner.first && inner.last <= ports.last
    }
    return (wide.prot == 256 || wide.prot == narrow.prot)
      && (wide.uid == nil || wide.uid == narrow.uid)
      && (wide.direction == nil || wide.direction == narrow.direction)
      && program() && remote() && ports()
  }

  @Test(arguments: 0..<20) func theIndexFindsWhatALookAtAllPairsFinds(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var seen: Set<Match> = []
    let rules = (1...UInt64(120)).map { rule($0, &generator) }.filter {
      seen.insert($0.match).inserted
    }
    let found = Shadowed.all(in: rules)
    #expect(Shadowed.all(in: rules) == found, "seed \(seed): another answer")
    for pair in found {
      #expect(covers(pair.by.match, pair.rule.match), "seed \(seed)")
      #expect(Precedence.precedes(pair.by, pair.rule), "seed \(seed)")
    }
    let expected = rules.filter { rule in
      rules.contains { covers($0.match, rule.match) && Precedence.precedes($0, rule) }
    }
    #expect(found.map(\.rule) == expected, "seed \(seed)")
  }

  @Test func aHundredThousandRulesAreNotLookedAtInPairs() {
    let rules = (0..<100_000).map { number in
      Rule(
        id: UInt64(number), action: .allow,
        match: Match(
          isQuick: number.isMultiple(of: 2), prot: 6,
          path: Array("/usr/lib/\(number / 4)/x".utf8), ports: Ports(UInt16(number & 2), 9)))
    }
    var found = 0
    let time = ContinuousClock().measure { found = Shadowed.all(in: rules).count }
    // Of each four: quick 0-9, 0-9, quick 2-9, 2-9.
    #expect(found == 50_000)
    #expect(time < .seconds(60))
  }
}
