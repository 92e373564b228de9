// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Console
import E7IPC

/// Records that several suites show.
enum Samples {
  /// curl, whose connection a rule drops.
  static var drop: Event {
    var event = Event(
      kind: .drop, verdict: .block, reason: .rule, direction: .outgoing, prot: 6,
      local: [10, 0, 0, 1], remote: [10, 0, 0, 2], netns: 4_026_531_840,
      time: 50_531_000_000_005)
    event.path = Array("/usr/bin/curl".utf8)
    event.pid = 4711
    event.uid = 1000
    event.localPort = 40112
    event.remotePort = 80
    event.rule = 3
    event.leftOut = 2
    return event
  }

  /// curl, whose connection is held for an answer.
  static var ask: Event {
    var event = drop
    (event.kind, event.verdict, event.leftOut) = (.ask, .ask, 0)
    event.question = 16_012_345
    event.secondsLeft = 30
    return event
  }

  /// What became of it.
  static func asked(_ verdict: Action, _ reason: Reason) -> Event {
    var event = ask
    (event.kind, event.verdict, event.reason) = (.asked, verdict, reason)
    event.secondsLeft = nil
    return event
  }

  /// A script of a container, in an interpreter that has the name of one of the host's.
  static var foreign: Event {
    var event = drop
    event.programClass = .foreign
    event.path = Array("/usr/bin/python3".utf8)
    event.mntns = 4_026_532_289
    event.script = Array("./fetch it.py".utf8)
    event.start = 12_000_000_345
    return event
  }

  /// An echo request of IPv6 from outside, to no program.
  static var ping: Event {
    var event = Event(
      kind: .norule, verdict: .allow, reason: .unkrule, direction: .incoming, prot: 58,
      local: [UInt8](repeating: 0, count: 15) + [1],
      remote: [0xfe, 0x80] + [UInt8](repeating: 0, count: 13) + [2], netns: 1, time: 0)
    event.localPort = 77
    return event
  }
}
