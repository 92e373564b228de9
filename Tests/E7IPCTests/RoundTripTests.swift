// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7TestSupport
import Testing

@Suite struct RoundTripTests {
  private func read(
    _ type: MessageType, _ sequence: UInt32, _ write: (inout AttributeWriter) -> Void
  ) throws -> AttributeReader {
    let message = try Message(decoding: Message.encode(type, sequence: sequence, write))
    #expect(message.header.type == type && message.header.sequence == sequence)
    #expect(message.header.minor == UInt8(E7_IPC_MINOR))
    return message.attributes
  }

  @Test(arguments: 0..<16) func recordsReadBackAsTheyWereWritten(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<100 {
      let sequence: UInt32 = generator.number()

      let rule = generator.rule()
      var reader = try read(.ruleGet, sequence, rule.write)
      #expect(try Rule(&reader) == rule, "seed \(seed)")

      let edit = generator.edit()
      reader = try read(edit.type, sequence, edit.write)
      #expect(try Edit(edit.type, &reader) == edit, "seed \(seed)")
      #expect(edit.type.isEdit)

      let value = generator.flagValue()
      reader = try read(.flagGet, sequence, value.write)
      #expect(try FlagValue(&reader) == value, "seed \(seed)")

      let statistic = generator.statisticValue()
      reader = try read(.statGet, sequence, statistic.write)
      #expect(try StatisticValue(&reader) == statistic, "seed \(seed)")

      let status = Status(
        version: generator.number(), instance: generator.number(), generation: generator.number())
      reader = try read(.status, sequence, status.write)
      #expect(try Status(&reader) == status, "seed \(seed)")

      let outcome = generator.outcome()
      reader = try read(.done, sequence, outcome.write)
      #expect(try Outcome(&reader) == outcome, "seed \(seed)")

      let event = generator.event()
      reader = try read(.event, 0, event.write)
      #expect(try Event(&reader) == event, "seed \(seed)")

      let notice = generator.notice()
      reader = try read(.notice, 0, notice.write)
      #expect(try Notice(&reader) == notice, "seed \(seed)")
    }
  }

  @Test func anAnswerIsForATimeOrAlwaysAndNotBoth() throws {
    func answer(_ write: (inout AttributeWriter) -> Void) throws -> Edit {
      var reader = try read(.answer, 1, write)
      return try Edit(.answer, &reader)
    }
    #expect(throws: DecodeError.unexpected(.forSeconds)) {
      try answer {
        $0.u64(.question, 1)
        $0.u8(.action, 1)
        $0.u32(.forSeconds, 5)
        $0.flag(.always)
      }
    }
    #expect(throws: DecodeError.missing(.question)) { try answer { $0.u8(.action, 1) } }
    #expect(throws: DecodeError.missing(.action)) { try answer { $0.u64(.question, 1) } }
    #expect(throws: DecodeError.outOfRange(.action)) {
      try answer {
        $0.u64(.question, 1)
        $0.u8(.action, 5)
      }
    }
  }

  @Test func flagsThatAreNumbersHaveARangeAndNoWords() {
    #expect(Flag.askTime.range == 1...3600 && Flag.askMost.range == 1...UInt64(Limit.askMost))
    for flag in Flag.all {
      let ways = [flag.values != nil, flag.range != nil, !flag.isSettable]
      #expect(ways.filter { $0 }.count == 1, "\(flag.alias)")
    }
  }

  @Test func aTextOverItsLimitIsCut() throws {
    let long = [UInt8](repeating: UInt8(ascii: "x"), count: Limit.text + 1)
    var reader = try read(.done, 1, Outcome(error: 1, text: long).write)
    #expect(try Outcome(&reader).text.count == Limit.text)
  }

  @Test func everyTypeOfTheSchemaIsReadOrRefusedAsAnEdit() throws {
    let edits: Set<UInt16> = [3, 5, 6, 7, 8, 9, 10, 15, 16, 19]
    for number in 0..<UInt16(256) {
      guard let type = MessageType(wire: number) else { continue }
      #expect(type.isEdit == edits.contains(number))
      guard !type.isEdit else { continue }
      var reader = try read(type, 1) { _ in }
      #expect(throws: DecodeError.unknownType(number)) { try Edit(type, &reader) }
    }
  }
}
