// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7System
import Testing

@testable import E7Netlink
@testable import E7Questions

/// The `count` low bytes of a number in host order.
func bytes(_ value: UInt32, _ count: Int) -> [UInt8] {
  (0..<UInt32(count)).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// Bytes of messages as a kernel would send them, honest or not.
struct Forge {
  static let family: UInt16 = 0x23
  static let done: UInt16 = 3
  static let error: UInt16 = 2
  static let acknowledgementText: UInt16 = 0x200
  static let capped: UInt16 = 0x100

  static func message(
    _ type: UInt16, flags: UInt16 = 0, sequence: UInt32 = 7, _ body: [UInt8]
  ) -> [UInt8] {
    let raw =
      bytes(UInt32(16 + body.count), 4) + bytes(UInt32(type), 2) + bytes(UInt32(flags), 2)
      + bytes(sequence, 4) + bytes(0, 4) + body
    return raw + [UInt8](repeating: 0, count: (4 - raw.count % 4) % 4)
  }

  static func generic(
    _ type: MessageType, flags: UInt16 = 0, sequence: UInt32 = 7,
    _ write: (inout AttributeWriter) -> Void
  ) -> [UInt8] {
    var writer = AttributeWriter()
    write(&writer)
    return message(
      family, flags: flags, sequence: sequence, [UInt8(type.rawValue), 1, 0, 0] + writer.bytes)
  }

  static func attribute(_ number: UInt16, _ payload: [UInt8]) -> [UInt8] {
    let raw = bytes(UInt32(payload.count + 4), 2) + bytes(UInt32(number), 2) + payload
    return raw + [UInt8](repeating: 0, count: (4 - raw.count % 4) % 4)
  }

  /// The end of an answer, with the head of the request in it.
  static func acknowledgement(
    _ errno: Int32, flags: UInt16 = capped, sequence: UInt32 = 7, request: [UInt8] = [],
    _ attributes: [UInt8] = []
  ) -> [UInt8] {
    let head = bytes(UInt32(16 + request.count), 4) + [UInt8](repeating: 0, count: 12) + request
    return message(
      error, flags: flags, sequence: sequence,
      bytes(UInt32(bitPattern: -errno), 4) + head + attributes)
  }

  static let status = Status(version: 1, instance: 0x0123_4567_89ab_cdef, generation: 42)

  static func statusAnswer(sequence: UInt32 = 7) -> [UInt8] {
    generic(.status, sequence: sequence) { status.write(&$0) }
  }
}

extension Exchange {
  /// That of a request, whose length is as it is.
  init(request: [UInt8], sequence: UInt32, isDump: Bool) {
    var request = request + [UInt8](repeating: 0, count: max(0, 20 - request.count))
    // NLM_F_DUMP
    request[7] = isDump ? 3 : 0
    self.init(request, sequence: sequence)
  }

  /// All messages of a datagram.
  mutating func take(_ datagram: [UInt8], port: UInt32) throws(NetlinkError) -> [NetlinkMessage] {
    var (messages, index) = ([] as [NetlinkMessage], 0)
    while let message = try next(datagram, port: port, &index) { messages.append(message) }
    return messages
  }
}

struct ExchangeTests {
  private func exchange(isDump: Bool = false, request: [UInt8] = []) -> Exchange {
    Exchange(request: request, sequence: 7, isDump: isDump)
  }

  @Test func anAnswerEndsWithItsAcknowledgement() throws {
    var exchange = exchange()
    let answers = try exchange.take(Forge.statusAnswer(), port: 0)
    #expect(answers.count == 1 && !exchange.isOver)
    var attributes = try answers[0].attributes()
    #expect(try Status(&attributes) == Forge.status)
    #expect(try exchange.take(Forge.acknowledgement(0), port: 0).isEmpty)
    #expect(exchange.isOver)
  }

  @Test func bothMayComeInOneDatagram() throws {
    var exchange = exchange()
    let datagram = Forge.statusAnswer() + Forge.acknowledgement(0) + Forge.statusAnswer()
    #expect(try exchange.take(datagram, port: 0).count == 1)
    #expect(exchange.isOver)
  }

  @Test(arguments: [0, 6, 8, 0xffff_ffff] as [UInt32])
  func answersToOtherRequestsArePassedOver(sequence: UInt32) throws {
    var exchange = exchange()
    let datagram =
      Forge.statusAnswer(sequence: sequence) + Forge.acknowledgement(1, sequence: sequence)
    #expect(try exchange.take(datagram, port: 0).isEmpty)
    #expect(!exchange.isOver)
  }

  @Test func whatAProcessSendsIsPassedOver() throws {
    var exchange = exchange()
    #expect(try exchange.take(Forge.acknowledgement(0), port: 4242).isEmpty)
    #expect(!exchange.isOver)
  }

  @Test func aDumpEndsWithDone() throws {
    var exchange = exchange(isDump: true)
    #expect(try exchange.take(Forge.statusAnswer() + Forge.statusAnswer(), port: 0).count == 2)
    #expect(!exchange.isOver)
    _ = try exchange.take(Forge.message(Forge.done, [0, 0, 0, 0]), port: 0)
    #expect(exchange.isOver && !exchange.wasInterrupted)
  }

  @Test func aDumpThatAChangeOvertookSaysSo() throws {
    var exchange = exchange(isDump: true)
    let answer = Forge.generic(.status, flags: 0x12) { Forge.status.write(&$0) }
    _ = try exchange.take(answer, port: 0)
    #expect(exchange.wasInterrupted)
    exchange = self.exchange(isDump: true)
    _ = try exchange.take(Forge.message(Forge.done, flags: 0x12, [0, 0, 0, 0]), port: 0)
    #expect(exchange.wasInterrupted && exchange.isOver)
  }

  @Test func doneEndsNothingButADump() {
    #expect(throws: NetlinkError.malformed) {
      var exchange = exchange()
      _ = try exchange.take(Forge.message(Forge.done, [0, 0, 0, 0]), port: 0)
    }
  }

  private func refusal(
    _ datagram: [UInt8], request: [UInt8] = [], isDump: Bool = false
  ) -> NetlinkError? {
    var exchange = exchange(isDump: isDump, request: request)
    do throws(NetlinkError) {
      _ = try exchange.take(datagram, port: 0)
      return nil
    } catch {
      return error.kind == .refused ? error : nil
    }
  }

  private func words(_ error: NetlinkError?) -> String? { error.map { String($0.text) } }

  @Test func aRefusalCarriesErrnoAndMeaning() {
    let refusal = refusal(Forge.acknowledgement(1))
    #expect(refusal?.errno == 1 && words(refusal) == "Operation not permitted")
    #expect(
      self.refusal(Forge.message(Forge.done, bytes(UInt32(bitPattern: -12), 4)), isDump: true)?
        .errno == 12)
  }

  @Test func aRefusalCarriesTheKernelsWordsAndTheAttribute() {
    let request = Forge.generic(.ruleAdd) {
      $0.u8(.action, 1)
      $0.string(.path, Array("x".utf8))
    }
    let why = Forge.attribute(1, Array("not absolute\0".utf8))
    let offset = Forge.attribute(2, bytes(28, 4))
    for (flags, echoed) in [(Forge.capped, []), (0, [UInt8](repeating: 9, count: 21))] {
      let refusal = refusal(
        Forge.acknowledgement(
          22, flags: flags | Forge.acknowledgementText,
          request: echoed + [UInt8](repeating: 0, count: (4 - echoed.count % 4) % 4),
          why + offset),
        request: request)
      #expect(refusal?.errno == 22 && words(refusal) == "not absolute (attribute PATH)")
    }
  }

  @Test func aRefusalNamesTheMissingAttribute() {
    let missing = Forge.attribute(5, bytes(UInt32(Attribute.action.rawValue), 4))
    let refusal = refusal(
      Forge.acknowledgement(22, flags: Forge.capped | Forge.acknowledgementText, missing))
    #expect(words(refusal) == "Invalid argument (attribute ACTION is missing)")
  }

  @Test(arguments: [0, 15, 17, 1000, 0xffff_ffff] as [UInt32])
  func anOffsetOutsideTheRequestNamesNothing(offset: UInt32) {
    let refusal = refusal(
      Forge.acknowledgement(
        22, flags: Forge.capped | Forge.acknowledgementText, Forge.attribute(2, bytes(offset, 4))),
      request: [UInt8](repeating: 0, count: 20))
    #expect(refusal?.errno == 22 && words(refusal) == "Invalid argument")
  }

  @Test func aLongTextIsCut() {
    let why = Forge.attribute(1, [UInt8](repeating: 65, count: Int(Limit.text) + 1) + [0])
    let refusal = refusal(
      Forge.acknowledgement(22, flags: Forge.capped | Forge.acknowledgementText, why))
    #expect(refusal?.text.bytes.count == Int(Limit.text))
  }

  @Test(arguments: [-1, 4096, Int32.min])
  func anErrnoThatIsNoneIsMalformed(errno: Int32) {
    #expect(throws: NetlinkError.malformed) {
      var exchange = exchange()
      _ = try exchange.take(
        Forge.message(
          Forge.error, flags: Forge.capped,
          bytes(UInt32(bitPattern: 0 &- errno), 4) + [UInt8](repeating: 0, count: 16)), port: 0)
    }
  }
}

