// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7BrokerCore
import E7IPC
import Testing

@Suite struct EventTests {
  private func events(_ world: World, _ id: ConsoleID) throws -> [UInt32?] {
    var uids: [UInt32?] = []
    for var message in try world.messages(id) {
      #expect(message.header.sequence == 0)
      if message.header.type == .event { uids.append(try Event(&message.attributes).uid) }
    }
    return uids
  }

  @Test func eachRoleSeesWhatItMay() throws {
    let world = World()
    let own = world.greeted(uid: 1000, subscribed: true)
    let other = world.greeted(uid: 1001, subscribed: true)
    let viewer = world.greeted(uid: 1002, groups: [World.viewers], subscribed: true)
    let root = world.greeted(uid: 0, subscribed: true)
    let silent = world.greeted(uid: 1000)
    world.tell([.of(uid: 1000), .of(uid: 1001), .of(uid: nil), .of(uid: 0)])
    world.run()
    #expect(try events(world, own) == [1000])
    #expect(try events(world, other) == [1001])
    #expect(try events(world, viewer) == [1000, 1001, nil, 0])
    #expect(try events(world, root) == [1000, 1001, nil, 0])
    #expect(try events(world, silent) == [])
  }

  @Test func noticesGoToEverybody() throws {
    let world = World()
    let ids = [
      world.greeted(uid: 1000, subscribed: true), world.greeted(uid: 0, subscribed: true),
    ]
    let notices: [Notice] = [
      .rules(generation: 5), .flag(FlagValue(flag: .mode, value: 1)),
    ]
    world.tell([], notices)
    world.run()
    for id in ids {
      var messages = try world.messages(id)
      #expect(messages.map(\.header.type) == [.notice, .notice])
      #expect(try Notice(&messages[0].attributes) == notices[0])
      #expect(try Notice(&messages[1].attributes) == notices[1])
    }
  }

  @Test func anEventArrivesUnchanged() throws {
    let world = World()
    let id = world.greeted(subscribed: true)
    var event = Event.of(uid: 1000, number: 99)
    event.cgroup = 12
    event.leftOut = 3
    event.lost = 4
    event.rule = 5
    world.tell([event])
    world.run()
    var message = try #require(try world.messages(id).first)
    #expect(try Event(&message.attributes) == event)
  }

  @Test func allConsolesGetTheSameBytesInOrder() throws {
    let world = World()
    let ids = (0..<200).map { number in
      world.greeted(uid: UInt32(1000 + number / 20), groups: [World.viewers], subscribed: true)
    }
    for number in 0..<100 { world.tell([.of(uid: nil, number: UInt64(number))]) }
    world.run()
    let first = try #require(world.consoles[ids[0]]?.got)
    #expect(first.count == 100)
    #expect(ids.allSatisfy { world.consoles[$0]?.got == first })
  }

  @Test func unsubscribingEndsThem() throws {
    let world = World()
    let id = world.greeted(subscribed: true)
    world.ask(id, .unsubscribe)
    world.run()
    world.tell([.of(uid: 1000)], [.rules(generation: 1)])
    world.run()
    #expect(try world.messages(id).map(\.header.type) == [.done])
  }

  @Test func whatIsNoMessageIsPassedOver() throws {
    let world = World()
    let id = world.greeted(subscribed: true)
    for _ in 0..<1500 { world.broker.told([.unknown, .event(.of(uid: 1000))], at: world.now) }
    world.run()
    #expect(try events(world, id).count == 500)
    #expect(
      world.logs == [
        "messages of module e7 that are no event and no notice: 1 so far",
        "messages of module e7 that are no event and no notice: 1000 so far",
      ])
  }
}

@Suite struct GapTests {
  /// A console that reads nothing, with `count` events told to it.
  private func stalled(_ count: Int, path: String = "/x") -> (World, ConsoleID) {
    let world = World()
    let id = world.greeted(subscribed: true)
    world.unblock(id, room: 0)
    for number in 0..<count {
      world.tell([.of(uid: 1000, number: UInt64(number), path: path)])
    }
    world.run()
    return (world, id)
  }

  private func types(_ world: World, _ id: ConsoleID) throws -> [MessageType] {
    try world.messages(id).map(\.header.type)
  }

