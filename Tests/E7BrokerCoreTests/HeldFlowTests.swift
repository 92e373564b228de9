// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7TestSupport
import Testing

@testable import E7BrokerCore

extension Event {
  /// A flow of `uid` that is held.
  static func ask(_ question: UInt64?, uid: UInt32? = 1000, left: UInt32? = 30) -> Event {
    var event = Event.of(uid: uid)
    (event.kind, event.verdict, event.reason, event.rule) = (.ask, .ask, .rule, 3)
    event.question = question
    event.secondsLeft = left
    return event
  }

  /// The end of it.
  static func asked(_ question: UInt64?, uid: UInt32? = 1000) -> Event {
    var event = Event.of(uid: uid)
    (event.kind, event.verdict, event.reason) = (.asked, .allow, .answer)
    event.question = question
    return event
  }
}

@Suite struct HeldFlowTests {
  /// Kind and number of each event that came unasked, `done` for the end of an answer.
  private func told(_ world: World, _ id: ConsoleID) throws -> [String] {
    try world.messages(id).map { message in
      guard message.header.type == .event else {
        return Words.word(.messageType, UInt32(message.header.type.rawValue)) ?? ""
      }
      var reader = message.attributes
      let event = try Event(&reader)
      #expect(message.header.sequence == 0)
      let kind = Words.word(.event, UInt32(event.kind.rawValue)) ?? ""
      return "\(kind) \(event.question ?? 0)"
    }
  }

  /// Numbers and seconds left of what `QUESTIONS` lists.
  private func listed(_ world: World, _ id: ConsoleID) throws -> [[UInt64]] {
    world.ask(id, .questions)
    world.run()
    var messages = try world.messages(id)
    let last = messages.popLast()
    var end = try #require(last)
    #expect(end.header.type == .done && end.header.sequence == 7)
    #expect(try Outcome(&end.attributes) == Outcome())
    var rows: [[UInt64]] = []
    for message in messages {
      #expect(message.header.type == .event && message.header.sequence == 7)
      var reader = message.attributes
      let event = try Event(&reader)
      #expect(event.kind == .ask)
      rows.append([event.question ?? 0, UInt64(event.secondsLeft ?? 99)])
    }
    return rows
  }

  @Test func aQuestionIsToldOnceAndItsEndTo() throws {
    let world = World()
    let id = world.greeted(subscribed: true)
    for _ in 0..<3 {
      world.tell([.ask(7)])
      world.wait(5000)
      world.run()
    }
    world.tell([.asked(7), .asked(nil), .asked(9)])
    world.run()
    #expect(try told(world, id) == ["ask 7", "asked 7", "asked 0", "asked 9"])
  }

  @Test func theTimeThatIsLeftIsCountedDown() throws {
    let world = World()
    let id = world.greeted()
    world.tell([.ask(7, left: 30), .ask(8, left: 10), .ask(9, left: nil)])
    #expect(try listed(world, id) == [[7, 30], [8, 10], [9, 99]])
    world.wait(1)
    #expect(try listed(world, id) == [[7, 30], [8, 10], [9, 99]])
    world.wait(999)
    #expect(try listed(world, id) == [[7, 29], [8, 9], [9, 99]])
    world.wait(11_000)
    #expect(try listed(world, id) == [[7, 18], [8, 0], [9, 99]])
    // Told again, it has what the kernel says.
    world.tell([.ask(7, left: 25)])
    #expect(try listed(world, id).first == [7, 25])
  }

  @Test func eachRoleSeesTheQuestionsThatItMay() throws {
    let world = World()
    world.tell([.ask(3, uid: 1001), .ask(1, uid: 1000), .ask(2, uid: nil), .ask(4, uid: 0)])
    let own = world.greeted(uid: 1000)
    let viewer = world.greeted(uid: 1002, groups: [World.viewers])
    let root = world.greeted(uid: 0)
    let other = world.greeted(uid: 1003)
    #expect(try listed(world, own).map(\.[0]) == [1])
    #expect(try listed(world, viewer).map(\.[0]) == [1, 2, 3, 4])
    #expect(try listed(world, root).map(\.[0]) == [1, 2, 3, 4])
    #expect(try listed(world, other).isEmpty)
    world.ask(own, .subscribe)
    world.ask(other, .subscribe)
    world.ask(viewer, .subscribe)
    world.run()
    #expect(try told(world, own) == ["DONE", "ask 1"])
    #expect(try told(world, other) == ["DONE"])
    #expect(try told(world, viewer) == ["DONE", "ask 1", "ask 2", "ask 3", "ask 4"])
  }

