// SPDX-License-Identifier: GPL-2.0-or-later
public import CE7Schema

/// A rule in force.
public struct Rule: Equatable, Sendable {
  /// Its number, never used again while the module is loaded; 0 before it is in force.
  public var id: UInt64
  /// What it does.
  public var action: Action
  /// What it matches.
  public var match: Match
  /// Its end and its comment.
  public var terms: Terms
  /// Flows and packets that it decided.
  public var hits: UInt64
  /// When it last did, in nanoseconds since 1970; nil where it never did.
  public var lastHit: UInt64?

  /// A rule.
  public init(
    id: UInt64 = 0, action: Action, match: Match, terms: Terms = Terms(), hits: UInt64 = 0,
    lastHit: UInt64? = nil
  ) {
    self.id = id
    self.action = action
    self.match = match
    self.terms = terms
    self.hits = hits
    self.lastHit = lastHit
  }

  /// Reads the attributes of `MessageType.ruleGet`.
  public init(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let id = reader.u64(.id) else { throw .missing(.id) }
    self.id = id
    action = try reader.action()
    match = try Match(&reader)
    terms = Terms(&reader)
    hits = reader.u64(.hits) ?? 0
    lastHit = reader.u64(.lastHit)
    try reader.finish()
  }

  /// Writes the attributes of `MessageType.ruleGet`.
  public func write(_ writer: inout AttributeWriter) {
    writer.u64(.id, id)
    writer.u8(.action, UInt8(action.rawValue))
    match.write(&writer)
    terms.write(&writer)
    if hits > 0 { writer.u64(.hits, hits) }
    if let lastHit { writer.u64(.lastHit, lastHit) }
  }
}

extension AttributeReader {
  mutating func action() throws(DecodeError) -> Action {
    guard let number = u8(.action) else { throw .missing(.action) }
    guard let action = Action(wire: number) else { throw .outOfRange(.action) }
    return action
  }

  mutating func programClass() throws(DecodeError) -> ProgramClass? {
    guard let number = u8(.programClass) else { return nil }
    guard let known = ProgramClass(wire: number) else { throw .outOfRange(.programClass) }
    return known
  }

  mutating func direction() throws(DecodeError) -> Direction? {
    guard let number = u8(.direction) else { return nil }
    guard let known = Direction(wire: number) else { throw .outOfRange(.direction) }
    return known
  }
}

/// A change that an administrator asks for: what a lane carries and e7-priv sends to the kernel.
public enum Edit: Equatable, Sendable {
  /// Adds the rule, or changes the action and terms of the rule with this match.
  case add(Action, Match, Terms = Terms())
  /// Removes the one rule with exactly this match.
  case remove(Match)
  /// Removes the rule with this number.
  case removeID(UInt64)
  /// Removes all rules, or those with an action; refused where the ruleset is of another generation.
  case clear(Action?, generation: UInt64?)
  /// Sets a flag.
  case set(Flag, UInt64)
  /// Collects the edits that follow; from no rules with `replace`.
  case begin(replace: Bool, generation: UInt64?)
  /// Puts the collected edits in force as one change; with seconds it goes back after them unless
  /// it is confirmed.
  case commit(confirm: UInt32? = nil)
  /// Forgets the collected edits.
  case abort
  /// A change that goes back unless it is confirmed stays.
  case confirm
  /// It goes back at once.
  case revert
  /// Decides about the flow that is held under this number.
  case answer(question: UInt64, Action, Lasting)

  /// The command that carries this edit.
  public var type: MessageType {
    switch self {
    case .add: .ruleAdd
    case .remove, .removeID: .ruleDel
    case .clear: .ruleClear
    case .set: .flagSet
    case .begin: .begin
    case .commit: .commit
    case .abort: .abort
    case .confirm: .confirm
    case .revert: .revert
    case .answer: .answer
    }
  }

  /// Whether a message of this type is an edit.
  public static func isEdit(_ type: MessageType) -> Bool {
    switch type {
    case .ruleAdd, .ruleDel, .ruleClear, .flagSet, .begin, .commit, .abort, .confirm, .revert,
      .answer:
      true
    default: false
    }
  }

