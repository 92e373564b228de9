// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7TestSupport

/// Whatever the protocol can say, and the limits of it more often than chance would have it.
extension SeededGenerator {
  mutating func maybe<T>(_ value: (inout SeededGenerator) -> T) -> T? {
    Bool.random(using: &self) ? value(&self) : nil
  }

  mutating func number<T: FixedWidthInteger>(_: T.Type = T.self) -> T {
    pick([0, 1, T.max, T.random(in: T.min...T.max, using: &self)])
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }

  /// A text of up to `limit` bytes, none of them NUL.
  mutating func text(_ limit: Int) -> [UInt8] {
    let count = pick([0, 1, 2, 3, 4, 5, 40, limit - 1, limit])
    return (0..<count).map { _ in UInt8.random(in: 1...255, using: &self) }
  }

  mutating func match() -> Match {
    Match(
      isQuick: Bool.random(using: &self), prot: UInt16.random(in: 0...256, using: &self),
      programClass: maybe { $0.programClass() }, path: text(Limit.path),
      direction: maybe { $0.pick([.incoming, .outgoing]) }, remote: maybe { $0.network() },
      ports: maybe { Ports($0.number(), $0.number()) }, uid: maybe { $0.number() })
  }

  mutating func network() -> Network {
    Network(bytes(pick([4, 16])), prefix: UInt8.random(in: 0...128, using: &self))
  }

  mutating func terms() -> Terms {
    Terms(forSeconds: maybe { $0.number() }, comment: text(Limit.comment))
  }

  mutating func action() -> Action { pick([.allow, .block, .reject, .ask]) }

  mutating func programClass() -> ProgramClass {
    pick([.host, .foreign, .deleted, .memfd, .kernel, .unknown])
  }

  mutating func rule() -> Rule {
    Rule(
      id: number(), action: action(), match: match(), terms: terms(), hits: number(),
      lastHit: maybe { $0.number() })
  }

  mutating func flagValue() -> FlagValue { FlagValue(flag: pick(Flag.all), value: number()) }

  mutating func statisticValue() -> StatisticValue {
    StatisticValue(statistic: pick(Statistic.all), value: number())
  }

  mutating func edit() -> Edit {
    switch Int.random(in: 0...10, using: &self) {
    case 0: .add(action(), match(), terms())
    case 1: .remove(match())
    case 2: .removeID(number())
    case 3:
      .clear(maybe { $0.action() }, generation: maybe { $0.number() })
    case 4: .set(pick(Flag.all), number())
    case 5: .begin(replace: Bool.random(using: &self), generation: maybe { $0.number() })
    case 6: .commit(confirm: maybe { $0.number() })
    case 7: .confirm
    case 8: .revert
    case 9: .answer(question: number(), action(), lasting())
    default: .abort
    }
  }

  mutating func lasting() -> Lasting { pick([.once, .always, .seconds(number())]) }

  mutating func outcome() -> Outcome {
    Outcome(
      error: number(), text: text(Limit.text), generation: maybe { $0.number() },
      id: maybe { $0.number() })
  }

  mutating func notice() -> Notice {
    switch Int.random(in: 0...8, using: &self) {
    case 0: .rules(generation: number())
    case 1: .flag(flagValue())
    case 2: .trial(seconds: number(), generation: number())
    case 3: .settled(reverted: Bool.random(using: &self), generation: number())
    case 4: .claim(roleChange())
    case 5: .release(roleChange())
    case 6: .lease(lapsed: Bool.random(using: &self))
    case 7: .helper(pid: maybe { $0.number() })
    default: .unload
    }
  }

  mutating func roleChange() -> RoleChange {
    RoleChange(
      role: pick([.control, .view]), pid: number(), path: text(Limit.path),
      byForce: Bool.random(using: &self))
  }

  /// An event with nothing but what every event has.
  static let plainEvent = Event(
    kind: .norule, verdict: .allow, reason: .unkrule, direction: .outgoing, prot: 6,
    local: [10, 0, 0, 1], remote: [10, 0, 0, 2], netns: 1, time: 2)

  mutating func event() -> Event {
    let width = pick([4, 16])
    var event = Event(
      kind: pick([.norule, .drop, .accept, .ask, .asked]), verdict: action(),
      reason: pick([
        .rule, .unkrule, .unkproc, .unkprot, .fail, .mode, .answer, .late, .full, .gone,
      ]),
      direction: pick([.incoming, .outgoing]), prot: UInt16.random(in: 0...255, using: &self),
      local: bytes(width), remote: bytes(width), netns: number(), time: number())
    event.programClass = maybe { $0.programClass() }
    event.statistic = maybe { $0.pick(Statistic.all) }
    event.path = text(Limit.path)
    event.mntns = maybe { $0.number() }
    event.script = text(255)
    event.start = maybe { $0.number() }
    event.localPort = maybe { $0.number() }
    event.remotePort = maybe { $0.number() }
    event.uid = maybe { $0.number() }
    event.pid = maybe { $0.number() }
    event.cgroup = maybe { $0.number() }
    event.leftOut = number()
    event.lost = number()
    event.rule = maybe { $0.number() }
    event.question = maybe { $0.number() }
    event.secondsLeft = maybe { $0.number() }
    return event
  }
}
