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
      var socket = try GenericSocket()
      _ = try socket.resolve("e7", timeoutMilliseconds: 1000)
      return true
    } catch {
      return error != .noFamily
    }
  }

  @Test func theControlFamilyIsFound() throws {
    var socket = try GenericSocket()
    let family = try socket.resolve("nlctrl", timeoutMilliseconds: 1000)
    #expect(family.id == 16 && family.version == 2)
    let description = try socket.describe("nlctrl", timeoutMilliseconds: 1000)
    #expect(try Groups.number(of: "notify", in: description) == 16)
    #expect(try Groups.number(of: "notif", in: description) == nil)
    try socket.join("notify", of: "nlctrl")
    #expect(try socket.resolve("nlctrl", timeoutMilliseconds: 1000) == family)
  }

  @Test func aFamilyThatIsNotThereIsToldApart() throws {
    #expect(throws: NetlinkError.noFamily) {
      var socket = try GenericSocket()
      _ = try socket.resolve("e7-none", timeoutMilliseconds: 1000)
    }
  }

  @Test func theKernelSaysWhatIsWrong() throws {
    let name = Forge.attribute(2, [UInt8](repeating: 65, count: 40) + [0])
    var error: NetlinkError?
    do throws(NetlinkError) {
      var socket = try GenericSocket()
      _ = try socket.ask(
        [genericRequest(family: 16, version: 1, command: 3, attributes: name)],
        timeoutMilliseconds: 1000)
    } catch let caught {
      error = caught
    }
    guard case .refused(let refusal) = error else {
      Issue.record("not refused: \(String(describing: error))")
      return
    }
    #expect(refusal.errno == ERANGE || refusal.errno == EINVAL)
    // Attribute 2 of whatever schema, at the first place behind both headers.
    #expect(refusal.attribute == Attribute(wire: 2))
    #expect(refusal.text != SystemError.meaning(refusal.errno).bytes)
  }

  @Test func aDumpEnds() throws {
    var socket = try GenericSocket()
    let (messages, end) = try socket.ask(
      [genericRequest(family: 16, version: 1, command: 3, isDump: true, attributes: [])],
      timeoutMilliseconds: 1000)
    for message in messages { _ = try Family(message) }
    #expect(messages.count >= 1 && !end.wasInterrupted)
  }

  @Test func ofSeveralRequestsEachIsRefusedByItself() throws {
    var socket = try GenericSocket()
    func request(_ name: String) -> [UInt8] {
      genericRequest(
        family: 16, version: 1, command: 3, attributes: Forge.attribute(2, Array(name.utf8) + [0]))
    }
    let (messages, end) = try socket.ask(
      [request("e7-none"), request("nlctrl"), request("e7-none")], timeoutMilliseconds: 1000)
    #expect(messages.count == 1)
    #expect(end.refusals.map { $0?.errno } == [ENOENT, nil, ENOENT])
  }

  @Test func anEventSocketNeverBlocks() throws {
    let events = EventSocket(try GenericSocket().descriptor())
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
    #expect(error { _ = try socket.request(.ruleClear, []) } == .noFamily)
    #expect(error { try socket.claim(.view) } == .noFamily)
    #expect(error { try socket.joinNotices() } == .noFamily)
    #expect(NetlinkError.noFamily.errno == ENODEV)
    #expect(String(decoding: NetlinkError.noFamily.text, as: UTF8.self).contains("modprobe e7"))
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
