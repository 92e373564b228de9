// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7TestSupport
import Testing

@Suite struct AttributeTests {
  /// What reading these attributes as a list gives.
  private func reading(_ text: String, skipUnknown: Bool = false) -> DecodeError? {
    error { () throws(DecodeError) in
      _ = try AttributeReader(hex(text), from: 0, skipUnknown: skipUnknown)
    }
  }

  @Test func widthsAreThoseOfTheType() {
    for (type, name, widths) in [
      (Attribute.flag, "0500", [1]), (.prot, "0800", [2]), (.version, "0200", [4]),
      (.generation, "0400", [8]), (.local, "1000", [4, 16]), (.replace, "0b00", [0]),
      (.pad, "0100", [0]),
    ] {
      for width in 0...17 {
        let length =
          width + 4 < 16 ? "0\(String(width + 4, radix: 16))" : String(width + 4, radix: 16)
        let payload = String(repeating: "00", count: (width + 3) & ~3)
        #expect(
          reading("\(length)00 \(name) \(payload)")
            == (widths.contains(width) ? nil : .malformed(type)), "\(type.name) \(width)")
      }
    }
  }

  @Test func textsEndWithTheirOnlyNul() {
    #expect(reading("0500 0900 00 000000") == nil)
    #expect(reading("0600 0900 6100 0000") == nil)
    #expect(reading("0400 0900") == .malformed(.path))
    #expect(reading("0500 0900 61 000000") == .malformed(.path))
    #expect(reading("0700 0900 610000 00") == .malformed(.path))
    #expect(reading("0700 0900 006100 00") == .malformed(.path))
  }

  @Test func textsAreLimited() throws {
    for (attribute, limit) in [
      (Attribute.path, Limit.path), (.text, Limit.text), (.comment, Limit.comment),
    ] {
      for (count, expected) in [
        (limit - 1, nil), (limit, nil), (limit + 1, DecodeError.outOfRange(attribute)),
      ] {
        var writer = AttributeWriter()
        writer.string(attribute, [UInt8](repeating: 0x61, count: count))
        let bytes = writer.bytes
        #expect(
          error { () throws(DecodeError) in
            _ = try AttributeReader(bytes, from: 0, skipUnknown: false)
          } == expected)
      }
    }
  }

  @Test func numbersAreLimited() {
    #expect(reading("0600 0800 ff00 0000") == nil)
    #expect(reading("0600 0800 0001 0000") == nil)
    #expect(reading("0600 0800 0101 0000") == .outOfRange(.prot))
    #expect(reading("0500 2100 7f 000000") == nil)
    #expect(reading("0500 2100 80 000000") == nil)
    #expect(reading("0500 2100 81 000000") == .outOfRange(.prefix))
  }

  @Test func lengthsStayInside() {
    #expect(reading("") == nil)
    #expect(reading("05") == .truncated)
    #expect(reading("0500 05") == .truncated)
    #expect(reading("0000 0500") == .truncated)
    #expect(reading("0300 0500") == .truncated)
    #expect(reading("0600 0500 01") == .truncated)
    #expect(reading("ffff 0900 6100 0000") == .truncated)
    // The last one may come without its padding, and only the last one.
    #expect(reading("0500 0500 01") == nil)
    #expect(reading("0500 0500 01 0500 0c00 01") == .truncated)
  }

  @Test func unknownOnesAreRefusedOrSkipped() {
    #expect(reading("0500 3f00 01 000000") == .unknownAttribute(63))
    #expect(reading("0400 0000") == .unknownAttribute(0))
    #expect(reading("0500 3f00 01 000000", skipUnknown: true) == nil)
    // Netlink's marks for nesting and byte order are no part of the number.
    #expect(reading("0500 05c0 01") == nil)
  }

  @Test func eachComesOnce() {
    #expect(reading("0500 0500 01 000000 0500 0500 01") == .duplicate(.flag))
    #expect(reading("0400 0100 0400 0100") == nil)
  }

  @Test func paddingMayComeAgainAndAgain() {
    let padding = String(repeating: "0400 0100 ", count: 1000)
    #expect(reading(padding) == nil)
    #expect(reading(padding + "0500 0500 01 000000" + padding) == nil)
  }

  @Test func aLaterMinorVersionMaySendMore() throws {
    var bytes = hex(
      """
      e7004537 01 00 8000 00000000 01000000 24000000
      0500 4300 00 000000           ; MINOR
      0500 3f00 01 000000           ; a number that this version does not have
      """)
    #expect(
      error { () throws(DecodeError) in _ = try Message(decoding: bytes) }
        == .unknownAttribute(63))
    bytes[5] = UInt8(E7_IPC_MINOR) + 1
    var message = try Message(decoding: bytes)
    #expect(try Hello(&message.attributes) == Hello())
  }

  @Test func everyTruncationOfEveryRecordIsRefused() throws {
    var generator = SeededGenerator(seed: 1)
    var event = generator.event()
    event.path = Array("/usr/bin/curl".utf8)
    let rule = Rule(
      id: 1, action: .reject,
      match: Match(
        isQuick: true, prot: 6, path: Array("/a".utf8), direction: .outgoing,
        remote: Network([10, 0, 0, 0], prefix: 8), ports: Ports(1, 2), uid: 3),
      terms: Terms(forSeconds: 4, comment: Array("c".utf8)), hits: 5, lastHit: 6)
    for bytes in [
      Message.encode(.event, sequence: 0, event.write),
      Message.encode(.ruleGet, sequence: 1, rule.write),
      Message.encode(.done, sequence: 1, Outcome(error: 1, text: [0x61]).write),
      Message.encode(.flagGet, sequence: 1, FlagValue(flag: .mode, value: 1).write),
    ] {
      for count in 0..<bytes.count {
        let cut = Array(bytes[..<count])
        #expect(
          error { () throws(DecodeError) in _ = try Message(decoding: cut) }
            == (count < Header.size ? .truncated : .wrongLength))
        guard count > Header.size else { continue }
        // The same with a length that agrees: refused too, or a record of at least what is left.
        var agreeing = cut
        for index in 0..<4 {
          agreeing[16 + index] = UInt8(truncatingIfNeeded: count >> (8 * index))
        }
        guard let message = try? Message(decoding: agreeing),
          let again = encodedAgain(message)
        else { continue }
        #expect(again[20...].starts(with: bytes[20..<(count + 3) & ~3]))
      }
    }
  }

  /// The message as its record writes it, nil where the record does not read.
  private func encodedAgain(_ message: Message) -> [UInt8]? {
    var reader = message.attributes
    let type = message.header.type
    let write: (inout AttributeWriter) -> Void
    do {
      switch type {
      case .event: write = try Event(&reader).write
      case .ruleGet: write = try Rule(&reader).write
      case .done: write = try Outcome(&reader).write
      default: write = try FlagValue(&reader).write
      }
    } catch { return nil }
    return Message.encode(type, sequence: 1, write)
  }

  @Test func recordsRefuseWhatDoesNotBelong() throws {
    let bytes = Message.encode(.flagGet, sequence: 1) {
      $0.u8(.flag, 1)
      $0.u64(.value, 1)
      $0.u64(.id, 1)
    }
    var message = try Message(decoding: bytes)
    #expect(throws: DecodeError.unexpected(.id)) { try FlagValue(&message.attributes) }
  }

  @Test func recordsRefuseNumbersThatNameNothing() throws {
    func decode<T>(
      _ type: MessageType, _ read: (inout AttributeReader) throws -> T,
      _ write: (inout AttributeWriter) -> Void
    ) throws -> T {
      var message = try Message(decoding: Message.encode(type, sequence: 1, write))
      return try read(&message.attributes)
    }
    #expect(throws: DecodeError.outOfRange(.flag)) {
      try decode(.flagGet, { try FlagValue(&$0) }) {
        $0.u8(.flag, 31)
        $0.u64(.value, 0)
      }
    }
    #expect(throws: DecodeError.outOfRange(.action)) {
      try decode(.ruleAdd, { try Edit(.ruleAdd, &$0) }) { $0.u8(.action, 5) }
    }
    #expect(throws: DecodeError.missing(.action)) {
      try decode(.ruleAdd, { try Edit(.ruleAdd, &$0) }) { $0.u16(.prot, 6) }
    }
    for number: UInt8 in [0, 3] {
      #expect(throws: DecodeError.outOfRange(.direction)) {
        try decode(.ruleDel, { try Edit(.ruleDel, &$0) }) { $0.u8(.direction, number) }
      }
    }
    #expect(throws: DecodeError.outOfRange(.verdict)) {
      try decode(.event, { try Event(&$0) }) {
        $0.u8(.kind, 1)
        $0.u8(.verdict, 5)
      }
    }
    for number: UInt8 in [0, 7] {
      #expect(throws: DecodeError.outOfRange(.programClass)) {
        try decode(.ruleDel, { try Edit(.ruleDel, &$0) }) { $0.u8(.programClass, number) }
      }
    }
    for (attribute, number): (Attribute, UInt8) in [(.programClass, 7), (.stat, 7)] {
      #expect(throws: DecodeError.outOfRange(attribute)) {
        try decode(.event, { try Event(&$0) }) {
          SeededGenerator.plainEvent.write(&$0)
          $0.u8(attribute, number)
        }
      }
    }
    #expect(throws: DecodeError.outOfRange(.kind)) {
      try decode(.notice, { try Notice(&$0) }) { $0.u8(.kind, 200) }
    }
    for role: UInt8 in [0, 3] {
      #expect(throws: DecodeError.outOfRange(.socketRole)) {
        try decode(.notice, { try Notice(&$0) }) {
          $0.u8(.kind, UInt8(NoticeKind.claim.rawValue))
          $0.u8(.socketRole, role)
          $0.u32(.pid, 1)
        }
      }
    }
  }

  @Test func pairsOfAMatchComeTogether() throws {
    func match(_ write: (inout AttributeWriter) -> Void) throws -> Edit {
      var message = try Message(decoding: Message.encode(.ruleDel, sequence: 1, write))
      return try Edit(.ruleDel, &message.attributes)
    }
    #expect(throws: DecodeError.missing(.prefix)) {
      try match { $0.address(.remote, [1, 2, 3, 4]) }
    }
    #expect(throws: DecodeError.unexpected(.prefix)) { try match { $0.u8(.prefix, 8) } }
    #expect(throws: DecodeError.missing(.portLast)) { try match { $0.u16(.portFirst, 1) } }
    #expect(throws: DecodeError.unexpected(.portLast)) { try match { $0.u16(.portLast, 1) } }
    // What a rule carries beside its match removes none.
    #expect(throws: DecodeError.unexpected(.forSeconds)) { try match { $0.u32(.forSeconds, 1) } }
    #expect(throws: DecodeError.unexpected(.comment)) { try match { $0.string(.comment, [0x61]) } }
    #expect(throws: DecodeError.unexpected(.hits)) { try match { $0.u64(.hits, 1) } }
    #expect(try match { $0.flag(.quick) } == .remove(Match(isQuick: true)))
  }
}