  @Test func whatIsOverIsListedNoMore() throws {
    let world = World()
    let id = world.greeted()
    world.tell([.ask(1), .ask(2), .ask(3)])
    world.tell([.asked(2)])
    #expect(try listed(world, id).map(\.[0]) == [1, 3])
    // The end of one was lost: it is told no more.
    world.wait(UInt64(Limit.askAgainMilliseconds))
    world.tell([.ask(3)])
    world.wait(UInt64(2 * Limit.askAgainMilliseconds) - 1)
    #expect(try listed(world, id).map(\.[0]) == [1, 3])
    world.wait(1)
    #expect(try listed(world, id).map(\.[0]) == [3])
    world.wait(1)
    #expect(try listed(world, id).map(\.[0]) == [3])
  }

  @Test func theModulesEndIsTheEndOfAll() throws {
    let world = World()
    let id = world.greeted(subscribed: true)
    world.tell([.ask(1)], [.unload])
    world.run()
    #expect(world.broker.held.count == 0)
    _ = try world.messages(id)
    let outcome = try world.outcomeOf(id, .questions)
    #expect(outcome.error == 19 && outcome.line.contains("not loaded"))
  }

  @Test(arguments: [Limit.askMost - 1, Limit.askMost, Limit.askMost + 1])
  func theyAreBounded(count: Int) throws {
    let world = World()
    let root = world.greeted(uid: 0)
    for number in 1...count { world.tell([.ask(UInt64(number))]) }
    #expect(world.broker.held.count == min(count, Limit.askMost))
    #expect(try listed(world, root).count == min(count, Limit.askMost))
    // One more is told, each time; there is room for it when others are over.
    let id = world.greeted(uid: 1000, subscribed: true)
    _ = try told(world, id)
    let new = UInt64(count) + 9
    world.tell([.ask(new)])
    world.tell([.ask(new)])
    world.run()
    let times = count < Limit.askMost ? 1 : 2
    #expect(try told(world, id) == Array(repeating: "ask \(new)", count: times))
    world.wait(HeldFlows.patience)
    world.tell([.ask(new + 1), .ask(new + 1)])
    world.run()
    #expect(try told(world, id) == ["ask \(new + 1)"])
    #expect(try listed(world, root).map(\.[0]) == [new + 1])
  }

  @Test func aLongListCostsASlowReaderNoEvent() throws {
    let world = World()
    let count = UInt64(3 * Limit.outboxMessages)
    for number in 1...count { world.tell([.ask(number)]) }
    let id = world.greeted(uid: 1000)
    world.unblock(id, room: 0)
    world.ask(id, .subscribe)
    world.run()
    // While the list waits for the reader, one is over and another begins.
    world.tell([.asked(count), .ask(count + 1)])
    world.run()
    while try #require(world.consoles[id]).got.count < Int(count) + 2 {
      world.unblock(id, room: 97)
      world.run()
      try #require(world.broker.outgoing(id, at: 0) != nil || world.consoles[id]?.room != 0)
    }
    let all = try told(world, id)
    #expect(all.first == "DONE" && Set(all).count == all.count && !all.contains("GAP"))
    let asks = (1..<count).map { "ask \($0)" } + ["ask \(count + 1)"]
    #expect(Set(all) == Set(["DONE", "asked \(count)"] + asks))
    #expect(world.isOpen(id))
  }

  @Test func aConsoleOfLinesListsAndIsTold() {
    let world = World()
    let id = world.open(uid: 1000)
    world.tell([.ask(16_012_345), .ask(8, uid: 1001)])
    world.type(id, "questions\nevents\nquestions\n")
    world.run()
    let flow = "out tcp /usr/bin/curl 192.0.2.1:40000 192.0.2.2:80 uid 1000 pid 77 by rule id 3"
    let row = "question 16012345 \(flow) left 30\nok\n"
    #expect(
      world.text(id) == row + "ok\nevent ask ask \(flow) question 16012345 left 30\n" + row)
    world.tell([.ask(16_012_345), .asked(16_012_345)])
    world.run()
    #expect(
      world.text(id)
        == "event asked allow out tcp /usr/bin/curl 192.0.2.1:40000 192.0.2.2:80 uid 1000 pid 77 "
        + "by answer question 16012345\n")
  }

  @Test(arguments: 0..<4) func whatIsKeptIsWhatWaits(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var held = HeldFlows()
    var model: [UInt64: UInt64] = [:]
    var now: UInt64 = 1000
    for _ in 0..<3000 {
      now += UInt64.random(in: 0...200, using: &random)
      let number = UInt64.random(in: 1...40, using: &random)
      if Int.random(in: 0...2, using: &random) == 0 {
        let isNews = held.isNews(.asked(number), at: now)
        #expect(isNews)
        model[number] = nil
      } else {
        let isNews = held.isNews(.ask(number), at: now)
        #expect(isNews == (model[number] == nil))
        model[number] = now
      }
      let waiting = model.filter { now < $0.value + HeldFlows.patience }.keys.sorted()
      #expect(held.questions(at: now) { _ in true } == waiting, "seed \(seed)")
    }
  }
}
