// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules

/// Lines for a text console: each a datagram of its own, with a line feed.
enum Line {
  /// The end of an answer that was given whole.
  static let ok = encode("ok")

  static func encode(_ text: String) -> [UInt8] {
    Array(text.utf8) + [UInt8(ascii: "\n")]
  }

  /// A packet worth telling: the program as a rule names it, this machine's end before the other
  /// one.
  ///
  /// `event norule allow out tcp /usr/bin/curl 192.0.2.1:40000 192.0.2.2:80 uid 1000 pid 7 by unkrule`
  static func event(_ event: Event) -> [UInt8] {
    let question = event.question.map { ["question \($0)"] } ?? []
    return encode(
      ["event", word(.event, event.kind.rawValue), Listing.word(event.verdict)],
      event, question + left(event))
  }

  /// A flow that is held, as a row of an answer, where no line may begin with `event`.
  ///
  /// `question 16012345 out tcp /usr/bin/curl 192.0.2.1:40000 192.0.2.2:80 uid 1000 by rule id 3 left 30`
  static func question(_ event: Event) -> [UInt8] {
    encode(["question \(event.question ?? 0)"], event, left(event))
  }

  private static func left(_ event: Event) -> [String] {
    event.secondsLeft.map { ["left \($0)"] } ?? []
  }

  private static func encode(_ head: [String], _ event: Event, _ tail: [String]) -> [UInt8] {
    var words =
      head + [
        word(.direction, event.direction.rawValue), Listing.prot(event.prot),
        Listing.program(of: event) ?? "-",
        AddressText.endpoint(event.local, port: event.localPort),
        AddressText.endpoint(event.remote, port: event.remotePort),
      ]
    if let uid = event.uid { words.append("uid \(uid)") }
    if let pid = event.pid { words.append("pid \(pid)") }
    if let start = event.start { words.append("start \(start)") }
    if let name = Listing.formerName(of: event) { words.append("called \(name)") }
    if let mntns = event.mntns { words.append("mntns \(mntns)") }
    if !event.script.isEmpty { words.append("script " + Text.word(event.script)) }
    if let statistic = event.statistic { words.append("stat " + statistic.word) }
    words.append("by " + word(.reason, event.reason.rawValue))
    if let rule = event.rule { words.append("id \(rule)") }
    if event.leftOut > 0 { words.append("left-out \(event.leftOut)") }
    if event.lost > 0 { words.append("lost \(event.lost)") }
    return encode((words + tail).joined(separator: " "))
  }

  /// A change worth telling.
  ///
  /// `notice rules generation 5`, `notice flag set mode enabled`, `notice unload`,
  /// `notice trial seconds 60 generation 6`, `notice settled reverted generation 7`
  /// `notice claim control pid 5 path /usr/sbin/e7-priv`
  static func notice(_ notice: Notice) -> [UInt8] {
    switch notice {
    case .rules(let generation): encode("notice rules generation \(generation)")
    case .flag(let value): encode("notice flag " + Listing.flag(value))
    case .unload: encode("notice unload")
    case .trial(let seconds, let generation):
      encode("notice trial seconds \(seconds) generation \(generation)")
    case .settled(let reverted, let generation):
      encode("notice settled \(reverted ? "reverted" : "confirmed") generation \(generation)")
    case .claim(let change): encode("notice claim " + words(change))
    case .release(let change): encode("notice release " + words(change))
    case .lease(let lapsed): encode("notice lease " + (lapsed ? "lapsed" : "holds"))
    case .helper(let pid): encode("notice helper" + (pid.map { " pid \($0)" } ?? " none"))
    }
  }

  private static func words(_ change: RoleChange) -> String {
    var words = "\(change.role.word) pid \(change.pid)"
    if !change.path.isEmpty { words += " path " + Text.word(change.path) }
    return change.byForce ? words + " force" : words
  }

  /// Events that were not told: `gap 12`, or `gap` where nobody counted.
  static func gap(_ gap: Gap) -> [UInt8] {
    encode(gap.lost.map { "gap \($0)" } ?? "gap")
  }

  private static func word(_ list: WordList, _ number: UInt16) -> String {
    Words.word(list, UInt32(number)) ?? "\(number)"
  }
}