  /// Reads the attributes of an edit of `type`; every attribute must belong to it.
  public init(_ type: MessageType, _ reader: inout AttributeReader) throws(DecodeError) {
    switch type {
    case .ruleAdd:
      self = .add(try reader.action(), try Match(&reader), Terms(&reader))
    case .ruleDel:
      if let id = reader.u64(.id) {
        self = .removeID(id)
      } else {
        self = .remove(try Match(&reader))
      }
    case .ruleClear:
      var action: Action?
      if let number = reader.u8(.action) {
        guard let known = Action(wire: number) else { throw .outOfRange(.action) }
        action = known
      }
      self = .clear(action, generation: reader.u64(.generation))
    case .flagSet:
      guard let number = reader.u8(.flag) else { throw .missing(.flag) }
      guard let flag = Flag(wire: number) else { throw .outOfRange(.flag) }
      guard let value = reader.u64(.value) else { throw .missing(.value) }
      self = .set(flag, value)
    case .begin:
      self = .begin(replace: reader.flag(.replace), generation: reader.u64(.generation))
    case .commit:
      self = .commit(confirm: reader.u32(.confirmSeconds))
    case .abort:
      self = .abort
    case .confirm:
      self = .confirm
    case .revert:
      self = .revert
    case .answer:
      guard let question = reader.u64(.question) else { throw .missing(.question) }
      self = .answer(question: question, try reader.action(), try Lasting(&reader))
    default:
      throw .unknownType(type.rawValue)
    }
    try reader.finish()
  }

  /// Writes the attributes of this edit.
  public func write(_ writer: inout AttributeWriter) {
    switch self {
    case .add(let action, let match, let terms):
      writer.u8(.action, UInt8(action.rawValue))
      match.write(&writer)
      terms.write(&writer)
    case .remove(let match):
      match.write(&writer)
    case .removeID(let id):
      writer.u64(.id, id)
    case .clear(let action, let generation):
      if let action { writer.u8(.action, UInt8(action.rawValue)) }
      if let generation { writer.u64(.generation, generation) }
    case .set(let flag, let value):
      writer.u8(.flag, UInt8(flag.rawValue))
      writer.u64(.value, value)
    case .begin(let replace, let generation):
      if replace { writer.flag(.replace) }
      if let generation { writer.u64(.generation, generation) }
    case .commit(let seconds):
      if let seconds { writer.u32(.confirmSeconds, seconds) }
    case .abort, .confirm, .revert:
      break
    case .answer(let question, let action, let lasting):
      writer.u64(.question, question)
      writer.u8(.action, UInt8(action.rawValue))
      lasting.write(&writer)
    }
  }
}

/// A flag and its value.
public struct FlagValue: Equatable, Sendable {
  /// The flag.
  public var flag: Flag
  /// Its value: a number of the flag's kind, or a count.
  public var value: UInt64

  /// A flag with a value.
  public init(flag: Flag, value: UInt64) {
    self.flag = flag
    self.value = value
  }

  /// Reads the attributes of `MessageType.flagGet`.
  public init(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let number = reader.u8(.flag) else { throw .missing(.flag) }
    guard let flag = Flag(wire: number) else { throw .outOfRange(.flag) }
    guard let value = reader.u64(.value) else { throw .missing(.value) }
    self.flag = flag
    self.value = value
    try reader.finish()
  }

  /// Writes the attributes of `MessageType.flagGet`.
  public func write(_ writer: inout AttributeWriter) {
    writer.u8(.flag, UInt8(flag.rawValue))
    writer.u64(.value, value)
  }
}

/// A statistic and its value.
public struct StatisticValue: Equatable, Sendable {
  /// What was counted.
  public var statistic: Statistic
  /// How many: since the module was loaded, or now.
  public var value: UInt64

  /// A statistic with a value.
  public init(statistic: Statistic, value: UInt64) {
    self.statistic = statistic
    self.value = value
  }

  /// Reads the attributes of `MessageType.statGet`.
  public init(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let number = reader.u8(.stat) else { throw .missing(.stat) }
    guard let statistic = Statistic(wire: number) else { throw .outOfRange(.stat) }
    guard let value = reader.u64(.value) else { throw .missing(.value) }
    self.statistic = statistic
    self.value = value
    try reader.finish()
  }

  /// Writes the attributes of `MessageType.statGet`.
  public func write(_ writer: inout AttributeWriter) {
    writer.u8(.stat, UInt8(statistic.rawValue))
    writer.u64(.value, value)
  }
}

/// What the module says of itself.
public struct Status: Equatable, Sendable {
  /// Version of the generic-netlink family.
  public var version: UInt32
  /// Random number of this load of the module.
  public var instance: UInt64
  /// Ruleset generation.
  public var generation: UInt64
  /// Seconds until a load that is on trial goes back; nil where none is.
  public var confirmSeconds: UInt32?
  /// The kernel's version of Landlock, 0 where it has none; nil where the kernel itself answers.
  public var landlock: UInt32?

