// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
import E7IPC
import E7System
import Testing

@testable import E7Groups
@testable import E7Netlink
@testable import E7Questions

/// Against the running kernel's own family, which anybody may ask.
struct LiveTests {
  static var isLoaded: Bool {
    do throws(NetlinkError) {
      var socket = try KernelSocket()
      _ = try socket.resolve("e7")
      return true
    } catch {
      return error.kind != .noFamily
    }
  }

  @Test func theControlFamilyIsFound() throws {
    var socket = try KernelSocket()
    let family = try socket.resolve("nlctrl")
    #expect(family.id == 16 && family.version == 2)
    let description = try socket.describe("nlctrl")
    #expect(try Groups.number(of: "notify", in: description) == 16)
    #expect(try Groups.number(of: "notif", in: description) == nil)
    try socket.join("notify", of: "nlctrl")
    #expect(try socket.resolve("nlctrl") == family)
  }

  @Test func aFamilyThatIsNotThereIsToldApart() throws {
    #expect(throws: NetlinkError.noFamily) {
      var socket = try KernelSocket()
      _ = try socket.resolve("e7-none")
    }
  }

  @Test func theKernelSaysWhatIsWrong() throws {
    let name = Forge.attribute(2, [UInt8](repeating: 65, count: 40) + [0])
    var error: NetlinkError?
    do throws(NetlinkError) {
      var socket = try KernelSocket()
      _ = try socket.ask(genericRequest(family: 16, version: 1, command: 3, attributes: name))
    } catch let caught {
      error = caught
    }
    #expect(error?.kind == .refused && (error?.errno == ERANGE || error?.errno == EINVAL))
    // Attribute 2 of whatever schema, at the first place behind both headers.
    let words = error.map { String($0.text) } ?? ""
    #expect(words.hasSuffix(" (attribute VERSION)") && !words.hasPrefix("Invalid argument ("))
  }

  @Test func aDumpEnds() throws {
    var socket = try KernelSocket()
    var exchange = try socket.begin(
      genericRequest(family: 16, version: 1, command: 3, isDump: true, attributes: []))
    var count = 0
    while !exchange.isOver {
      let (datagram, port) = try socket.receive()
      for message in try exchange.take(datagram, port: port) {
        _ = try Family(message)
        count += 1
      }
    }
    #expect(count >= 1 && !exchange.wasInterrupted)
  }

  @Test func anEventSocketNeverBlocks() throws {
    let events = EventSocket(try KernelSocket().descriptor())
    #expect(try events.receive() == nil)
  }

  @Test(.enabled(if: !LiveTests.isLoaded)) func withoutTheModuleEveryQuestionSaysSo() throws {
    var socket = try KernelSocket()
    func error(_ ask: () throws -> Void) -> NetlinkError? {
      do { try ask() } catch { return error as? NetlinkError }
      return nil
    }
    #expect(error { _ = try socket.status() } == .noFamily)
    #expect(error { _ = try socket.ask(.begin) } == .noFamily)
    #expect(error { _ = try socket.ask(.ruleClear) } == .noFamily)
    #expect(error { try socket.claim(.view) } == .noFamily)
    #expect(error { try socket.joinNotices() } == .noFamily)
    #expect(NetlinkError.noFamily.errno == ENODEV)
    #expect(String(NetlinkError.noFamily.text).contains("modprobe e7"))
  }
}

struct EventTests {
  private var event: Event {
    Event(
      kind: .drop, verdict: .block, reason: .rule, direction: .outgoing, prot: 6,
      local: [127, 0, 0, 1], remote: [127, 0, 0, 2], netns: 1, time: 2)
  }

  @Test func eventsAndNoticesAreRead() {
    let datagram =
      Forge.generic(.event, sequence: 0) { event.write(&$0) }
      + Forge.generic(.notice, sequence: 0) { Notice.rules(generation: 9).write(&$0) }
    #expect(
      EventSocket.messages(datagram) == [.event(event), .notice(.rules(generation: 9))])
  }

  @Test func whatIsNoEventIsUnknownAndAnswersArePassedOver() {
    #expect(EventSocket.messages(Forge.statusAnswer(sequence: 0)) == [.unknown])
    #expect(EventSocket.messages(Forge.generic(.event, sequence: 0) { _ in }) == [.unknown])
    #expect(EventSocket.messages([1, 2, 3]) == [.unknown])
    #expect(EventSocket.messages(Forge.statusAnswer()) == [])
    #expect(EventSocket.messages([]) == [])
  }
}
