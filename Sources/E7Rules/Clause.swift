// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

/// One of the parts at the head of a match: its rank, its protocol and its program.
///
/// The rows of `all` stand in the order in which a line gives them, before every `FreeClause`.
struct Clause: Sendable {
  /// What its first word may be behind the words that were taken, for errors.
  let expected: @Sendable (Filter) -> [String]
  /// The keywords among that.
  let keywords: [String]
  /// Takes the clause where the next word begins it.
  let take: @Sendable (inout WordReader, inout Filter) throws(SyntaxError) -> Bool
  /// The words that say what the filter carries of this clause; none where it carries nothing.
  let words: @Sendable (Filter) -> [String]

  static let all: [Clause] = [
    Clause(
      expected: { _ in ["quick"] }, keywords: ["quick"],
      take: { reader, filter throws(SyntaxError) in
        guard reader.take("quick") else { return false }
        filter.isQuick = true
        return true
      }, words: { filter in filter.isQuick ? ["quick"] : [] }),
    Clause(
      expected: { _ in ["a protocol name", "a number 0…255"] },
      keywords: Words.all(.namedProtocol), take: takeProtocol, words: protocolWords),
    Clause(
      expected: { _ in classes.map(\.word) }, keywords: classes.map(\.word),
      take: takeClass, words: classWords),
    Clause(
      expected: { filter in filter.takesPath ? ["an absolute path"] : [] }, keywords: [],
      take: takePath, words: pathWords),
  ]

  /// What may begin a match, for errors.
  static var beginnings: [String] {
    all.flatMap { $0.expected(Filter()) } + FreeClause.open(Filter())
  }
}

extension WordReader {
  /// Takes all clauses up to the end of the line.
  ///
  /// `kind` names the first word where nothing takes it; `others` could have stood there too.
  mutating func clauses(
    into filter: inout Filter, kind: String, others: [String]
  ) throws(SyntaxError) {
    guard let first = next else { return }
    var rest = Clause.all[...]
    while try takeHead(&rest, &filter) {}
    var given: [String] = []
    while let word = next {
      let clause = FreeClause.all.first { word.bytes.elementsEqual($0.keyword.utf8) }
      if let clause {
        try clause.take(word, &self, &filter, after: given)
        given.append(clause.keyword)
        rest = []
        continue
      }
      let open = FreeClause.open(filter, after: given)
      let keywords = rest.flatMap(\.keywords) + open
      guard word != first else {
        throw word.error(
          "unknown \(kind) '\(word.excerpt)'",
          expected: Phrase.either(others + Clause.beginnings), keywords: others + keywords)
      }
      try finish(expected: rest.flatMap { $0.expected(filter) } + open, keywords: keywords)
    }
  }

  /// Takes the next clause of the head where one begins here; those before it cannot come any more.
  private mutating func takeHead(
    _ rest: inout ArraySlice<Clause>, _ filter: inout Filter
  ) throws(SyntaxError) -> Bool {
    guard next != nil else { return false }
    var candidates = rest
    while let clause = candidates.popFirst() {
      if try clause.take(&self, &filter) {
        rest = candidates
        return true
      }
    }
    return false
  }
}

@Sendable private func takeProtocol(
  _ reader: inout WordReader, _ filter: inout Filter
) throws(SyntaxError) -> Bool {
  guard let word = reader.next else { return false }
  if let number = Words.number(.namedProtocol, word.bytes) {
    filter.prot = number
  } else if Number.isWritten(word.bytes) {
    guard let number = Number.value(word.bytes, upTo: 255) else {
      throw word.error("'\(word.excerpt)' is no protocol number", expected: "0…255")
    }
    filter.prot = UInt16(number)
  } else {
    return false
  }
  _ = reader.take()
  return true
}

@Sendable private func protocolWords(_ filter: Filter) -> [String] {
  guard let prot = filter.prot else { return [] }
  return [Listing.prot(prot)]
}

private let classes = ProgramClass.ofRules

extension Filter {
  fileprivate var takesPath: Bool { programClass?.takesPath ?? true }
}

@Sendable private func takeClass(
  _ reader: inout WordReader, _ filter: inout Filter
) throws(SyntaxError) -> Bool {
  guard let word = reader.next, let number = Words.number(.programClass, word.bytes),
    let named = ProgramClass(rawValue: number)
  else { return false }
  guard reader.classes.contains(named) else {
    throw word.error(
      "rules do not name class '\(named.word)'",
      expected: Phrase.either(reader.classes.map(\.word) + ["an absolute path"]))
  }
  filter.programClass = named
  _ = reader.take()
  return true
}

@Sendable private func classWords(_ filter: Filter) -> [String] {
  guard let programClass = filter.programClass else { return [] }
  return [programClass.word]
}

@Sendable private func takePath(
  _ reader: inout WordReader, _ filter: inout Filter
) throws(SyntaxError) -> Bool {
  guard let word = reader.next, word.bytes.contains(UInt8(ascii: "/")) else { return false }
  if let programClass = filter.programClass, !programClass.takesPath {
    throw word.error(
      "class '\(programClass.word)' takes no path",
      expected: Phrase.either(FreeClause.open(filter) + ["the end of the line"]))
  }
  if let fault = PathFault.of(word.bytes) {
    throw word.error(
      "the path '\(word.excerpt)' \(fault.words.problem)", expected: String(fault.words.expected))
  }
  filter.path = word.bytes
  _ = reader.take()
  return true
}

@Sendable private func pathWords(_ filter: Filter) -> [String] {
  guard let path = filter.path else { return [] }
  return [Text.word(path)]
}
