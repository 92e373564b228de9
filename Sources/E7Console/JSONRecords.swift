// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules

// Each object says its `type`.  A path that is no UTF-8 stands in `pathHex`, a script in `scriptHex`,
// a comment in `commentHex`, since JSON has text alone; a member that has no value is not there.

/// Bytes as text, or in hexadecimal digits where they are none; neither where there are none.
struct JSONBytes {
  var text: String?
  var hex: String?

  init(_ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    text = String(validating: bytes, as: UTF8.self)
    if text == nil {
      hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
  }
}

struct JSONRule: Encodable {
  let type = "rule"
  var id: UInt64
  var action: String
  var prot: String
  var programClass: String?
  var path: String?
  var pathHex: String?
  /// True, or not there.
  var quick: Bool?
  var direction: String?
  /// An address, or a network with its prefix.
  var remote: String?
  var ports: JSONPorts?
  var uid: UInt32?
  /// Seconds that are left.
  var forSeconds: UInt32?
  var comment: String?
  var commentHex: String?
  var hits: UInt64
  var lastHit: String?

  enum CodingKeys: String, CodingKey {
    case type, id, action, path, pathHex, quick, direction, remote, ports, uid, comment, hits
    case commentHex, lastHit
    case forSeconds = "for"
    case prot = "protocol"
    case programClass = "class"
  }

  init(_ rule: Rule) {
    let match = rule.match
    id = rule.id
    action = Listing.word(rule.action)
    prot = Listing.prot(match.prot)
    programClass = match.programClass?.word
    let path = JSONBytes(match.path)
    (self.path, pathHex) = (path.text, path.hex)
    quick = match.isQuick ? true : nil
    direction = match.direction.flatMap { Words.word(.direction, UInt32($0.rawValue)) }
    remote = match.remote.map(AddressText.network)
    ports = match.ports.map { JSONPorts(first: $0.first, last: $0.last) }
    uid = match.uid
    forSeconds = rule.terms.forSeconds
    let comment = JSONBytes(rule.terms.comment)
    (self.comment, commentHex) = (comment.text, comment.hex)
    hits = rule.hits
    lastHit = rule.lastHit.map(TimeText.rfc3339)
  }
}

struct JSONPorts: Encodable {
  var first: UInt16
  var last: UInt16
}

struct JSONFlag: Encodable {
  let type = "flag"
  var flag: String
  /// The word of the value, for a flag that is set.
  var word: String?
  var value: UInt64

  init(_ value: FlagValue) {
    flag = value.flag.alias
    word = value.flag.values == nil ? nil : Listing.value(value.flag, value.value)
    self.value = value.value
  }
}

struct JSONStatistic: Encodable {
  let type = "statistic"
  var statistic: String
  var value: UInt64

  init(_ value: StatisticValue) {
    statistic = value.statistic.word
    self.value = value.value
  }
}

struct JSONShadowed: Encodable {
  let type = "shadowed"
  var rule: JSONRule
  var by: JSONRule

  init(_ shadowed: Shadowed) {
    rule = JSONRule(shadowed.rule)
    by = JSONRule(shadowed.by)
  }
}

struct JSONDecision: Encodable {
  let type = "decision"
  /// An action.
  var verdict: String
  /// `rule`, or the flag that decides where none matches.
  var reason: String
  /// The rule that decides.
  var rule: UInt64?
  /// What tells it from the next best; not there where nothing does, or there is no other.
  var field: String?
  /// Rules that match and do not decide.
  var beaten: Int
  /// Verdict and rule count in mode `enabled` alone.
  var mode: String

  init(_ decision: Decision) {
    verdict = decision.verdict
    reason = decision.rules.isEmpty ? decision.flag.flag.alias : "rule"
    rule = decision.rules.first?.id
    field = decision.field?.rawValue
    beaten = max(0, decision.rules.count - 1)
    mode = Listing.value(.mode, decision.mode)
  }
}

/// The kernel's version of Landlock.
struct JSONLandlock: Encodable {
  let type = "landlock"
  let version: UInt32
}

struct JSONTrial: Encodable {
  let type = "trial"
  /// Until the load goes back.
  var seconds: UInt32
}

struct JSONCommand: Encodable {
  let type = "command"
  var line: String
}

struct JSONOutcome: Encodable {
  let type = "done"
  var error: UInt32
  var text: String?
  var generation: UInt64?
  var id: UInt64?

