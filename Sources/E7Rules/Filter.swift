// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Schema
package import E7IPC

/// The words of a match as they stand in a line; of a `query`, a rule is listed where it carries
/// all of them.
package struct Filter: Equatable, Sendable {
  /// What the rule does.
  package var action: Action?
  /// Whether only a quick rule is meant.
  package var isQuick = false
  /// The rule's protocol: 0…255, or `NamedProtocol.any`, which only a rule for every protocol has.
  package var prot: UInt16?
  /// The class that the rule names.
  package var programClass: ProgramClass?
  /// Exactly the rule's path.
  package var path: [UInt8]?
  /// Who began the rule's flows.
  package var direction: Direction?
  /// Exactly the rule's network, which stands with a direction.
  package var remote: Network?
  /// Exactly the rule's ports are one of these; empty for whatever ports.
  package var ports: [Ports] = [] { didSet { known = Set(ports) } }
  /// The same, since a list may be long and each of many rules is looked up in it.
  private var known: Set<Ports> = []
  /// The rule's user.
  package var uid: UInt32?
  /// The rule ends by itself, in so many seconds at the latest.
  package var forSeconds: UInt32?
  /// Exactly the rule's comment.
  package var comment: [UInt8]?

  /// A filter of these words.
  package init(
    action: Action? = nil, prot: UInt16? = nil, programClass: ProgramClass? = nil,
    path: [UInt8]? = nil
  ) {
    self.action = action
    self.prot = prot
    self.programClass = programClass
    self.path = path
  }

  /// The words of matches that differ in their ports alone, and of their rules' terms.
  init(_ matches: [Match], _ terms: Terms = Terms()) {
    guard let match = matches.first else { return }
    isQuick = match.isQuick
    prot = match.prot
    programClass = match.programClass
    path = match.path.isEmpty ? nil : match.path
    direction = match.direction
    remote = match.remote
    ports = matches.compactMap(\.ports)
    uid = match.uid
    forSeconds = terms.forSeconds
    comment = terms.comment.isEmpty ? nil : terms.comment
  }

  /// The words that say a flow.
  init(_ flow: Flow) {
    prot = flow.prot
    programClass = flow.programClass
    path = flow.path.isEmpty ? nil : flow.path
    direction = flow.direction
    remote = Network(flow.remote, prefix: UInt8(flow.remote.count * 8))
    ports = flow.port.map { [Ports($0, $0)] } ?? []
    uid = flow.uid
  }

  /// Whether no word was given, so that every rule is listed, and the mode before them.
  package var isEmpty: Bool { self == Filter() }

  /// Whether `rule` carries the words.
  package func holds(_ rule: Rule) -> Bool {
    let match = rule.match
    if let action, rule.action != action { return false }
    if isQuick, !match.isQuick { return false }
    if let prot, match.prot != prot { return false }
    if let programClass, match.programClass != programClass { return false }
    if let path, match.path != path { return false }
    if let direction, match.direction != direction { return false }
    if let remote, match.remote != remote { return false }
    if !ports.isEmpty {
      guard let carried = match.ports, known.contains(carried) else { return false }
    }
    if let uid, match.uid != uid { return false }
    if let forSeconds {
      guard let left = rule.terms.forSeconds, left <= forSeconds else { return false }
    }
    if let comment, rule.terms.comment != comment { return false }
    return true
  }

  /// What these words match as rules, one for each of the ports: a word that is not there stands
  /// for everything.
  var matches: [Match] {
    var match = Match(
      isQuick: isQuick, prot: prot ?? NamedProtocol.any.rawValue, programClass: programClass,
      path: path ?? [], direction: direction, remote: remote, uid: uid)
    guard !ports.isEmpty else { return [match] }
    return ports.map { ports in
      match.ports = ports
      return match
    }
  }

  /// What these words say beside the match.
  var terms: Terms { Terms(forSeconds: forSeconds, comment: comment ?? []) }
}
