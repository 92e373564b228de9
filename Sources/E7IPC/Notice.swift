// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Schema
package import E7Lane

/// A change worth telling.
package enum Notice: Equatable, Sendable {
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
  package init(_ reader: inout AttributeReader) throws(DecodeError) {
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
  package func write(_ writer: inout AttributeWriter) {
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
package struct RoleChange: Equatable, Sendable {
  /// What the socket may do without a capability.
  package var role: SocketRole
  /// The process that claimed it.
  package var pid: UInt32
  /// That process's program; empty where it is not known.
  package var path: [UInt8]
  /// Whether it was taken from another socket.
  package var byForce: Bool

  /// A change of `role`, which process `pid` of the program at `path` claimed.
  package init(role: SocketRole, pid: UInt32, path: [UInt8], byForce: Bool = false) {
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
