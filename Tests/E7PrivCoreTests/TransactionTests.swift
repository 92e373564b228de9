// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
import E7IPC
import E7System
import Testing

@testable import E7PrivCore

struct TransactionTests {
  private let begin = Edit.begin(replace: false, generation: nil)

  private func fixture() throws -> Fixture {
    let fixture = Fixture()
    _ = try fixture.open(1)
    _ = try fixture.open(2)
    return fixture
  }

  @Test func editsOfTheOwnerAreCollectedAndOthersAreNot() throws {
    let fixture = try fixture()
    _ = try fixture.outcome(1, begin)
    _ = try fixture.outcome(2, curl)
    _ = try fixture.outcome(1, curl)
    _ = try fixture.outcome(1, .commit())
    _ = try fixture.outcome(1, curl)
    #expect(fixture.kernel.edits == [begin, curl, curl, .commit(), curl])
    #expect(fixture.kernel.seen.map(\.1) == [false, true, false, false, true])
  }

  @Test func anAnswerWaitsForNoTransaction() throws {
    let fixture = try fixture()
    let answer = Edit.answer(question: 7, .allow, .always)
    _ = try fixture.outcome(1, begin)
    _ = try fixture.outcome(1, answer)
    _ = try fixture.outcome(2, answer)
    #expect(fixture.kernel.edits == [begin, answer, answer])
    #expect(fixture.kernel.seen.map(\.1) == [false, true, true])
  }

  @Test func thereIsOneTransactionAtATime() throws {
    let fixture = try fixture()
    _ = try fixture.outcome(1, begin)
    let other = try fixture.outcome(2, begin)
    #expect(other.error == UInt32(EBUSY))
    #expect(text(other.text).contains("process 100 of user 0"))
    #expect(try fixture.outcome(1, begin).error == UInt32(EBUSY))
    #expect(try fixture.outcome(2, .commit()).error == UInt32(EINVAL))
    #expect(try fixture.outcome(2, .abort).error == UInt32(EINVAL))
    #expect(fixture.kernel.edits == [begin])
    #expect(try fixture.outcome(1, .abort).error == 0)
    #expect(try fixture.outcome(2, begin).error == 0)
  }

  @Test func aBeginThatTheKernelRefusesOpensNothing() throws {
    let fixture = try fixture()
    fixture.kernel.answer = Outcome(error: UInt32(EBUSY))
    _ = try fixture.outcome(1, begin)
    fixture.kernel.answer = Outcome()
    #expect(try fixture.outcome(1, .commit()).error == UInt32(EINVAL))
    #expect(try fixture.outcome(2, begin).error == 0)
  }

  @Test func aLaneThatClosesTakesItsTransactionAlong() throws {
    let fixture = try fixture()
    _ = try fixture.outcome(1, begin)
    try fixture.close(1)
    #expect(fixture.journal.lines.last?.contains("abort, since its lane was closed") == true)
    #expect(fixture.kernel.edits == [begin, .abort])
    #expect(try fixture.outcome(2, begin).error == 0)
  }

  @Test func aCommitThatFailsLeavesNoDraft() throws {
    let fixture = try fixture()
    _ = try fixture.outcome(1, begin)
    fixture.kernel.answer = Outcome(error: UInt32(ETIMEDOUT))
    #expect(try fixture.outcome(1, .commit()).error == UInt32(ETIMEDOUT))
    #expect(fixture.kernel.edits == [begin, .commit(), .abort])
    fixture.kernel.answer = Outcome()
    #expect(try fixture.outcome(2, begin).error == 0)
  }

  @Test func aLaneThatClosesWithoutOneDisturbsNobodys() throws {
    let fixture = try fixture()
    _ = try fixture.outcome(1, begin)
    try fixture.close(2)
    #expect(try fixture.outcome(1, .commit()).error == 0)
    #expect(fixture.kernel.edits == [begin, .commit()])
  }
}
