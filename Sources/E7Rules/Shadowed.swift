// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
package import E7IPC

/// A rule that can never decide, and one that takes every flow from it.
package struct Shadowed: Equatable, Sendable {
  /// Never decides.
  package let rule: Rule
  /// Matches all that `rule` matches, and precedes it.
  package let by: Rule

  /// A pair of which nothing is checked; `all` finds those that are there.
  package init(rule: Rule, by: Rule) {
    self.rule = rule
    self.by = by
  }

  /// The rules that can never decide because of one other rule, in the order of `rules`.
  ///
  /// Found is each rule R for which there is one rule S that matches every flow that R matches and
  /// decides before R whatever the flow is.  Since S is the wider one, that is so where
  /// - S is `quick` and R is not; or
  /// - S says in words what R means anyway: `port 0-65535` where R is of a protocol with ports and
  ///   gives none, or `/0` where R is of ICMP, which has one family, and gives no address.
  ///
  /// Not found is a rule whose flows are taken by several others together (`0.0.0.0/0` and `::/0`,
  /// or two halves of its ports), and one that matches no flow at all (a path where no program is,
  /// a user of the kernel's own sockets).  Neither flags nor the time that rules have left are
  /// looked at.
  ///
  /// The work grows with the number of rules, times the number of ways in which rules leave fields
  /// out, times the depth of paths.
  package static func all(in rules: [Rule]) -> [Shadowed] {
    let index = ShadowIndex(rules)
    return rules.compactMap { rule in
      index.cover(of: rule).map { Shadowed(rule: rule, by: $0) }
    }
  }
}

/// Which fields a match gives, and how.
private struct Shape: Hashable {
  enum Program: Hashable { case none, ofClass, folder, exact }

  var isQuick: Bool
  var program: Program
  var hasDirection: Bool
  /// Bytes of the address and the prefix, where there is one.
  var remote: [Int]?
  var hasPort: Bool
  var hasUser: Bool
  var isAnyProtocol: Bool

  init(_ match: Match) {
    isQuick = match.isQuick
    program =
      match.path.isEmpty
      ? match.programClass == nil ? .none : .ofClass
      : match.path.last == UInt8(ascii: "/") ? .folder : .exact
    hasDirection = match.direction != nil
    remote = match.remote.map { [$0.address.count, Int($0.prefix)] }
    hasPort = match.ports != nil
    hasUser = match.uid != nil
    isAnyProtocol = match.prot == NamedProtocol.any.rawValue
  }
}

/// Rules by what they match, so that those that cover another are found without a look at all.
private struct ShadowIndex {
  /// A rule, and of it and those before it the one with the highest last port.
  private struct Row {
    var rule: Rule
    var highest: Rule
  }

  /// In the order of the rules, so that the same rules have the same answer.
  private var shapes: [Shape] = []
  /// By their match without ports, those that give some; lowest port first.
  private var ranges: [Match: [Row]] = [:]
  /// By their match, those that give none.
  private var portless: [Match: Rule] = [:]

  private static let allPorts = Ports(0, .max)

  init(_ rules: [Rule]) {
    var known: Set<Shape> = []
    for rule in rules {
      let shape = Shape(rule.match)
      if known.insert(shape).inserted { shapes.append(shape) }
      if rule.match.ports == nil {
        portless[rule.match] = rule
      } else {
        var key = rule.match
        key.ports = nil
        ranges[key, default: []].append(Row(rule: rule, highest: rule))
      }
    }
    for key in Array(ranges.keys) {
      guard var rows = ranges.removeValue(forKey: key) else { continue }
      rows.sort { ($0.rule.match.ports?.first ?? 0) < ($1.rule.match.ports?.first ?? 0) }
      for index in rows.indices.dropFirst() {
        let highest = rows[index - 1].highest
        if (highest.match.ports?.last ?? 0) > (rows[index].highest.match.ports?.last ?? 0) {
          rows[index].highest = highest
        }
      }
      ranges[key] = rows
    }
  }

  /// A rule that takes every flow of this one.
  func cover(of rule: Rule) -> Rule? {
    for shape in shapes {
      for key in keys(shape, rule.match) {
        let found = shape.hasPort ? range(key, rule.match) : portless[key]
        if let found, Precedence.precedes(found, rule) { return found }
      }
    }
    return nil
  }

  /// The widest of the rules with these other fields that has all ports of `match`.
  ///
  /// All of them precede a rule or none does, but for one with all ports, which alone precedes
  /// where nothing else differs, and then is the widest.
  private func range(_ key: Match, _ match: Match) -> Rule? {
    guard let rows = ranges[key] else { return nil }
    // What has no ports is not matched by a rule that gives all of them.
    let isPortful = match.prot != NamedProtocol.any.rawValue && Ports.exist(in: match.prot)
    guard let ports = match.ports ?? (isPortful ? ShadowIndex.allPorts : nil) else { return nil }
    var (low, high) = (0, rows.count)
    while low < high {
      let middle = (low + high) / 2
      if (rows[middle].rule.match.ports?.first ?? 0) <= ports.first {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low > 0, let last = rows[low - 1].highest.match.ports?.last, last >= ports.last else {
      return nil
    }
    return rows[low - 1].highest
  }

  /// The matches of this shape, without ports, that hold for all that `match` holds for.
  private func keys(_ shape: Shape, _ match: Match) -> [Match] {
    var key = Match(isQuick: shape.isQuick)
    if !shape.isAnyProtocol {
      guard match.prot != NamedProtocol.any.rawValue else { return [] }
      key.prot = match.prot
    }
    if shape.hasUser {
      guard let uid = match.uid else { return [] }
      key.uid = uid
    }
    if shape.hasDirection {
      guard let direction = match.direction else { return [] }
      key.direction = direction
    }
    if let remote = shape.remote {
      guard let network = network(match, bytes: remote[0], prefix: remote[1]) else { return [] }
      key.remote = network
    }
    switch shape.program {
    case .none:
      return [key]
    case .ofClass:
      guard let programClass = match.programClass else { return [] }
      key.programClass = programClass
      return [key]
    case .exact:
      guard match.path.last.map({ $0 != UInt8(ascii: "/") }) ?? false else { return [] }
      (key.programClass, key.path) = (match.programClass, match.path)
      return [key]
    case .folder:
      key.programClass = match.programClass
      let slashes = match.path.indices.filter { match.path[$0] == UInt8(ascii: "/") }
      return slashes.map { slash in
        var folder = key
        folder.path = Array(match.path[...slash])
        return folder
      }
    }
  }

  /// The network of this length that holds all addresses of `match`.
  private func network(_ match: Match, bytes: Int, prefix: Int) -> Network? {
    guard let remote = match.remote else {
      // A protocol of one family has all its addresses in /0.
      let family = [NamedProtocol.icmp.rawValue: 4, NamedProtocol.icmp6.rawValue: 16][match.prot]
      guard prefix == 0, family == bytes else { return nil }
      return Network([UInt8](repeating: 0, count: bytes), prefix: 0)
    }
    guard remote.address.count == bytes, Int(remote.prefix) >= prefix else { return nil }
    return Network(remote.address, prefix: UInt8(prefix)).masked
  }
}
