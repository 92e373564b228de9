// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Console
import E7IPC
import E7Rules
import Testing

@Suite struct ScriptTests {
  private func steps(_ text: String) throws -> [String] {
    Script.steps(try RulesFile.parse(Array(text.utf8))).map { step in
      switch step {
      case .rules(let lines): "rules " + lines.map { "\($0.number)" }.joined(separator: " ")
      case .command(let entry): "command \(entry.line)"
      }
    }
  }

  @Test func rulesThatStandTogetherAreOneStep() throws {
    #expect(
      try steps("allow tcp\n# x\nclear udp\nset drops enabled\nblock any\nquery\nclear\nclear id 3")
        == ["rules 1 3", "command 4", "rules 5", "command 6", "rules 7 8"])
    #expect(try steps("") == [])
    #expect(try steps("enable\nget") == ["command 1", "command 2"])
  }

  @Test func nothingFollowsQuit() throws {
    #expect(try steps("allow tcp\nquit\nblock udp\nget") == ["rules 1"])
  }

  @Test func stepsCarryTheirEdits() throws {
    let entries = try RulesFile.parse(Array("\nallow tcp\nclear id 3".utf8))
    guard case .rules(let lines) = Script.steps(entries).first else {
      Issue.record("no rules")
      return
    }
    #expect(lines.map(\.number) == [2, 3])
    #expect(lines.map(\.edit) == [.add(.allow, Match(prot: 6)), .removeID(3)])
  }

  @Test func aListIsAnEditForEach() throws {
    let entries = try RulesFile.parse(Array("allow tcp port 80,443\nclear port 1,2".utf8))
    guard case .rules(let lines) = Script.steps(entries).first else {
      Issue.record("no rules")
      return
    }
    #expect(lines.map(\.number) == [1, 1, 2, 2])
    func match(_ port: UInt16, _ prot: UInt16 = 256) -> Match {
      Match(prot: prot, ports: Ports(port, port))
    }
    #expect(
      lines.map(\.edit) == [
        .add(.allow, match(80, 6)), .add(.allow, match(443, 6)), .remove(match(1)),
        .remove(match(2)),
      ])
  }
}
