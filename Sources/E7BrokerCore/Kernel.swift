// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
package import E7IPC

/// What is known of the module.
package enum Module: Equatable, Sendable {
  /// No family `e7`.
  case absent
  /// A family `e7` of a version that is not spoken here.
  case foreign(version: UInt32)
  /// A family `e7` of this version; the random number of this load of the module.
  case ready(instance: UInt64)
}

/// One message of the kernel's answer.
package enum KernelRow: Equatable, Sendable {
  /// Version, instance and generation.
  case status(Status)
  /// A flag's value.
  case flag(FlagValue)
  /// A rule in force.
  case rule(Rule)
  /// A statistic's value.
  case statistic(StatisticValue)

  /// Reads the attributes of a message that answers `question`.
  package init(_ question: Question, _ reader: inout AttributeReader) throws(DecodeError) {
    switch question {
    case .status:
      self = .status(try Status(&reader))
    case .flags:
      self = .flag(try FlagValue(&reader))
    case .flag(let flag):
      let value = try FlagValue(&reader)
      guard value.flag == flag else { throw .outOfRange(.flag) }
      self = .flag(value)
    case .rules, .why:
      self = .rule(try Rule(&reader))
    case .statistics:
      self = .statistic(try StatisticValue(&reader))
    }
  }
}

/// A part of the kernel's answer: as much as one datagram holds.
package struct KernelPart: Equatable, Sendable {
  /// How far the answer is.
  package enum State: Equatable, Sendable {
    /// There is more to fetch.
    case more
    /// It is complete.
    case done
    /// There is no such family any more.
    case gone
    /// It failed with an errno(3), and a text for people.
    case failed(Int32, text: [UInt8])
  }

  /// The messages, in the kernel's order.
  package var rows: [KernelRow]
  /// Whether more follows.
  package var state: State
  /// Whether the ruleset changed under the dump: NLM_F_DUMP_INTR of netlink(7).
  package var interrupted: Bool

  /// A part.
  package init(_ rows: [KernelRow], _ state: State, interrupted: Bool = false) {
    self.rows = rows
    self.state = state
    self.interrupted = interrupted
  }
}

/// What the kernel tells unasked.
package enum KernelNews: Equatable, Sendable {
  /// A packet worth telling.
  case event(Event)
  /// A change worth telling.
  case notice(Notice)
  /// There was more than its buffer held: ENOBUFS of netlink(7).
  case lost
  /// Something that this version does not know, or that is no message.
  case unknown
}

/// What came along with a datagram.
package enum Passed: Equatable, Sendable {
  /// No descriptor.
  case none
  /// Exactly one.
  case one
  /// More than one; none was taken.
  case tooMany
}
