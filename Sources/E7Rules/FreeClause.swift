// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

/// A part of a match that begins with a keyword and may stand in any order behind the others.
///
/// The rows of `all` stand in the order in which a line is printed.
struct FreeClause: Sendable {
  let keyword: String
  /// The clauses that it cannot stand with.
  let contradicts: [String]
  /// Whether a word follows the keyword.
  var takesWord: Bool { keyword != "in" && keyword != "out" }

  /// Takes what follows the keyword, which is given for errors.
  let take: @Sendable (inout WordReader, Word, inout Filter) throws(SyntaxError) -> Void
  /// The words that say what the filter carries of this clause; none where it carries nothing.
  let words: @Sendable (Filter, Names?) -> [String]

  static let all: [FreeClause] = [
    FreeClause(
      keyword: "in", contradicts: ["out", "to"],
      take: { _, _, filter throws(SyntaxError) in filter.direction = .incoming },
      words: { filter, _ in filter.isBare(.incoming) ? ["in"] : [] }),
    FreeClause(
      keyword: "out", contradicts: ["in", "from"],
      take: { _, _, filter throws(SyntaxError) in filter.direction = .outgoing },
      words: { filter, _ in filter.isBare(.outgoing) ? ["out"] : [] }),
    FreeClause(
      keyword: "to", contradicts: ["in", "from"],
      take: { reader, _, filter throws(SyntaxError) in
        try takeRemote(&reader, .outgoing, &filter)
      }, words: { filter, _ in remoteWords(filter, .outgoing, "to") }),
    FreeClause(
      keyword: "from", contradicts: ["out", "to"],
      take: { reader, _, filter throws(SyntaxError) in
        try takeRemote(&reader, .incoming, &filter)
      }, words: { filter, _ in remoteWords(filter, .incoming, "from") }),
    FreeClause(
      keyword: "port", contradicts: [], take: takePorts,
      words: { filter, _ in
        filter.ports.isEmpty
          ? [] : ["port", filter.ports.map(PortForm.text).joined(separator: ",")]
      }),
    FreeClause(
      keyword: "user", contradicts: [], take: takeUser,
      words: { filter, names in
        filter.uid.map { ["user", names?.word(ofUser: $0) ?? "\($0)"] } ?? []
      }),
    FreeClause(
      keyword: "for", contradicts: [],
      take: { reader, _, filter throws(SyntaxError) in
        filter.forSeconds = try DurationForm.seconds(
          reader.require("duration", expected: DurationForm.expected))
      },
      words: { filter, _ in filter.forSeconds.map { ["for", DurationForm.text($0)] } ?? [] }),
    FreeClause(
      keyword: "comment", contradicts: [], take: takeComment,
      words: { filter, _ in filter.comment.map { ["comment", Text.quoted($0)] } ?? [] }),
  ]

  /// The keywords that may still come behind those that were given.
  static func open(_ filter: Filter, after given: [String] = []) -> [String] {
    all.filter { clause in
      !given.contains(clause.keyword) && !clause.contradicts.contains(where: given.contains)
        && (clause.keyword != "port" || Ports.exist(in: filter.protOrAny))
    }.map(\.keyword)
  }

  /// Takes the clause that begins with `word`, behind those that were given.
  func take(
    _ word: Word, _ reader: inout WordReader, _ filter: inout Filter, after given: [String]
  ) throws(SyntaxError) {
    let fault =
      given.contains(keyword)
      ? "'\(keyword)' comes twice"
      : given.first(where: contradicts.contains).map { "'\(keyword)' contradicts '\($0)'" }
    if let fault {
      throw word.error(
        fault,
        expected: Phrase.either(
          FreeClause.open(filter, after: given) + ["the end of the line"]))
    }
    _ = reader.take()
    try take(&reader, word, &filter)
  }
}

extension Filter {
  fileprivate var protOrAny: UInt16 { prot ?? NamedProtocol.any.rawValue }

  /// Whether the direction is said by its own word: an address says it too.
  fileprivate func isBare(_ direction: Direction) -> Bool {
    remote == nil && self.direction == direction
  }
}

@Sendable private func takeRemote(
  _ reader: inout WordReader, _ direction: Direction, _ filter: inout Filter
) throws(SyntaxError) {
  let word = try reader.require("address", expected: AddressForm.expected)
  let network = try AddressForm.network(word)
  guard network.carries(filter.protOrAny) else {
    let isFour = network.bits == 32
    throw word.error(
      "'\(word.excerpt)' is of IPv\(isFour ? 4 : 6), \(Listing.prot(filter.protOrAny)) is not",
      expected: "an address or a network of IPv\(isFour ? 6 : 4)")
  }
  filter.direction = direction
  filter.remote = network
}

private func remoteWords(_ filter: Filter, _ direction: Direction, _ keyword: String) -> [String] {
  guard let remote = filter.remote, filter.direction == direction else { return [] }
  return [keyword, AddressText.network(remote)]
}

@Sendable private func takePorts(
  _ reader: inout WordReader, _ keyword: Word, _ filter: inout Filter
) throws(SyntaxError) {
  guard Ports.exist(in: filter.protOrAny) else {
    throw keyword.error(
      "protocol '\(Listing.prot(filter.protOrAny))' has no ports",
      expected: "tcp, udp, sctp, dccp, udplite or any before 'port'")
  }
  let word = try reader.require("port", expected: PortForm.expected(reader.names))
  filter.ports = try PortForm.list(word, of: filter.prot, reader.names)
}

@Sendable private func takeUser(
  _ reader: inout WordReader, _ keyword: Word, _ filter: inout Filter
) throws(SyntaxError) {
  let number = "a number 0…\(UInt32.max - 1)"
  let expected = reader.names == nil ? number : "the name of a user or \(number)"
  let word = try reader.require("user", expected: expected)
  if Number.isWritten(word.bytes) || reader.names == nil {
    guard let uid = Number.value(word.bytes, upTo: UInt64(UInt32.max - 1)) else {
      throw word.error("'\(word.excerpt)' is no user's number", expected: expected)
    }
    filter.uid = UInt32(uid)
  } else {
    guard let uid = reader.names?.uid(word.bytes), uid != UInt32.max else {
      throw word.error("unknown user '\(word.excerpt)'", expected: expected)
    }
    filter.uid = uid
  }
}

@Sendable private func takeComment(
  _ reader: inout WordReader, _ keyword: Word, _ filter: inout Filter
) throws(SyntaxError) {
  let word = try reader.require("comment", expected: "words in quotes")
  if let fault = Terms.fault(ofComment: word.bytes) {
    throw word.error("the comment '\(word.excerpt)' \(fault.problem)", expected: fault.expected)
  }
  filter.comment = word.bytes
}
