// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import Testing

@Suite struct HeaderTests {
  private let valid = Message.encode(.subscribe, sequence: 5)

  private func decoding(_ index: Int, _ byte: UInt8) -> DecodeError? {
    var bytes = valid
    bytes[index] = byte
    return error { () throws(DecodeError) in _ = try Header(decoding: bytes) }
  }

  @Test func eachFieldIsChecked() {
    #expect(valid.count == Header.size)
    for index in 0..<4 { #expect(decoding(index, 0x20) == .badMagic) }
    #expect(decoding(4, 2) == .unsupportedVersion(major: 2))
    #expect(decoding(4, 0) == .unsupportedVersion(major: 0))
    #expect(decoding(5, 255) == nil)
    #expect(decoding(6, 0) == .unknownType(0))
    #expect(decoding(6, 30) == .unknownType(30))
    #expect(decoding(6, 135) == .unknownType(135))
    #expect(decoding(7, 1) == .unknownType(0x182))
    for index in 8..<12 { #expect(decoding(index, 1) == .reservedBits) }
    #expect(decoding(16, 19) == .wrongLength)
    #expect(decoding(16, 21) == .wrongLength)
    #expect(decoding(19, 1) == .wrongLength)
  }

  @Test func everyTruncationIsRefused() {
    for count in 0..<Header.size {
      let bytes = Array(valid[..<count])
      #expect(error { () throws(DecodeError) in _ = try Header(decoding: bytes) } == .truncated)
    }
  }

  @Test func aTextIsNoMessage() {
    #expect(Header.isBinary(valid))
    #expect(!Header.isBinary([]))
    #expect(!Header.isBinary(Array("query".utf8)))
    // The first byte of the magic, with the zero behind it, is not UTF-8.
    #expect(String(validating: valid[..<2], as: UTF8.self) == nil)
  }

  @Test func theLengthIsLimited() {
    // A message of exactly `total` bytes: many pads of the largest size, which carry nothing.
    func message(_ total: Int) -> [UInt8] {
      var bytes = Message.encode(.subscribe, sequence: 1)
      bytes += [UInt8](repeating: 0, count: total - bytes.count)
      for index in 0..<4 { bytes[16 + index] = UInt8(truncatingIfNeeded: total >> (8 * index)) }
      return bytes
    }
    for total in [Limit.message - 1, Limit.message] {
      #expect(error { () throws(DecodeError) in _ = try Header(decoding: message(total)) } == nil)
    }
    #expect(
      error { () throws(DecodeError) in _ = try Header(decoding: message(Limit.message + 1)) }
        == .tooLong)
  }

  @Test func enumsAcceptOnlyNumbersOfTheSchema() {
    func numbers<T>(_ make: (UInt8) -> T?) -> [UInt8] { (0...255).filter { make($0) != nil } }
    #expect(numbers(Action.init(wire:)) == [1, 2, 3, 4])
    #expect(numbers(Reason.init(wire:)) == Array(1...10))
    #expect(numbers(Direction.init(wire:)) == [1, 2])
    #expect(numbers(EventKind.init(wire:)) == [1, 2, 3, 4, 5])
    #expect(numbers(NoticeKind.init(wire:)) == Array(1...5) + Array(8...11))
    #expect(numbers(SocketRole.init(wire:)) == [1, 2])
    #expect(numbers(ProgramClass.init(wire:)) == [1, 2, 3, 4, 5, 6])
    #expect(
      numbers(Statistic.init(wire:)) == Array(1...6) + Array(8...15) + Array(24...31))
    #expect(numbers(Flag.init(wire:)) == Array(1...15) + Array(32...38) + [40, 41])
    #expect(
      (0...UInt16.max).filter { MessageType(wire: $0) != nil }
        == Array(1...19) + Array(128...134) + [140])
    #expect(
      (0...UInt16.max).filter { Attribute(wire: $0) != nil }
        == Array(1...42) + Array(46...53) + Array(64...70))
  }
}

/// What `body` throws.
func error(_ body: () throws(DecodeError) -> Void) -> DecodeError? {
  do throws(DecodeError) {
    try body()
    return nil
  } catch {
    return error
  }
}