  /// A status.
  public init(
    version: UInt32, instance: UInt64, generation: UInt64, confirmSeconds: UInt32? = nil,
    landlock: UInt32? = nil
  ) {
    self.landlock = landlock
    self.version = version
    self.instance = instance
    self.generation = generation
    self.confirmSeconds = confirmSeconds
  }

  /// Reads the attributes of `MessageType.status`.
  public init(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let version = reader.u32(.version) else { throw .missing(.version) }
    guard let instance = reader.u64(.instance) else { throw .missing(.instance) }
    guard let generation = reader.u64(.generation) else { throw .missing(.generation) }
    self.version = version
    self.instance = instance
    self.generation = generation
    confirmSeconds = reader.u32(.confirmSeconds)
    landlock = reader.u32(.landlock)
    try reader.finish()
  }

  /// Writes the attributes of `MessageType.status`.
  public func write(_ writer: inout AttributeWriter) {
    writer.u32(.version, version)
    writer.u64(.instance, instance)
    writer.u64(.generation, generation)
    if let confirmSeconds { writer.u32(.confirmSeconds, confirmSeconds) }
    if let landlock { writer.u32(.landlock, landlock) }
  }
}

/// The end of an answer.
public struct Outcome: Equatable, Sendable {
  /// errno(3), 0 for success.
  public var error: UInt32
  /// What was wrong and what was expected; empty for success.
  public var text: [UInt8]
  /// The ruleset generation after the change, or of the list.
  public var generation: UInt64?
  /// The rule that was added or changed.
  public var id: UInt64?

  /// An outcome.
  public init(
    error: UInt32 = 0, text: [UInt8] = [], generation: UInt64? = nil, id: UInt64? = nil
  ) {
    self.error = error
    self.text = text
    self.generation = generation
    self.id = id
  }

  /// Reads the attributes of `MessageType.done`.
  public init(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let error = reader.u32(.error) else { throw .missing(.error) }
    self.error = error
    text = reader.string(.text) ?? []
    generation = reader.u64(.generation)
    id = reader.u64(.id)
    try reader.finish()
  }

  /// Writes the attributes of `MessageType.done`; a text over `Limit.text` is cut there.
  public func write(_ writer: inout AttributeWriter) {
    writer.u32(.error, error)
    if !text.isEmpty { writer.string(.text, Array(text.prefix(Limit.text))) }
    if let generation { writer.u64(.generation, generation) }
    if let id { writer.u64(.id, id) }
  }
}

/// A packet worth telling.
public struct Event: Equatable, Sendable {
  /// Why it is told.
  public var kind: EventKind
  /// What became of the packet, as the action of a rule.
  public var verdict: Action
  /// What decided.
  public var reason: Reason
  /// Its direction.
  public var direction: Direction
  /// IP protocol 0…255.
  public var prot: UInt16
  /// What stands behind the packet.
  public var programClass: ProgramClass?
  /// Why the program is unknown, where it is.
  public var statistic: Statistic?
  /// The executable: of class `host` a path of the host, of class `foreign` one of its own mount
  /// namespace, of others what the kernel calls a file without a name; empty where there is none.
  public var path: [UInt8] = []
  /// Inode number of the mount namespace that `path` is of, where it is not the host's.
  public var mntns: UInt32?
  /// What the interpreter in `path` was told to run, as it was told: a hint; empty where there is
  /// none.
  public var script: [UInt8] = []
  /// This machine's address, 4 or 16 bytes in network order.
  public var local: [UInt8]
  /// The other end's address, of the same family.
  public var remote: [UInt8]
  /// This machine's port, or ICMP's echo identifier, where the protocol has one.
  public var localPort: UInt16?
  /// The other end's port, where the protocol has one.
  public var remotePort: UInt16?
  /// Owner of the socket in the initial user namespace, where there is one.
  public var uid: UInt32?
  /// Process in the initial pid namespace, where it is known.
  public var pid: UInt32?
  /// When that process began, in nanoseconds since boot, where it is known.
  public var start: UInt64?
  /// Inode number of the network namespace.
  public var netns: UInt32
  /// Id of the socket's cgroup, where there is a socket.
  public var cgroup: UInt64?
  /// Nanoseconds since 1970.
  public var time: UInt64
  /// Like events that were left out since the last one.
  public var leftOut: UInt64 = 0
  /// Events lost since the module was loaded, for want of room in their queue or of memory.
  public var lost: UInt64 = 0
  /// The rule that decided, where one did.
  public var rule: UInt64?
  /// The number under which a flow is or was held for an answer; nil where none was.
  public var question: UInt64?
  /// Seconds until flag `fail` decides about a flow that is held.
  public var secondsLeft: UInt32?

