// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules
import E7TestSupport
import Testing

@Suite struct PropertyTests {
  @Test(arguments: 0..<8) func commandsReadBackAsTheyPrint(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      let command = randomCommand(&generator)
      for names in [nil, Given.names] {
        let text = Listing.command(command, names: names)
        let again = try Command.parse(line: Array(text.utf8), names: names)
        #expect(again == command, "seed \(seed): \(text)")
      }
    }
  }

  @Test(arguments: 0..<8) func printingTwiceIsPrintingOnce(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      let text = Listing.command(randomCommand(&generator))
      let again = try Command.parse(line: Array(text.utf8)).map { Listing.command($0) }
      #expect(again == text, "seed \(seed)")
    }
  }

  @Test(arguments: 0..<8) func aListingReadsBackToItsRules(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let rules = (1...UInt64(200)).map { (id: UInt64) -> Rule in
      let (match, terms) = (randomMatch(&generator), randomTerms(&generator))
      let hit = Bool.random(using: &generator) ? UInt64.random(in: 0...UInt64.max) : nil
      return Rule(
        id: id, action: generator.pick([.allow, .block, .reject, .ask]), match: match, terms: terms,
        hits: UInt64.random(in: 0...3, using: &generator), lastHit: hit)
    }
    let text = rules.map { Listing.rule($0, names: Given.names) }.joined(separator: "\n")
    let entries = try RulesFile.parse(Array(text.utf8), names: Given.names)
    let again = entries.flatMap(\.command.edits)
    #expect(again == rules.map { .add($0.action, $0.match, $0.terms) }, "seed \(seed)")
  }

  @Test(arguments: 0..<8) func aListOfPortsIsARuleForEach(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      var match = randomMatch(&generator)
      match.prot = NamedProtocol.any.rawValue
      let terms = randomTerms(&generator)
      let matches = Set((0..<4).map { _ in randomPorts(&generator) }).map { ports in
        match.ports = ports
        return match
      }
      for command in [Command.rule(.reject, matches, terms), .remove(matches)] {
        let text = Listing.command(command)
        let again = try Command.parse(line: Array(text.utf8))
        #expect(again == command, "seed \(seed): \(text)")
        #expect(again?.edits.count == matches.count)
      }
    }
  }

  @Test(arguments: 0..<8) func aLineWithAMistakeGivesACommandOrOneLine(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<1000 {
      var line = Array(Listing.command(randomCommand(&generator)).utf8)
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let at = Int.random(in: 0...line.count, using: &generator)
        switch Int.random(in: 0...3, using: &generator) {
        case 0: line.insert(UInt8.random(in: 0...255, using: &generator), at: at)
        case 1: if at < line.count { line.remove(at: at) }
        case 2: if at < line.count { line[at] = UInt8.random(in: 32...126, using: &generator) }
        default: line.insert(contentsOf: line[at...].prefix(12), at: at)
        }
      }
      try check(line, seed)
    }
  }

  @Test func theLongestLinesAreReadInLinearTime() throws {
    let lines = [
      "allow port " + (0...65535).map { "\($0)" }.joined(separator: ","),
      "allow port " + String(repeating: "80,", count: 4000),
      "allow to " + String(repeating: "1:", count: 5000),
      "allow " + String(repeating: "in ", count: 4000),
      "allow to " + String(repeating: "1.", count: 5000),
      "allow for " + String(repeating: "9", count: 9000),
      "allow user " + String(repeating: "a", count: 9000),
      "allow comment " + String(repeating: "é", count: 5000),
    ]
    for line in lines {
      let bytes = Array(line.utf8)
      func time(_ count: Int) -> Double {
        let part = Array(bytes.prefix(count))
        let time = ContinuousClock().measure {
          for _ in 0..<20 { _ = try? Command.parse(line: part, names: Given.names) }
        }
        return Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
      }
      let (short, long) = (time(Limit.line / 16), time(Limit.line))
      // Quadratic work would take 256 times as long; the slack is for a busy machine.
      #expect(long < short * 80 + 0.5, "\(line.prefix(20))")
    }
  }

  @Test(arguments: 0..<8) func randomBytesGiveACommandOrOneLine(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let pieces =
      Words.all(.action) + Words.all(.namedProtocol) + Flag.all.map(\.alias)
      + Words.all(.programClass)
      + [
        "quick", "in", "out", "to", "from", "port", "user", "for", "comment", "10.0.0.0/8",
        "::1/128",
      ]
      + ["answer", "questions", "once", "always", "16012345"]
      + ["5m", "80-90", "443", "alice", "ssh"]
    for _ in 0..<1000 {
      var line: [UInt8] = []
      for _ in 0..<Int.random(in: 0...6, using: &generator) {
        switch Int.random(in: 0...3, using: &generator) {
        case 0: line += generator.pick(pieces).utf8
        case 1: line += " \"\\x/#.\t".utf8.shuffled(using: &generator).prefix(3)
        case 2: line += (0..<4).map { _ in UInt8.random(in: 0...255, using: &generator) }
        default: line.append(UInt8(ascii: " "))
        }
      }
      try check(line, seed)
    }
  }

  /// A line is nothing, a command that reads back as it prints, or an error of one line with its
  /// place.
  private func check(_ line: [UInt8], _ seed: UInt64) throws {
    do throws(SyntaxError) {
      guard let command = try Command.parse(line: line, names: Given.names) else { return }
      let text = Array(Listing.command(command).utf8)
      // A path of bytes that need four characters each may print as more than a line.
      guard text.count <= Limit.line else { return }
      #expect(try Command.parse(line: text) == command, "seed \(seed): \(line)")
    } catch {
      guard case .column(let column) = error.place else {
        Issue.record("a line's error has no column")
        return
      }
      #expect((1...line.count + 1).contains(column), "seed \(seed): \(line)")
      #expect(error.text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 })
      #expect(!error.expected.isEmpty && !error.problem.isEmpty)
    }
  }

  /// Each flag with each of its values.
  private var settings: [(Flag, UInt64)] {
    Flag.all.flatMap { flag in
      (flag.range.map { [$0.lowerBound, $0.upperBound, ($0.lowerBound + $0.upperBound) / 2] } ?? [])
        .map { (flag, $0) }
        + (flag.values.map(Words.all) ?? []).compactMap { word in
          flag.values.flatMap { Words.number($0, Array(word.utf8)) }.map { (flag, UInt64($0)) }
        }
    }
  }

  private func randomCommand(_ generator: inout SeededGenerator) -> Command {
    let action: Action = generator.pick([.allow, .block, .reject, .ask])
    let match = randomMatch(&generator)
    let terms = randomTerms(&generator)
    switch Int.random(in: 0...10, using: &generator) {
    case 0: return .clear(Bool.random(using: &generator) ? nil : action)
    case 1: return .remove([match])
    case 2: return .removeID(UInt64.random(in: 1...UInt64.max, using: &generator))
    case 3:
      let (flag, value) = generator.pick(settings)
      return .set(flag, value)
    case 4: return .get(Bool.random(using: &generator) ? nil : generator.pick(Flag.all))
    case 5:
      var filter = Filter(
        action: Bool.random(using: &generator) ? nil : action,
        prot: match.ports == nil && match.remote == nil && Bool.random(using: &generator)
          ? nil : match.prot,
        programClass: match.programClass, path: match.path.isEmpty ? nil : match.path)
      filter.isQuick = match.isQuick
      filter.direction = match.direction
      filter.remote = match.remote
      filter.ports = match.ports.map { [$0] } ?? []
      filter.uid = match.uid
      filter.forSeconds = terms.forSeconds
      filter.comment = Bool.random(using: &generator) ? nil : terms.comment
      return .query(filter)
    case 6: return generator.pick([.quit, .disconnect, .events, .statistics, .questions])
    case 7:
      return .answer(
        UInt64.random(in: 1...UInt64.max, using: &generator),
        generator.pick([.allow, .block, .reject]),
        generator.pick([.once, .always, terms.forSeconds.map { .seconds($0) } ?? .once]))
    default: return .rule(action, [match], terms)
    }
  }

  private func randomMatch(_ generator: inout SeededGenerator) -> Match {
    func maybe<T>(_ value: (inout SeededGenerator) -> T) -> T? {
      Bool.random(using: &generator) ? value(&generator) : nil
    }
    let prots: [UInt16] = [
      256, 256, 1, 6, 17, 58, 136, UInt16.random(in: 0...255, using: &generator),
    ]
    let programClass = maybe { $0.pick(ProgramClass.ofRules) }
    var match = Match(
      isQuick: Bool.random(using: &generator), prot: generator.pick(prots),
      programClass: programClass,
      path: programClass?.takesPath ?? true ? maybe { randomPath(&$0) } ?? [] : [],
      direction: maybe { $0.pick([.incoming, .outgoing]) },
      uid: maybe {
        $0.pick([0, 1000, 1001, 1002, 2000, 3000, .max - 1, UInt32($0.next() >> 33)])
      })
    if match.direction != nil, let network = maybe(randomNetwork), network.carries(match.prot) {
      match.remote = network
    }
    if Ports.exist(in: match.prot) { match.ports = maybe(randomPorts) }
    return match
  }

  private func randomPorts(_ generator: inout SeededGenerator) -> Ports {
    let ends = [
      UInt16.random(in: 0...UInt16.max, using: &generator),
      generator.pick([0, UInt16.max, UInt16.random(in: 0...UInt16.max, using: &generator)]),
    ]
    return Bool.random(using: &generator)
      ? Ports(ends[0], ends[0]) : Ports(min(ends[0], ends[1]), max(ends[0], ends[1]))
  }

  private func randomNetwork(_ generator: inout SeededGenerator) -> Network {
    let bytes = Bool.random(using: &generator) ? 4 : 16
    while true {
      let address = (0..<bytes).map { _ in
        // Runs of zeros, which IPv6 shortens.
        Bool.random(using: &generator) ? 0 : UInt8.random(in: 0...255, using: &generator)
      }
      let prefix = UInt8.random(in: 0...UInt8(bytes * 8), using: &generator)
      let network = Network(address, prefix: prefix).masked
      if !AddressText.isMapped(network.address) { return network }
    }
  }

  private func randomTerms(_ generator: inout SeededGenerator) -> Terms {
    let seconds = UInt32.random(in: 1...UInt32(Limit.forSeconds), using: &generator)
    var comment = ""
    while Bool.random(using: &generator), comment.utf8.count < 100 {
      comment += generator.pick(
        ["a", " ", "\"", "\\", "#", "é", "\u{202e}", "\u{a0}", "日本", "x=1"])
    }
    return Terms(
      forSeconds: Bool.random(using: &generator)
        ? generator.pick([1, 59, 60, 3600, 86400, seconds, UInt32(Limit.forSeconds)]) : nil,
      comment: Array(comment.utf8))
  }

  private func randomPath(_ generator: inout SeededGenerator) -> [UInt8] {
    var path: [UInt8]
    repeat {
      path = [UInt8(ascii: "/")]
      for _ in 0..<Int.random(in: 0...24, using: &generator) {
        switch Int.random(in: 0...4, using: &generator) {
        case 0: path += " \"\\#/.x".utf8.shuffled(using: &generator).prefix(2)
        case 1: path += "\u{202e}\u{9b}é日🜨".utf8
        case 2: path.append(UInt8.random(in: 32...255, using: &generator))
        default: path.append(UInt8.random(in: 97...122, using: &generator))
        }
      }
    } while PathFault.of(path) != nil
    return path
  }
}
