// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Schema
package import E7Lane

/// A packet worth telling.
package struct Event: Equatable, Sendable {
  /// Why it is told.
  package var kind: EventKind
  /// What became of the packet, as the action of a rule.
  package var verdict: Action
  /// What decided.
  package var reason: Reason
  /// Its direction.
  package var direction: Direction
  /// IP protocol 0…255.
  package var prot: UInt16
  /// What stands behind the packet.
  package var programClass: ProgramClass?
  /// Why the program is unknown, where it is.
  package var statistic: Statistic?
  /// The executable: of class `host` a path of the host, of class `foreign` one of its own mount
  /// namespace, of others what the kernel calls a file without a name; empty where there is none.
  package var path: [UInt8] = []
  /// Inode number of the mount namespace that `path` is of, where it is not the host's.
  package var mntns: UInt32?
  /// What the interpreter in `path` was told to run, as it was told: a hint; empty where there is
  /// none.
  package var script: [UInt8] = []
  /// This machine's address, 4 or 16 bytes in network order.
  package var local: [UInt8]
  /// The other end's address, of the same family.
  package var remote: [UInt8]
  /// This machine's port, or ICMP's echo identifier, where the protocol has one.
  package var localPort: UInt16?
  /// The other end's port, where the protocol has one.
  package var remotePort: UInt16?
  /// Owner of the socket in the initial user namespace, where there is one.
  package var uid: UInt32?
  /// Process in the initial pid namespace, where it is known.
  package var pid: UInt32?
  /// When that process began, in nanoseconds since boot, where it is known.
  package var start: UInt64?
  /// Inode number of the network namespace.
  package var netns: UInt32
  /// Id of the socket's cgroup, where there is a socket.
  package var cgroup: UInt64?
  /// Nanoseconds since 1970.
  package var time: UInt64
  /// Like events that were left out since the last one.
  package var leftOut: UInt64 = 0
  /// Events lost since the module was loaded, for want of room in their queue or of memory.
  package var lost: UInt64 = 0
  /// The rule that decided, where one did.
  package var rule: UInt64?
  /// The number under which a flow is or was held for an answer; nil where none was.
  package var question: UInt64?
  /// Seconds until flag `fail` decides about a flow that is held.
  package var secondsLeft: UInt32?

  /// An event with what every event has.
  package init(
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
  package init(_ reader: inout AttributeReader) throws(DecodeError) {
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
  package func write(_ writer: inout AttributeWriter) {
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