  /// An event with what every event has.
  public init(
    kind: EventKind, verdict: Action, reason: Reason, direction: Direction, prot: UInt16,
    local: [UInt8], remote: [UInt8], netns: UInt32, time: UInt64
  ) {
    self.kind = kind
    self.verdict = verdict
    self.reason = reason
    self.direction = direction
    self.prot = prot
    self.local = local
    self.remote = remote
    self.netns = netns
    self.time = time
  }

  /// Reads the attributes of `MessageType.event`.
  public init(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let kind = reader.u8(.kind) else { throw .missing(.kind) }
    guard let kind = EventKind(wire: kind) else { throw .outOfRange(.kind) }
    guard let verdict = reader.u8(.verdict) else { throw .missing(.verdict) }
    guard let verdict = Action(wire: verdict) else { throw .outOfRange(.verdict) }
    guard let reason = reader.u8(.reason) else { throw .missing(.reason) }
    guard let reason = Reason(wire: reason) else { throw .outOfRange(.reason) }
    guard let direction = try reader.direction() else { throw .missing(.direction) }
    guard let prot = reader.u16(.prot) else { throw .missing(.prot) }
    guard let local = reader.address(.local) else { throw .missing(.local) }
    guard let remote = reader.address(.remote) else { throw .missing(.remote) }
    guard remote.count == local.count else { throw .outOfRange(.remote) }
    guard let netns = reader.u32(.netns) else { throw .missing(.netns) }
    guard let time = reader.u64(.time) else { throw .missing(.time) }
    self.init(
      kind: kind, verdict: verdict, reason: reason, direction: direction, prot: prot,
      local: local, remote: remote, netns: netns, time: time)
    programClass = try reader.programClass()
    if let number = reader.u8(.stat) {
      guard let known = Statistic(wire: number) else { throw .outOfRange(.stat) }
      statistic = known
    }
    path = reader.string(.path) ?? []
    mntns = reader.u32(.mntns)
    script = reader.string(.script) ?? []
    localPort = reader.u16(.localPort)
    remotePort = reader.u16(.remotePort)
    uid = reader.u32(.uid)
    pid = reader.u32(.pid)
    start = reader.u64(.start)
    cgroup = reader.u64(.cgroup)
    leftOut = reader.u64(.leftOut) ?? 0
    lost = reader.u64(.lost) ?? 0
    rule = reader.u64(.id)
    question = reader.u64(.question)
    secondsLeft = reader.u32(.secondsLeft)
    try reader.finish()
  }

  /// Writes the attributes of `MessageType.event`.
  public func write(_ writer: inout AttributeWriter) {
    writer.u8(.kind, UInt8(kind.rawValue))
    writer.u8(.verdict, UInt8(verdict.rawValue))
    writer.u8(.reason, UInt8(reason.rawValue))
    writer.u8(.direction, UInt8(direction.rawValue))
    writer.u16(.prot, prot)
    writer.address(.local, local)
    writer.address(.remote, remote)
    writer.u32(.netns, netns)
    writer.u64(.time, time)
    if let programClass { writer.u8(.programClass, UInt8(programClass.rawValue)) }
    if let statistic { writer.u8(.stat, UInt8(statistic.rawValue)) }
    if !path.isEmpty { writer.string(.path, path) }
    if let mntns { writer.u32(.mntns, mntns) }
    if !script.isEmpty { writer.string(.script, script) }
    if let localPort { writer.u16(.localPort, localPort) }
    if let remotePort { writer.u16(.remotePort, remotePort) }
    if let uid { writer.u32(.uid, uid) }
    if let pid { writer.u32(.pid, pid) }
    if let start { writer.u64(.start, start) }
    if let cgroup { writer.u64(.cgroup, cgroup) }
    if leftOut > 0 { writer.u64(.leftOut, leftOut) }
    if lost > 0 { writer.u64(.lost, lost) }
    if let rule { writer.u64(.id, rule) }
    if let question { writer.u64(.question, question) }
    if let secondsLeft { writer.u32(.secondsLeft, secondsLeft) }
  }
}