struct HostileTests {
  /// A datagram with every kind of message in it.
  private var sample: [UInt8] {
    Forge.statusAnswer()
      + Forge.generic(.flagGet) { FlagValue(flag: .mode, value: 2).write(&$0) }
      + Forge.acknowledgement(
        22, flags: Forge.capped | Forge.acknowledgementText,
        Forge.attribute(1, Array("why\0".utf8)) + Forge.attribute(2, bytes(16, 4)))
  }

  /// Takes a datagram as every reader of this module would; whether it was refused.
  private func read(_ datagram: [UInt8]) -> Bool {
    var refused = false
    for isDump in [false, true] {
      var exchange = Exchange(request: sample, sequence: 7, isDump: isDump)
      do throws(NetlinkError) {
        for answer in try exchange.take(datagram, port: 0) {
          _ = try Family(answer)
        }
      } catch {
        refused = true
        #expect(error.text.bytes.count <= Int(Limit.text) + 64)
      }
    }
    for message in EventSocket.messages(datagram) where message == .unknown { refused = true }
    return refused
  }

  @Test func aDatagramCutAnywhereIsRefusedOrShorter() {
    let whole = sample
    for count in 0..<whole.count {
      let cut = Array(whole[..<count])
      if let messages = try? NetlinkMessage.all(cut) {
        // Only between two messages.
        #expect(messages.reduce(0) { $0 + ($1.body.count + 19) & ~3 } >= count)
      } else {
        #expect(read(cut))
      }
    }
  }

