// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
import E7IPC
import E7System
import Testing

@testable import E7PrivCore

struct AuditTests {
  @Test func whatCannotBeToldIsNotDone() throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    fixture.journal.isBroken = true
    #expect(try fixture.outcome(1, curl).error == UInt32(EIO))
    let part = SavePart(Array("block\n".utf8), generation: 6)
    #expect(try fixture.save(1, part).error == UInt32(EIO))
    #expect(fixture.kernel.edits.isEmpty)
    fixture.journal.isBroken = false
    #expect(try fixture.outcome(1, curl).error == 0)
  }

  @Test func refusalsBeyondSoManyASecondAreCounted() throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    let most = Int(Limit.refusalsPerSecond)
    let before = fixture.journal.lines.count
    for _ in 0..<most + 3 { _ = try fixture.outcome(1, .commit(confirm: 0)) }
    #expect(fixture.journal.lines.count == before + most)
    fixture.now += 1000
    fixture.desk.settle(now: fixture.now)
    #expect(fixture.journal.lines.last == "! 3 more refusals were left out")
    fixture.desk.settle(now: fixture.now)
    #expect(fixture.journal.lines.count == before + most + 1)
  }

  @Test func whatTakesAllRulesAwayMeansAGeneration() throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    for edit in [Edit.clear(nil, generation: nil), .begin(replace: true, generation: nil)] {
      let outcome = try fixture.outcome(1, edit)
      #expect(outcome.error == UInt32(EINVAL))
      #expect(text(outcome.text).contains("GENERATION is missing"))
    }
    #expect(fixture.kernel.edits.isEmpty)
    #expect(try fixture.outcome(1, .clear(nil, generation: 6)).error == 0)
    #expect(try fixture.outcome(1, .clear(.block, generation: nil)).error == 0)
  }
}
