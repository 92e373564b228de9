// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7System
import Testing

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
    #expect(family.group("notify") == 16)
    #expect(family.group("notif") == nil)
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
      _ = try socket.exchange(
        GenericRequest(family: 16, version: 1, command: 3, attributes: name),
        timeoutMilliseconds: 1000
      ) { (_: GenericMessage) throws(NetlinkError) in }
    } catch let caught {
      error = caught
    }
    guard case .refused(let refusal) = error else {
      Issue.record("not refused: \(String(describing: error))")
      return
    }
    #expect(refusal.errno == Errno.range || refusal.errno == Errno.invalid)
    // Attribute 2 of whatever schema, at the first place behind both headers.
    #expect(refusal.attribute == Attribute(wire: 2))
    #expect(refusal.text != SystemError.meaning(refusal.errno).bytes)
  }

  @Test func aDumpEnds() throws {
    var socket = try GenericSocket()
    var families = 0
    let interrupted = try socket.exchange(
      GenericRequest(family: 16, version: 1, command: 3, isDump: true, attributes: []),
      timeoutMilliseconds: 1000
    ) { answer throws(NetlinkError) in
      _ = try Family(answer)
      families += 1
    }
    #expect(families >= 1 && !interrupted)
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
    #expect(error { _ = try socket.apply(KernelEdit(.begin)) } == .noFamily)
    #expect(error { _ = try socket.apply(KernelEdit(.commit)) } == .noFamily)
    #expect(error { _ = try GroupSocket.openView(for: 0) } == .noFamily)
    #expect(NetlinkError.noFamily.errno == Errno.noDevice)
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
