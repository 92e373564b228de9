// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7BrokerCore
import E7IPC
import E7TestSupport
import Glibc
import Testing

@Suite struct IllFormedTests {
  /// Bytes of a status question with `change` made to them.
  private static func status(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
    var bytes = Message.encode(.status, sequence: 7)
    change(&bytes)
    return bytes
  }

  private static let messages: [(bytes: [UInt8], error: Int32, sequence: UInt32, text: String)] = [
    ([0xe7], EPROTO, 0, "the message ends in the middle of its header or of an attribute"),
    (status { $0[1] = 1 }, EPROTO, 7, "the message does not begin as E7IPC's do"),
    (status { $0[16] = 21 }, EPROTO, 7, "the header gives another length than the message has"),
    (status { $0[8] = 1 }, EPROTO, 7, "a reserved byte of the header is not zero"),
    (status { $0[6] = 99 }, EPROTO, 7, "message type 99 is not known"),
    (status { $0[12] = 0 }, EPROTO, 0, "a question has a sequence number other than 0"),
    (
      Message.encode(.event, sequence: 7), EPROTO, 7,
      "message type \(MessageType.event.rawValue) is not known"
    ),
    (
      Message.encode(.flagGet, sequence: 7) { $0.u8(.flag, 200) }, EINVAL, 7,
      "attribute FLAG is out of range"
    ),
    (
      Message.encode(.flagGet, sequence: 7) { $0.u16(.flag, 1) }, EINVAL, 7,
      "attribute FLAG is malformed"
    ),
    (
      Message.encode(.status, sequence: 7) { $0.u64(.id, 1) }, EINVAL, 7,
      "attribute ID does not belong to this message"
    ),
    (
      Array("query\n".utf8), EPROTO, 0,
      "the message ends in the middle of its header or of an attribute"
    ),
  ]

  @Test(arguments: IllFormedTests.messages)
  func eachIsAnswered(bytes: [UInt8], error: Int32, sequence: UInt32, text: String) throws {
    let world = World()
    let id = world.greeted()
    world.send(id, bytes)
    world.run()
    let outcome = try world.outcome(id, sequence: sequence)
    #expect(outcome.error == UInt32(error) && outcome.line == text)
    #expect(world.isOpen(id))
  }

  @Test func theThirdEndsTheConsole() throws {
    let world = World()
    let id = world.greeted()
    for number in 1...3 {
      world.ask(id, .flagGet) { $0.u8(.flag, 200) }
      world.ask(id, .status)
      world.run()
      // The third is answered too, but nothing after it.
      #expect(try world.messages(id).count == (number < 3 ? 3 : 1))
      #expect(world.isOpen(id) == (number < 3))
    }
    #expect(world.logs == ["user 1000: a console is closed: attribute FLAG is out of range"])
  }

  @Test func aTooLongMessageIsRefusedAndForgiven() throws {
    let world = World()
    let id = world.greeted()
    for _ in 0..<5 {
      var bytes = Message.encode(.status, sequence: 7)
      bytes += [UInt8](repeating: 0, count: Limit.message + 1 - bytes.count)
      world.send(id, bytes)
      world.run()
      let outcome = try world.outcome(id)
      #expect(outcome.error == UInt32(E2BIG))
      #expect(outcome.line == "a message has at most 65536 bytes")
    }
    world.ask(id, .status)
    world.run()
    #expect(try world.messages(id).count == 2)
  }

  @Test(arguments: [Limit.message - 4, Limit.message])
  func theLongestMessageIsLookedAt(count: Int) throws {
    let world = World()
    let id = world.greeted()
    // A text attribute longer than any may be: refused for what it holds, not for its length.
    var bytes = Message.encode(.status, sequence: 7)
    var rest = count - bytes.count
    while rest > 0 {
      let length = min(rest, 60_000)
      bytes += [UInt8(length & 255), UInt8(length >> 8), 2, 0]
      bytes += [UInt8](repeating: 0, count: length - 4)
      rest -= length
    }
    bytes[16] = UInt8(count & 255)
    bytes[17] = UInt8(count >> 8 & 255)
    bytes[18] = UInt8(count >> 16)
    world.send(id, bytes)
    world.run()
    #expect(try world.outcome(id).error == UInt32(EINVAL))
  }

  @Test func aDescriptorComesWithALaneAlone() throws {
    let world = World()
    let id = world.greeted(uid: 0)
    for number in 1...3 {
      world.ask(id, .status, passed: number == 2 ? .tooMany : .one)
      world.run()
      let outcome = try world.outcome(id)
      #expect(outcome.error == UInt32(EINVAL))
      #expect(outcome.line == "a descriptor comes with LANE alone")
      #expect(world.isOpen(id) == (number < 3))
    }
    #expect(world.lanes.isEmpty)
  }

  @Test(arguments: 0..<20)
  func noBytesUpsetIt(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let world = World()
    for _ in 0..<100 {
      let id = Bool.random(using: &random) ? world.greeted() : world.open()
      for _ in 0..<3 {
        var bytes = Message.encode(.flagGet, sequence: 7) { $0.u8(.flag, 1) }
        if Bool.random(using: &random) {
          bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in
            .random(in: 0...255, using: &random)
          }
        } else {
          bytes[.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
          bytes.removeLast(.random(in: 0...4, using: &random))
        }
        world.send(id, bytes)
      }
      world.run()
      world.broker.closed(id, at: world.now)
      world.run()
      world.wait(1000)
    }
    #expect(world.broker.count == 0)
  }
}
