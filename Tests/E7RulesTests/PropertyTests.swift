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
      let text = Listing.command(command)
      #expect(try Command.parse(line: Array(text.utf8)) == command, "seed \(seed): \(text)")
    }
  }

  @Test(arguments: 0..<8) func printingTwiceIsPrintingOnce(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      let text = Listing.command(randomCommand(&generator))
      let again = try Command.parse(line: Array(text.utf8)).map(Listing.command)
      #expect(again == text, "seed \(seed)")
    }
  }

  @Test(arguments: 0..<8) func randomBytesGiveACommandOrOneLine(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let pieces =
      Words.all(.action) + Words.all(.namedProtocol) + Flag.all.map(\.alias)
      + Words.all(.programClass)
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
      do throws(SyntaxError) {
        guard let command = try Command.parse(line: line) else { continue }
        #expect(try Command.parse(line: Array(Listing.command(command).utf8)) == command)
      } catch {
        guard case .column(let column) = error.place else {
          Issue.record("a line's error has no column")
          continue
        }
        #expect((1...line.count + 1).contains(column), "seed \(seed): \(line)")
        #expect(error.text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 })
      }
    }
  }

  /// Each flag with each of its values.
  private var settings: [(Flag, UInt64)] {
    Flag.all.flatMap { flag in
      (flag.values.map(Words.all) ?? []).compactMap { word in
        flag.values.flatMap { Words.number($0, Array(word.utf8)) }.map { (flag, UInt64($0)) }
      }
    }
  }

  private func randomCommand(_ generator: inout SeededGenerator) -> Command {
    let action: Action = Bool.random(using: &generator) ? .allow : .block
    let programClass = Bool.random(using: &generator) ? nil : generator.pick(ProgramClass.ofRules)
    let hasPath = programClass?.takesPath ?? true && Bool.random(using: &generator)
    let match = Match(
      prot: UInt16.random(in: 0...256, using: &generator), programClass: programClass,
      path: hasPath ? randomPath(&generator) : [])
    switch Int.random(in: 0...9, using: &generator) {
    case 0: return .clear(Bool.random(using: &generator) ? nil : action)
    case 1: return .remove(match)
    case 2: return .removeID(UInt64.random(in: 1...UInt64.max, using: &generator))
    case 3:
      let (flag, value) = generator.pick(settings)
      return .set(flag, value)
    case 4: return .get(Bool.random(using: &generator) ? nil : generator.pick(Flag.all))
    case 5:
      return .query(
        Filter(
          action: Bool.random(using: &generator) ? nil : action,
          prot: Bool.random(using: &generator) ? nil : match.prot,
          programClass: match.programClass,
          path: match.path.isEmpty ? nil : match.path))
    case 6: return generator.pick([.quit, .disconnect, .events, .statistics])
    default: return .rule(action, match)
    }
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
    } while PathForm.fault(path) != nil
    return path
  }
}
