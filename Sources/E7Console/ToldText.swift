// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules

/// Events and notices as lines for people.
///
/// No line holds a byte that a terminal obeys; a path stands as the rule language writes it.
package struct ToldText {
  /// Seconds east of Greenwich for the times of day.
  package var utcOffset: Int
  private var lost: UInt64?

  /// Lines with times of this zone.
  package init(utcOffset: Int) { self.utcOffset = utcOffset }

  /// The lines for `told`; `now` is the time, in nanoseconds since 1970, of what carries none.
  package mutating func lines(_ told: Told, now: UInt64) -> [String] {
    switch told {
    case .event(let event):
      let time = TimeText.clock(event.time, utcOffset: utcOffset)
      return losses(event, time) + ["\(time) \(ToldText.event(event))"]
    case .notice(let notice):
      return ["\(TimeText.clock(now, utcOffset: utcOffset)) \(ToldText.notice(notice))"]
    case .gap(let gap):
      return ["\(TimeText.clock(now, utcOffset: utcOffset)) \(ToldText.gap(gap))"]
    }
  }

  /// Tells of lost events once; the count that each event carries only grows while the module is
  /// loaded.
  private mutating func losses(_ event: Event, _ time: String) -> [String] {
    defer { lost = event.lost }
    guard let lost, event.lost > lost else { return [] }
    return ["\(time) lost \(event.lost - lost) events: the kernel had no room for them"]
  }

  private static func event(_ event: Event) -> String {
    var words = [
      Words.word(.event, UInt32(event.kind.rawValue)) ?? "event"
    ]
    if let question = event.question { words.append("\(question)") }
    words += [
      Listing.prot(event.prot),
      Words.word(.direction, UInt32(event.direction.rawValue)) ?? "",
      program(event),
    ]
    if let pid = event.pid { words.append("pid \(pid)") }
    if let uid = event.uid { words.append("uid \(uid)") }
    // ICMP's echo identifier stands in the place of one port.
    let echo = event.remotePort == nil ? event.localPort : nil
    let local = AddressText.endpoint(event.local, port: echo == nil ? event.localPort : nil)
    let remote = AddressText.endpoint(event.remote, port: event.remotePort)
    switch event.direction {
    case .outgoing: words.append("\(local) > \(remote)")
    case .incoming: words.append("\(remote) > \(local)")
    }
    if let echo { words.append("id \(echo)") }
    if event.kind == .asked { words[words.count - 1] += ":" }
    words.append(decision(event))
    if event.leftOut > 0 { words.append("(\(event.leftOut) more left out)") }
    return words.joined(separator: " ")
  }

  /// `/usr/bin/python3 (script ./fetch.py)`, `foreign /usr/bin/curl (mnt 4026532289)`,
  /// `memfd (called "/memfd:x (deleted)")`, `unknown (searching)`.
  private static func program(_ event: Event) -> String {
    let name = Listing.program(of: event) ?? ProgramClass.unknown.word
    var details: [String] = []
    if let name = Listing.formerName(of: event) { details.append("called \(name)") }
    if let statistic = event.statistic { details.append(statistic.word) }
    if let mntns = event.mntns { details.append("mnt \(mntns)") }
    if !event.script.isEmpty { details.append("script " + Text.word(event.script)) }
    return details.isEmpty ? name : "\(name) (\(details.joined(separator: ", ")))"
  }

  /// `by rule 3: block`; of a question what is to be done, and then what was.
  private static func decision(_ event: Event) -> String {
    switch event.kind {
    case .ask:
      let left = event.secondsLeft.map { " for \($0) s" } ?? ""
      let answer = event.question.map { " (answer \($0) allow|block|reject)" } ?? ""
      return "by \(reason(event)): held\(left)\(answer)"
    case .asked: return "\(Listing.word(event.verdict)) by \(reason(event))"
    case .norule, .drop, .accept:
      return "by \(reason(event)): \(Listing.word(event.verdict))"
    }
  }

  private static func reason(_ event: Event) -> String {
    let word = Words.word(.reason, UInt32(event.reason.rawValue)) ?? "\(event.reason.rawValue)"
    guard event.reason == .rule, let id = event.rule else { return word }
    return "\(word) \(id)"
  }

  private static func notice(_ notice: Notice) -> String {
    switch notice {
    case .rules(let generation): "rules changed, generation \(generation)"
    case .flag(let value): "flag \(value.flag.alias) is \(Listing.value(value.flag, value.value))"
    case .unload: "the module is being unloaded"
    case .trial(let seconds, let generation):
      "a load is on trial for \(seconds) s, generation \(generation)"
    case .settled(let reverted, let generation):
      "the load \(reverted ? "went back" : "was confirmed"), generation \(generation)"
    case .claim(let change):
      "\(process(change)) claimed the role \(change.role.word)\(change.byForce ? " by force" : "")"
    case .release(let change):
      "\(process(change)) \(change.byForce ? "was deprived of" : "gave up") the role \(change.role.word)"
    case .lease(true): "the lease has run out: flag fail decides in the rules' place"
    case .lease(false): "the lease holds again: the rules decide"
    case .helper(let pid?): "the helper was started again, pid \(pid)"
    case .helper(nil): "the helper could not be started"
    }
  }

  private static func process(_ change: RoleChange) -> String {
    let program = change.path.isEmpty ? "a program" : Text.word(change.path)
    return "\(program), pid \(change.pid),"
  }

  private static func gap(_ gap: Gap) -> String {
    guard let lost = gap.lost else { return "gap: events may be missing here" }
    return "gap: \(lost) \(lost == 1 ? "event is" : "events are") missing here"
  }
}
