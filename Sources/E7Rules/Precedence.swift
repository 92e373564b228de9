// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
package import E7IPC

/// What tells rules that match one flow apart, in the order in which it decides.
package enum Precedence: String, CaseIterable, Sendable {
  /// `quick`, before all others.
  case quick
  /// Exact path, longer folder, shorter folder, class alone, none.
  case program
  /// A user, before none.
  case user
  /// The longer prefix of the other end, before the shorter, before none.
  case remote
  /// Fewer ports, before more, before no range.
  case port
  /// A protocol, before any.
  case `protocol`
  /// A direction, before both.
  case direction
  /// `block`, before `reject`, before `ask`, before `allow`.
  case action

  /// The first that differs between two rules; nil where they are equal in all, so that it does
  /// not matter which of them decides.
  package static func first(_ one: Rule, _ other: Rule) -> Precedence? {
    allCases.first { $0.rank(one) != $0.rank(other) }
  }

  /// Whether a flow that both match is decided by the first of them.
  package static func precedes(_ one: Rule, _ other: Rule) -> Bool {
    guard let first = first(one, other) else { return false }
    return first.rank(one) < first.rank(other)
  }

  /// What decides has the smaller rank.
  private func rank(_ rule: Rule) -> Int {
    let match = rule.match
    return switch self {
    case .quick: match.isQuick ? 0 : 1
    case .program: Precedence.rank(ofProgram: match)
    case .user: match.uid == nil ? 1 : 0
    case .remote: match.remote.map { -1 - Int($0.prefix) } ?? 0
    case .port: match.ports.map { Int($0.last) - Int($0.first) } ?? Int.max
    case .protocol: match.prot == NamedProtocol.any.rawValue ? 1 : 0
    case .direction: match.direction == nil ? 1 : 0
    case .action:
      switch rule.action {
      case .block: 0
      case .reject: 1
      case .ask: 2
      case .allow: 3
      }
    }
  }

  private static func rank(ofProgram match: Match) -> Int {
    guard let last = match.path.last else { return match.programClass == nil ? 2 : 1 }
    return last == UInt8(ascii: "/") ? -match.path.count : Int.min
  }
}