/// A change worth telling.
public enum Notice: Equatable, Sendable {
  /// The ruleset has this generation now.
  case rules(generation: UInt64)
  /// A flag was set.
  case flag(FlagValue)
  /// The module is being unloaded.
  case unload
  /// A load is in force that goes back after these seconds unless it is confirmed.
  case trial(seconds: UInt32, generation: UInt64)
  /// Such a load was confirmed, or went back.
  case settled(reverted: Bool, generation: UInt64)
  /// A socket was given a role.
  case claim(RoleChange)
  /// A role ended.
  case release(RoleChange)
  /// The lease has run out, so that flag fail decides in the rules' place; or it holds again.
  case lease(lapsed: Bool)
  /// The module's helper was started again as this process; nil where it could not be.
  case helper(pid: UInt32?)

  /// Reads the attributes of `MessageType.notice`.
  public init(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let kind = reader.u8(.kind) else { throw .missing(.kind) }
    switch NoticeKind(wire: kind) {
    case .rules:
      guard let generation = reader.u64(.generation) else { throw .missing(.generation) }
      self = .rules(generation: generation)
    case .flag:
      self = .flag(try FlagValue(&reader))
    case .unload:
      self = .unload
    case .trial:
      guard let seconds = reader.u32(.confirmSeconds) else { throw .missing(.confirmSeconds) }
      guard let generation = reader.u64(.generation) else { throw .missing(.generation) }
      self = .trial(seconds: seconds, generation: generation)
    case .settled:
      let reverted = reader.flag(.reverted)
      guard let generation = reader.u64(.generation) else { throw .missing(.generation) }
      self = .settled(reverted: reverted, generation: generation)
    case .claim:
      self = .claim(try RoleChange(&reader))
    case .release:
      self = .release(try RoleChange(&reader))
    case .lease:
      self = .lease(lapsed: try FlagValue(&reader).value != 0)
    case .helper:
      self = .helper(pid: reader.u32(.pid))
    case nil:
      throw .outOfRange(.kind)
    }
    try reader.finish()
  }

  /// Writes the attributes of `MessageType.notice`.
  public func write(_ writer: inout AttributeWriter) {
    switch self {
    case .rules(let generation):
      writer.u8(.kind, UInt8(NoticeKind.rules.rawValue))
      writer.u64(.generation, generation)
    case .flag(let value):
      writer.u8(.kind, UInt8(NoticeKind.flag.rawValue))
      value.write(&writer)
    case .unload:
      writer.u8(.kind, UInt8(NoticeKind.unload.rawValue))
    case .trial(let seconds, let generation):
      writer.u8(.kind, UInt8(NoticeKind.trial.rawValue))
      writer.u32(.confirmSeconds, seconds)
      writer.u64(.generation, generation)
    case .settled(let reverted, let generation):
      writer.u8(.kind, UInt8(NoticeKind.settled.rawValue))
      if reverted { writer.flag(.reverted) }
      writer.u64(.generation, generation)
    case .claim(let change):
      writer.u8(.kind, UInt8(NoticeKind.claim.rawValue))
      change.write(&writer)
    case .release(let change):
      writer.u8(.kind, UInt8(NoticeKind.release.rawValue))
      change.write(&writer)
    case .lease(let lapsed):
      writer.u8(.kind, UInt8(NoticeKind.lease.rawValue))
      FlagValue(flag: .lapsed, value: lapsed ? 1 : 0).write(&writer)
    case .helper(let pid):
      writer.u8(.kind, UInt8(NoticeKind.helper.rawValue))
      if let pid { writer.u32(.pid, pid) }
    }
  }
}

/// A role of a socket that began or ended.
public struct RoleChange: Equatable, Sendable {
  /// What the socket may do without a capability.
  public var role: SocketRole
  /// The process that claimed it.
  public var pid: UInt32
  /// That process's program; empty where it is not known.
  public var path: [UInt8]
  /// Whether it was taken from another socket.
  public var byForce: Bool

  /// A change of `role`, which process `pid` of the program at `path` claimed.
  public init(role: SocketRole, pid: UInt32, path: [UInt8], byForce: Bool = false) {
    self.role = role
    self.pid = pid
    self.path = path
    self.byForce = byForce
  }

  init(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let number = reader.u8(.socketRole) else { throw .missing(.socketRole) }
    guard let role = SocketRole(wire: number) else { throw .outOfRange(.socketRole) }
    guard let pid = reader.u32(.pid) else { throw .missing(.pid) }
    self.init(
      role: role, pid: pid, path: reader.string(.path) ?? [], byForce: reader.flag(.force))
  }

  func write(_ writer: inout AttributeWriter) {
    writer.u8(.socketRole, UInt8(role.rawValue))
    writer.u32(.pid, pid)
    if !path.isEmpty { writer.string(.path, path) }
    if byForce { writer.flag(.force) }
  }
}
