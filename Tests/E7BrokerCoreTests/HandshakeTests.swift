// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7BrokerCore
import E7IPC
import Glibc
import Testing

@Suite struct HandshakeTests {
  @Test(
    arguments: [
      (UInt32(1000), [UInt32](), Role.own),
      (1000, [100, World.viewers], .all),
      (1000, [World.viewers, World.admins], .admin),
      (0, [], .admin),
      (World.admins, [], .own),
    ] as [(UInt32, [UInt32], Role)])
  func saysTheRole(uid: UInt32, groups: [UInt32], role: Role) throws {
    let world = World()
    let id = world.open(uid: uid, groups: groups)
    world.ask(id, .hello, sequence: 3) { Hello().write(&$0) }
    world.run()
    var messages = try world.messages(id)
    try #require(messages.map(\.header.type) == [.hello, .done])
    #expect(messages.map(\.header.sequence) == [3, 3])
    #expect(try Hello(&messages[0].attributes) == Hello(role: role))
    #expect(try Outcome(&messages[1].attributes) == Outcome())
  }

  @Test func withoutGroupsOnlyRootIsMore() {
    let groups = RoleGroups(admin: nil, view: nil)
    #expect(groups.role(of: Visitor(uid: 1, groups: [World.admins, World.viewers])) == .own)
    #expect(groups.role(of: Visitor(uid: 0, groups: [])) == .admin)
  }

  @Test func talksToALaterMinorVersion() throws {
    let world = World()
    let id = world.open()
    var hello = Message.encode(.hello, sequence: 1) {
      $0.u8(.minor, 9)
    }
    // An attribute that only a later version has.
    hello += [5, 0, 0xff, 0x3f, 1, 0, 0, 0]
    hello[5] = 9
    hello[16] = UInt8(hello.count)
    world.send(id, hello)
    world.run()
    #expect(try world.messages(id).map(\.header.type) == [.hello, .done])
    #expect(world.isOpen(id))
  }

  @Test(arguments: [UInt8(0), 2, 255])
  func refusesAnotherMajorVersion(major: UInt8) throws {
    let world = World()
    let id = world.open()
    var hello = Message.encode(.hello, sequence: 0x0102_0304) { Hello().write(&$0) }
    hello[4] = major
    world.send(id, hello)
    world.run()
    let outcome = try world.outcome(id, sequence: 0x0102_0304)
    #expect(outcome.error == UInt32(EPROTO))
    #expect(outcome.line == "E7IPC version \(major) is not spoken here; expected 1…1")
    #expect(!world.isOpen(id))
  }

  @Test func comesFirstAndOnce() throws {
    let world = World()
    let id = world.open()
    let early = try world.outcomeOf(id, .status)
    #expect(early.error == UInt32(EPROTO) && early.line == "expected HELLO first")
    world.ask(id, .hello) { Hello().write(&$0) }
    world.run()
    #expect(try world.messages(id).count == 2)
    let late = try world.outcomeOf(id, .hello) { Hello().write(&$0) }
    #expect(late.error == UInt32(EPROTO) && late.line == "HELLO was said already")
    #expect(world.isOpen(id))
  }

  @Test func mustComeWithinItsTime() {
    let limit = UInt64(Limit.helloMilliseconds)
    let world = World()
    let id = world.open()
    world.run()
    #expect(world.broker.deadline == world.now + limit)
    world.wait(limit - 1)
    world.run()
    #expect(world.isOpen(id))
    world.wait(1)
    world.run()
    #expect(!world.isOpen(id))
  }

  @Test func inTimeItKeepsTheConsole() {
    let limit = UInt64(Limit.helloMilliseconds)
    let world = World()
    let id = world.open()
    world.wait(limit - 1)
    world.ask(id, .hello) { Hello().write(&$0) }
    world.run()
    #expect(world.broker.deadline == nil)
    world.wait(10 * limit)
    world.run()
    #expect(world.isOpen(id))
  }

  @Test func anIllFormedMessageIsNone() {
    let world = World()
    let id = world.open()
    world.ask(id, .status)
    world.run()
    world.wait(UInt64(Limit.helloMilliseconds))
    world.run()
    #expect(!world.isOpen(id))
  }

  @Test func anEmptyDatagramIsTheEnd() throws {
    let world = World()
    let id = world.greeted()
    world.ask(id, .status)
    world.send(id, [])
    world.ask(id, .status)
    world.run()
    #expect(try world.messages(id).map(\.header.type) == [.status, .done])
    #expect(!world.isOpen(id))
    #expect(world.broker.count == 0)
  }
}
