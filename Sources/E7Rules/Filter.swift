// SPDX-License-Identifier: GPL-2.0-or-later
public import CE7Schema
public import E7IPC

/// The words of a `query`: a rule is listed where it carries all of them.
public struct Filter: Equatable, Sendable {
  /// What the rule does.
  public var action: Action?
  /// The rule's protocol: 0…255, or `NamedProtocol.any`, which only a rule for every protocol has.
  public var prot: UInt16?
  /// The class that the rule names.
  public var programClass: ProgramClass?
  /// Exactly the rule's path.
  public var path: [UInt8]?

  /// A filter of these words.
  public init(
    action: Action? = nil, prot: UInt16? = nil, programClass: ProgramClass? = nil,
    path: [UInt8]? = nil
  ) {
    self.action = action
    self.prot = prot
    self.programClass = programClass
    self.path = path
  }

  /// The words of a match.
  init(_ match: Match) {
    self.init(
      prot: match.prot, programClass: match.programClass,
      path: match.path.isEmpty ? nil : match.path)
  }

  /// Whether no word was given, so that every rule is listed, and the mode before them.
  public var isEmpty: Bool {
    action == nil && prot == nil && programClass == nil && path == nil
  }

  /// Whether `rule` carries the words.
  public func holds(_ rule: Rule) -> Bool {
    if let action, rule.action != action { return false }
    if let prot, rule.match.prot != prot { return false }
    if let programClass, rule.match.programClass != programClass { return false }
    if let path, rule.match.path != path { return false }
    return true
  }

  /// What these words match as a rule: a word that is not there stands for everything.
  var match: Match {
    Match(
      prot: prot ?? NamedProtocol.any.rawValue, programClass: programClass, path: path ?? [])
  }
}
