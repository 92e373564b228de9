// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7TestSupport
import Testing

@testable import E7Netlink
@testable import E7Questions

/// A kernel that lies: each row of Tests/attacks.txt at the border kernel→priv.
struct AttackTests {
  private static func short(_ length: UInt32) -> [UInt8] {
    bytes(length, 4) + [UInt8](repeating: 0, count: 12)
  }

  private static func error(_ number: UInt32) -> [UInt8] {
    Forge.message(Forge.error, flags: Forge.capped, bytes(number, 4) + short(16))
  }

  private static func family(_ number: UInt16) -> [UInt8] {
    let known = Forge.attribute(3, bytes(1, 4))
    let own = number == 0 ? [] : Forge.attribute(1, bytes(UInt32(number), 2))
    return Forge.message(0x10, [1, 2, 0, 0] + known + own)
  }

  /// What is sent, from which port, and to whom: the end of an edit, or the look-up of a family.
  private static let cases: [String: (datagram: [UInt8], port: UInt32, asksFamily: Bool)] = [
    "an answer of another process": (Forge.acknowledgement(0), 4242, false),
    "an answer to another request": (Forge.acknowledgement(0, sequence: 8), 0, false),
    "a datagram that ends in a header": ([20, 0, 0, 0, 2], 0, false),
    "a length shorter than a header": (short(15), 0, false),
    "a length beyond the datagram": (short(17), 0, false),
    "an error without its number": (Forge.message(Forge.error, [0, 0]), 0, false),
    "an error with a positive number": (error(1), 0, false),
    "an error beyond the last errno": (error(UInt32(bitPattern: -4096)), 0, false),
    "a refusal whose attributes overrun": (
      Forge.acknowledgement(22, flags: Forge.capped | Forge.acknowledgementText, [200, 0, 1, 0]), 0,
      false
    ),
    "a refusal that points outside the request": (
      Forge.acknowledgement(
        22, flags: Forge.capped | Forge.acknowledgementText,
        Forge.attribute(2, bytes(.max, 4))), 0, false
    ),
    "an end of a list where none was asked for": (
      Forge.message(Forge.done, bytes(0, 4)), 0, false
    ),
    "an overrun": (Forge.message(4, []), 0, false),
    "a message shorter than its own header": (Forge.message(Forge.family, [5, 1]), 0, false),
    "a no-op": (Forge.message(1, []), 0, false),
    "a family without a number": (family(0), 0, true),
    "a family with a number of netlink's own": (family(3), 0, true),
  ]

  private static func outcome(_ name: String) -> String {
    guard let sent = cases[name] else { return "no such test" }
    var exchange = Exchange(request: [UInt8](repeating: 0, count: 24), sequence: 7, isDump: false)
    do throws(NetlinkError) {
      let answers = try exchange.take(sent.datagram, port: sent.port)
      if sent.asksFamily { for answer in answers { _ = try Family(answer) } }
      return exchange.isOver || !answers.isEmpty ? "believed" : "passed"
    } catch {
      switch error.kind {
      case .malformed: return "malformed"
      case .lost: return "lost"
      case .refused: return String(error.text).contains("attribute") ? "believed" : "read"
      default: return "failed"
      }
    }
  }

  @Test func theTableHasEachTestAndEachTestARow() {
    #expect(attacks(at: "kernel→priv").keys.sorted() == AttackTests.cases.keys.sorted())
  }

  @Test(arguments: attacks(at: "kernel→priv"))
  func whatComesOfIt(name: String, expected: String) {
    #expect(AttackTests.outcome(name) == expected)
  }
}