  @Test func aLengthThatLiesIsRefused() throws {
    let good = Forge.statusAnswer()
    for length in [0, 15, good.count + 1, good.count + 4, 0x7fff_ffff, 0xffff_ffff] {
      #expect(throws: NetlinkError.malformed) {
        try NetlinkMessage.all(bytes(UInt32(length), 4) + good[4...])
      }
    }
    #expect(try NetlinkMessage.all(good).count == 1)
    for length in [0, 3, 9, 0xffff] {
      #expect(throws: NetlinkError.malformed) {
        try NetlinkMessage.find(1, in: bytes(UInt32(length), 2) + [1, 0, 0, 0, 0, 0], from: 0)
      }
    }
    #expect(try NetlinkMessage.find(1, in: [8, 0, 1, 0, 1, 2, 3, 4], from: 0) == 4..<8)
    #expect(try NetlinkMessage.value(1, in: [8, 0, 1, 0, 1, 2, 3, 4], from: 0) == 0x0403_0201)
    #expect(try NetlinkMessage.value(1, in: [6, 0, 1, 0, 1, 2], from: 0) == 0x0201)
    #expect(try NetlinkMessage.value(1, in: [7, 0, 1, 0, 1, 2, 3], from: 0) == nil)
    #expect(try NetlinkMessage.find(2, in: [8, 0, 1, 0, 1, 2, 3, 4], from: 0) == nil)
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func noMutationIsMoreThanAnError(seed: UInt64) {
    var state = seed &* 0x9e37_79b9_7f4a_7c15
    func next(_ bound: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % UInt64(bound))
    }
    var refused = 0
    for _ in 0..<500 {
      var datagram = sample
      for _ in 0...next(4) {
        switch next(3) {
        case 0: datagram[next(datagram.count)] = UInt8(next(256))
        case 1: datagram[next(datagram.count)] ^= 1 << UInt8(next(8))
        default: datagram.removeLast(next(min(8, datagram.count - 1)))
        }
      }
      if read(datagram) { refused += 1 }
    }
    #expect(refused > 0)
  }
}
