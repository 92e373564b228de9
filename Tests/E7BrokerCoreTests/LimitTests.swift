// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7BrokerCore
import E7IPC
import Glibc
import Testing

@Suite struct AdmissionTests {
  @Test func aUserHasSoManyConsoles() throws {
    let world = World()
    let own = (0..<Limit.connectionsPerUid).map { _ in world.open(uid: 1000) }
    world.run()
    #expect(own.allSatisfy(world.isOpen))
    let more = world.open(uid: 1000)
    world.run()
    #expect(!world.isOpen(more))
    let outcome = try world.outcome(more, sequence: 0)
    #expect(outcome.error == UInt32(EUSERS))
    #expect(outcome.line == "32 consoles of user 1000 are open, as many as one may have")
    let other = world.open(uid: 1001)
    world.run()
    #expect(world.isOpen(other))

    world.broker.closed(own[0], at: world.now)
    let again = world.open(uid: 1000)
    world.run()
    #expect(world.isOpen(again))
    #expect(!world.isOpen(own[0]))
  }

  @Test func someAreKeptForRoot() throws {
    let world = World()
    let others = Limit.connections - Limit.connectionsForRoot
    for number in 0..<others {
      let id = world.open(uid: 1000 + UInt32(number / Limit.connectionsPerUid))
      world.run()
      #expect(world.isOpen(id))
    }
    let refused = world.open(uid: 5000)
    world.run()
    #expect(try world.outcome(refused, sequence: 0).error == UInt32(EUSERS))
    for _ in 0..<Limit.connectionsForRoot {
      let root = world.open(uid: 0)
      world.run()
      #expect(world.isOpen(root))
    }
    #expect(world.broker.count == Limit.connections)
    let root = world.open(uid: 0)
    world.run()
    #expect(!world.isOpen(root))
    #expect(world.broker.count == Limit.connections)
  }

  @Test func rootsOwnTakeNothingFromOthers() {
    let world = World()
    for _ in 0..<Limit.connectionsPerUid { _ = world.open(uid: 0) }
    let others = Limit.connections - Limit.connectionsPerUid
    for number in 0..<others {
      _ = world.open(uid: 1000 + UInt32(number / Limit.connectionsPerUid))
    }
    world.run()
    #expect(world.broker.count == Limit.connections)
    let more = world.open(uid: 5000)
    world.run()
    #expect(!world.isOpen(more))
  }
}

@Suite struct RateTests {
  /// Asks so many questions at once and says how many were answered.
  private func answered(_ world: World, _ ids: [ConsoleID], _ count: Int) -> Int {
    for number in 0..<count { world.ask(ids[number % ids.count], .status) }
    world.run()
    return ids.reduce(0) { sum, id in
      let got = world.consoles[id]?.got.count ?? 0
      world.consoles[id]?.got = []
      return sum + got / 2
    }
  }

  @Test func aSecondsWorthMayComeAtOnce() {
    let limit = Limit.messagesPerSecond
    for count in [limit - 1, limit] {
      let world = World()
      #expect(answered(world, [world.greeted()], count) == count)
    }
    let world = World()
    let id = world.greeted()
    #expect(answered(world, [id], limit + 1) == limit)
    // The rest waits in the socket, and is taken when a tenth of a second has gone by.
    #expect(world.consoles[id]?.sent.count == 1)
    #expect(world.consoles[id]?.watch.input == false)
    #expect(world.broker.deadline == world.now + 100)
    world.wait(99)
    #expect(answered(world, [id], 0) == 0)
    world.wait(1)
    #expect(answered(world, [id], 0) == 1)
    #expect(world.isOpen(id))
  }

  @Test func theConsolesOfAUserShareIt() {
    let world = World()
    let ids = (0..<4).map { _ in world.greeted() }
    let other = world.greeted(uid: 1001)
    #expect(answered(world, ids, 4 * Limit.messagesPerSecond) == Limit.messagesPerSecond)
    #expect(answered(world, [other], 10) == 10)
  }

  @Test func inTheLongRunItIsTheRate() {
    let world = World()
    let id = world.greeted()
    var sum = answered(world, [id], 5000)
    for _ in 0..<100 {
      world.wait(100)
      sum += answered(world, [id], 0)
    }
    #expect(sum == Limit.messagesPerSecond * 11)
  }

  @Test func connectingAgainFillsNothing() {
    let world = World()
    #expect(answered(world, [world.greeted()], Limit.messagesPerSecond) == Limit.messagesPerSecond)
    for id in world.consoles.keys { world.broker.closed(id, at: world.now) }
    world.run()
    #expect(answered(world, [world.greeted()], 10) == 0)
  }

  @Test func linesAreCountedOneByOne() {
    let world = World()
    let id = world.open()
    world.type(id, String(repeating: "get mode\n", count: Limit.messagesPerSecond + 1))
    world.run()
    #expect(world.consoles[id]?.got.count == 2 * Limit.messagesPerSecond)
    world.wait(100)
    world.run()
    #expect(world.consoles[id]?.got.count == 2 * Limit.messagesPerSecond + 2)
  }

  @Test func aPausedUserCanStillBeGreeted() {
    let world = World()
    let id = world.greeted()
    #expect(answered(world, [id], Limit.messagesPerSecond) == Limit.messagesPerSecond)
    let late = world.open()
    world.ask(late, .hello) { Hello().write(&$0) }
    world.run()
    #expect(world.consoles[late]?.got.count == 2)
  }
}

@Suite struct StallTests {
  private func stalled() -> (World, ConsoleID) {
    let world = World()
    let id = world.greeted(subscribed: true)
    world.unblock(id, room: 0)
    world.tell([.of(uid: 1000)])
    world.run()
    return (world, id)
  }

  @Test func aConsoleThatReadsNothingIsClosed() {
    let limit = UInt64(Limit.stallMilliseconds)
    let (world, id) = stalled()
    #expect(world.broker.deadline == world.now + limit)
    world.wait(limit - 1)
    world.run()
    #expect(world.isOpen(id))
    world.wait(1)
    world.run()
    #expect(!world.isOpen(id))
    #expect(
      world.logs == ["user 1000: a console left its messages unread, and is closed"])
  }

  @Test func readingOneMessageIsEnough() {
    let limit = UInt64(Limit.stallMilliseconds)
    let (world, id) = stalled()
    world.tell([.of(uid: 1000)])
    world.wait(limit - 1)
    world.unblock(id, room: 1)
    world.run()
    world.wait(limit - 1)
    world.run()
    #expect(world.isOpen(id))
    world.wait(1)
    world.run()
    #expect(!world.isOpen(id))
  }

  @Test func whoHasReadAllMayBeSilent() {
    let (world, id) = stalled()
    world.unblock(id)
    world.run()
    world.wait(10 * UInt64(Limit.stallMilliseconds))
    world.run()
    #expect(world.isOpen(id))
  }
}
