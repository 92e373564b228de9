// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Schema
package import E7Lane

/// A rule in force.
package struct Rule: Equatable, Sendable {
  /// Its number, never used again while the module is loaded; 0 before it is in force.
  package var id: UInt64
  /// What it does.
  package var action: Action
  /// What it matches.
  package var match: Match
  /// Its end and its comment.
  package var terms: Terms
  /// Flows and packets that it decided.
  package var hits: UInt64
  /// When it last did, in nanoseconds since 1970; nil where it never did.
  package var lastHit: UInt64?

  /// A rule.
  package init(
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
  package init(_ reader: inout AttributeReader) throws(DecodeError) {
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
  package func write(_ writer: inout AttributeWriter) {
    writer.u64(.id, id)
    writer.u8(.action, UInt8(action.rawValue))
    match.write(&writer)
    terms.write(&writer)
    if hits > 0 { writer.u64(.hits, hits) }
    if let lastHit { writer.u64(.lastHit, lastHit) }
  }
}

/// A flag and its value.
package struct FlagValue: Equatable, Sendable {
  /// The flag.
  package var flag: Flag
  /// Its value: a number of the flag's kind, or a count.
  package var value: UInt64

  /// A flag with a value.
  package init(flag: Flag, value: UInt64) {
    self.flag = flag
    self.value = value
  }

  /// Reads the attributes of `MessageType.flagGet`.
  package init(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let number = reader.u8(.flag) else { throw .missing(.flag) }
    guard let flag = Flag(wire: number) else { throw .outOfRange(.flag) }
    guard let value = reader.u64(.value) else { throw .missing(.value) }
    self.flag = flag
    self.value = value
    try reader.finish()
  }

  /// Writes the attributes of `MessageType.flagGet`.
  package func write(_ writer: inout AttributeWriter) {
    writer.u8(.flag, UInt8(flag.rawValue))
    writer.u64(.value, value)
  }
}

/// A statistic and its value.
package struct StatisticValue: Equatable, Sendable {
  /// What was counted.
  package var statistic: Statistic
  /// How many: since the module was loaded, or now.
  package var value: UInt64

  /// A statistic with a value.
  package init(statistic: Statistic, value: UInt64) {
    self.statistic = statistic
    self.value = value
  }

  /// Reads the attributes of `MessageType.statGet`.
  package init(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let number = reader.u8(.stat) else { throw .missing(.stat) }
    guard let statistic = Statistic(wire: number) else { throw .outOfRange(.stat) }
    guard let value = reader.u64(.value) else { throw .missing(.value) }
    self.statistic = statistic
    self.value = value
    try reader.finish()
  }

  /// Writes the attributes of `MessageType.statGet`.
  package func write(_ writer: inout AttributeWriter) {
    writer.u8(.stat, UInt8(statistic.rawValue))
    writer.u64(.value, value)
  }
}

/// What the module says of itself.
package struct Status: Equatable, Sendable {
  /// Version of the generic-netlink family.
  package var version: UInt32
  /// Random number of this load of the module.
  package var instance: UInt64
  /// Ruleset generation.
  package var generation: UInt64
  /// Seconds until a load that is on trial goes back; nil where none is.
  package var confirmSeconds: UInt32?
  /// The kernel's version of Landlock, 0 where it has none; nil where the kernel itself answers.
  package var landlock: UInt32?

  /// A status.
  package init(
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
  package init(_ reader: inout AttributeReader) throws(DecodeError) {
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
  package func write(_ writer: inout AttributeWriter) {
    writer.u32(.version, version)
    writer.u64(.instance, instance)
    writer.u64(.generation, generation)
    if let confirmSeconds { writer.u32(.confirmSeconds, confirmSeconds) }
    if let landlock { writer.u32(.landlock, landlock) }
  }
}

extension Outcome {
  /// Reads the attributes of `MessageType.done`.
  package init(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let error = reader.u32(.error) else { throw .missing(.error) }
    self.init(
      error: error, text: reader.string(.text) ?? [], generation: reader.u64(.generation),
      id: reader.u64(.id))
    try reader.finish()
  }
}