  @Test func nothingIsLostUpToTheLimit() throws {
    for count in [Limit.outboxMessages - 1, Limit.outboxMessages] {
      let (world, id) = stalled(count)
      world.unblock(id)
      world.run()
      #expect(try types(world, id) == Array(repeating: .event, count: count))
    }
  }

  @Test(arguments: [1, 2, 1000])
  func whatIsBeyondItIsCounted(beyond: Int) throws {
    let (world, id) = stalled(Limit.outboxMessages + beyond)
    world.unblock(id)
    world.run()
    var messages = try world.messages(id)
    var gap = try #require(messages.last)
    messages.removeLast()
    #expect(messages.allSatisfy { $0.header.type == .event })
    #expect(messages.count == Limit.outboxMessages)
    #expect(gap.header.type == .gap)
    #expect(try Gap(&gap.attributes) == Gap(lost: UInt64(beyond)))
    world.tell([.of(uid: 1000)])
    world.run()
    #expect(try types(world, id) == [.event])
  }

  @Test func bytesCountToo() throws {
    let path = "/" + String(repeating: "p", count: 4000)
    let size = Message.encode(.event, sequence: 0, Event.of(uid: 1000, path: path).write).count
    let fits = Limit.outboxBytes / size
    #expect(fits < Limit.outboxMessages)
    let (world, id) = stalled(fits + 1, path: path)
    world.unblock(id)
    world.run()
    let all = try types(world, id)
    #expect(all == Array(repeating: .event, count: fits) + [.gap])
  }

  @Test func eventsResumeAtHalf() throws {
    let (world, id) = stalled(Limit.outboxMessages + 1)
    // More than half is still waiting: the gap grows, and nothing is put behind it.
    world.unblock(id, room: Limit.outboxMessages / 2)
    world.run()
    world.tell([.of(uid: 1000)])
    world.run()
    #expect(try types(world, id) == Array(repeating: .event, count: Limit.outboxMessages / 2))
    world.unblock(id, room: 1)
    world.run()
    world.tell([.of(uid: 1000)])
    world.unblock(id)
    world.run()
    var messages = try world.messages(id)
    #expect(messages.map(\.header.type).suffix(2) == [.gap, .event])
    let index = messages.count - 2
    #expect(try Gap(&messages[index].attributes) == Gap(lost: 2))
  }

  @Test func aSlowConsoleCostsAnotherNothing() throws {
    let world = World()
    let slow = world.greeted(uid: 1000, groups: [World.viewers], subscribed: true)
    let quick = world.greeted(uid: 1001, groups: [World.viewers], subscribed: true)
    world.unblock(slow, room: 0)
    for number in 0..<3000 {
      world.tell([.of(uid: nil, number: UInt64(number))])
      world.run()
    }
    #expect(try types(world, quick) == Array(repeating: .event, count: 3000))
  }

  @Test func onlyWhatItWouldHaveSeenIsCounted() throws {
    let (world, id) = stalled(Limit.outboxMessages)
    world.tell([.of(uid: 1001), .of(uid: 1000), .of(uid: nil)])
    world.unblock(id)
    world.run()
    var gap = try #require(try world.messages(id).last)
    #expect(try Gap(&gap.attributes) == Gap(lost: 1))
  }

  @Test func theKernelsOwnLossHasNoNumber() throws {
    let (world, id) = stalled(Limit.outboxMessages + 1)
    let quick = world.greeted(uid: 1001, subscribed: true)
    let silent = world.greeted(uid: 1002)
    world.broker.told([.lost], at: world.now)
    world.unblock(id)
    world.run()
    for console in [id, quick] {
      var gap = try #require(try world.messages(console).last)
      #expect(gap.header.type == .gap)
      #expect(try Gap(&gap.attributes) == Gap(lost: nil))
    }
    #expect(try world.messages(silent).isEmpty)
    #expect(world.looks == 1)
  }

  @Test func unsubscribingForgetsTheGap() throws {
    let (world, id) = stalled(Limit.outboxMessages + 5)
    world.unblock(id, room: Limit.outboxMessages / 2 + 1)
    world.ask(id, .unsubscribe)
    world.run()
    world.unblock(id)
    world.run()
    let all = try types(world, id)
    #expect(all.filter { $0 == .gap }.count == 1 && all.last == .done)
  }
}
