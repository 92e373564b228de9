// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import Testing

@Suite struct HelloTests {
  private func hello(_ body: (inout AttributeWriter) -> Void) throws -> Hello {
    var message = try Message(decoding: Message.encode(.hello, sequence: 1, body))
    return try Hello(&message.attributes)
  }

  @Test(arguments: [nil, Role.own, .all, .admin])
  func readsWhatItWrites(role: Role?) throws {
    let sent = Hello(role: role)
    #expect(try hello(sent.write) == sent)
    #expect(sent.minor == UInt8(E7_IPC_MINOR))
  }

  @Test func keepsALaterMinorVersion() throws {
    #expect(try hello { $0.u8(.minor, 200) }.minor == 200)
  }

  @Test(arguments: [UInt8(0), 4, 255])
  func refusesAnUnknownRole(number: UInt8) {
    #expect(throws: DecodeError.outOfRange(.role)) {
      try hello {
        $0.u8(.minor, 0)
        $0.u8(.role, number)
      }
    }
  }

  @Test func refusesWhatDoesNotBelong() {
    #expect(throws: DecodeError.missing(.minor)) { try hello { _ in } }
    #expect(throws: DecodeError.unexpected(.id)) {
      try hello {
        $0.u8(.minor, 0)
        $0.u64(.id, 1)
      }
    }
  }
}

@Suite struct GapTests {
  @Test(arguments: [nil, 0, 1, UInt64.max])
  func readsWhatItWrites(lost: UInt64?) throws {
    let bytes = Message.encode(.gap, sequence: 0) { Gap(lost: lost).write(&$0) }
    var message = try Message(decoding: bytes)
    #expect(try Gap(&message.attributes) == Gap(lost: lost))
  }
}
