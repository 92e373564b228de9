// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7BrokerCore
import E7IPC
import Glibc
import Testing

@Suite struct ModuleTests {
  private static let absent = "module e7 is not loaded; load it with: modprobe e7"

  @Test(arguments: [MessageType.status, .flagGet, .ruleGet])
  func withoutItQuestionsSayHowToLoadIt(type: MessageType) throws {
    let world = World(module: .absent)
    let id = world.greeted(subscribed: true)
    for _ in 0..<5 {
      let outcome = try world.outcomeOf(id, type)
      #expect(outcome.error == UInt32(ENODEV) && outcome.line == ModuleTests.absent)
    }
    #expect(world.isOpen(id) && world.kernel.fetched == 0)
    #expect(world.logs == [ModuleTests.absent])
  }

  @Test func anotherVersionIsNamed() throws {
    let world = World(module: .foreign(version: 7))
    let id = world.greeted()
    let outcome = try world.outcomeOf(id, .ruleGet)
    #expect(outcome.error == UInt32(EPROTO))
    #expect(outcome.line == "module e7 speaks version 7 of its family, this broker version 1")
  }

  @Test func itsEndIsTold() throws {
    let world = World()
    let id = world.greeted(subscribed: true)
    world.tell([], [.unload])
    world.run()
    var messages = try world.messages(id)
    #expect(messages.map(\.header.type) == [.notice])
    #expect(try Notice(&messages[0].attributes) == .unload)
    #expect(try world.outcomeOf(id, .status).error == UInt32(ENODEV))
    #expect(world.logs == [ModuleTests.absent])
  }

  @Test func aLookWhileItGoesChangesNothing() throws {
    let world = World()
    let id = world.greeted()
    world.tell([], [.unload])
    world.broker.module(.ready(instance: FakeKernel.instance), at: world.now)
    world.run()
    #expect(world.exit == nil)
    #expect(try world.outcomeOf(id, .status).error == UInt32(ENODEV))
  }

  @Test func aQuestionThatFindsNoFamilyIsTheEnd() throws {
    let world = World()
    let id = world.greeted()
    let watcher = world.greeted(uid: 1001, subscribed: true)
    world.kernel.failure = KernelPart([], .gone)
    #expect(try world.outcomeOf(id, .status).line == ModuleTests.absent)
    #expect(try world.messages(watcher).map(\.header.type) == [.notice])
    #expect(world.looks == 1)
    #expect(try world.outcomeOf(id, .flagGet).error == UInt32(ENODEV))
    #expect(try world.messages(watcher).isEmpty)
  }

  @Test func answersInProgressEnd() throws {
    let world = World()
    world.kernel.rules = (0..<5000).map { number in
      Rule(id: UInt64(number), action: .allow, match: Match(prot: 6, path: []))
    }
    let ids = (0..<3).map { _ in world.greeted() }
    for id in ids {
      world.unblock(id, room: 10)
      world.ask(id, .ruleGet)
    }
    world.run()
    world.tell([], [.unload])
    for id in ids { world.unblock(id) }
    world.run()
    for id in ids {
      var end = try #require(try world.messages(id).last)
      #expect(try Outcome(&end.attributes).error == UInt32(ENODEV))
    }
    #expect(world.kernel.dumps.isEmpty)
  }

  @Test func itIsLookedForWhileItIsMissing() {
    let world = World(module: .absent)
    world.run()
    #expect(world.broker.deadline == world.now + 250)
    for count in 1...5 {
      world.wait(249)
      world.run()
      #expect(world.looks == count - 1)
      world.wait(1)
      world.run()
      #expect(world.looks == count)
      world.broker.module(.absent, at: world.now)
    }
    #expect(world.exit == nil)
  }

  @Test(arguments: [Module.absent, .foreign(version: 2), .ready(instance: 1)])
  func anotherLoadOfItEndsTheBroker(before: Module) {
    let world = World(module: before)
    world.broker.module(.ready(instance: 2), at: world.now)
    world.run()
    #expect(world.exit == 75)
    #expect(world.logs.last == "module e7 was loaded; the broker starts again")
  }

  @Test func theSameLoadOfItDoesNot() {
    let world = World(module: .ready(instance: 1))
    world.broker.told([.lost], at: world.now)
    world.broker.module(.ready(instance: 1), at: world.now)
    world.run()
    #expect(world.exit == nil && world.broker.deadline == nil)
  }

  @Test func aLookThatFindsNothingIsTold() throws {
    let world = World()
    let id = world.greeted(subscribed: true)
    world.broker.module(.absent, at: world.now)
    world.run()
    #expect(try world.messages(id).map(\.header.type) == [.notice])
    #expect(try world.outcomeOf(id, .status).error == UInt32(ENODEV))
  }
}