  init(_ outcome: Outcome) {
    error = outcome.error
    text = outcome.text.isEmpty ? nil : Text.shown(outcome.text)
    generation = outcome.generation
    id = outcome.id
  }
}

struct JSONEndpoint: Encodable {
  var address: String
  var port: UInt16?
}

struct JSONEvent: Encodable {
  let type = "event"
  var kind: String
  var verdict: String
  var reason: String
  var rule: UInt64?
  var direction: String
  var prot: String
  var programClass: String?
  /// Why the program is unknown: the name of a statistic.
  var statistic: String?
  var path: String?
  var pathHex: String?
  var mntns: UInt32?
  var script: String?
  var scriptHex: String?
  var pid: UInt32?
  /// Nanoseconds since boot.
  var start: UInt64?
  var uid: UInt32?
  var local: JSONEndpoint
  var remote: JSONEndpoint
  var netns: UInt32
  var cgroup: UInt64?
  var time: String
  var leftOut: UInt64
  var lost: UInt64
  /// The number under which a flow is or was held for an answer.
  var question: UInt64?
  /// Until flag `fail` decides about it.
  var secondsLeft: UInt32?

  enum CodingKeys: String, CodingKey {
    case type, kind, verdict, reason, rule, direction, path, pathHex, pid, uid, local, remote
    case netns, cgroup, time, leftOut, lost, question, secondsLeft, statistic, mntns, script,
      scriptHex, start
    case prot = "protocol"
    case programClass = "class"
  }

  init(_ event: Event) {
    kind = Words.word(.event, UInt32(event.kind.rawValue)) ?? ""
    verdict = Listing.word(event.verdict)
    reason = Words.word(.reason, UInt32(event.reason.rawValue)) ?? ""
    rule = event.rule
    direction = Words.word(.direction, UInt32(event.direction.rawValue)) ?? ""
    prot = Listing.prot(event.prot)
    programClass = event.programClass?.word
    statistic = event.statistic?.word
    let path = JSONBytes(event.path)
    (self.path, pathHex) = (path.text, path.hex)
    mntns = event.mntns
    let script = JSONBytes(event.script)
    (self.script, scriptHex) = (script.text, script.hex)
    pid = event.pid
    start = event.start
    uid = event.uid
    local = JSONEndpoint(address: AddressText.text(event.local), port: event.localPort)
    remote = JSONEndpoint(address: AddressText.text(event.remote), port: event.remotePort)
    netns = event.netns
    cgroup = event.cgroup
    time = TimeText.rfc3339(event.time)
    leftOut = event.leftOut
    lost = event.lost
    question = event.question
    secondsLeft = event.secondsLeft
  }
}

struct JSONNotice: Encodable {
  let type = "notice"
  var kind = ""
  var generation: UInt64?
  var flag: String?
  var word: String?
  var value: UInt64?
  /// Until a load goes back that is not confirmed.
  var seconds: UInt32?
  /// Whether a load went back that was on trial; else it was confirmed.
  var reverted: Bool?
  var role: String?
  var pid: UInt32?
  var path: String?
  var pathHex: String?
  var force: Bool?
  var lapsed: Bool?

  init(_ notice: Notice) {
    let number: NoticeKind
    switch notice {
    case .rules(let generation):
      number = .rules
      self.generation = generation
    case .flag(let value):
      number = .flag
      let record = JSONFlag(value)
      (flag, word, self.value) = (record.flag, record.word, record.value)
    case .unload:
      number = .unload
    case .trial(let seconds, let generation):
      number = .trial
      (self.seconds, self.generation) = (seconds, generation)
    case .settled(let reverted, let generation):
      number = .settled
      (self.reverted, self.generation) = (reverted, generation)
    case .claim(let change):
      number = .claim
      fill(change)
    case .release(let change):
      number = .release
      fill(change)
    case .lease(let lapsed):
      number = .lease
      self.lapsed = lapsed
    case .helper(let pid):
      number = .helper
      self.pid = pid
    }
    kind = Words.word(.notice, UInt32(number.rawValue)) ?? ""
  }

  private mutating func fill(_ change: RoleChange) {
    let path = JSONBytes(change.path)
    (role, pid, force) = (change.role.word, change.pid, change.byForce ? true : nil)
    (self.path, pathHex) = (path.text, path.hex)
  }
}

struct JSONGap: Encodable {
  let type = "gap"
  var lost: UInt64?
}
