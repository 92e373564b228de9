// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

extension Grammar {
  /// `why FLOW` and `why --all`.
  ///
  /// A flow is said with the words of a match, but is one of each: what a match may leave out or
  /// give as a range has to be there, and be single.
  @Sendable static func why(_ reader: inout WordReader) throws(SyntaxError) -> Command {
    if reader.take("--all") {
      try reader.finish()
      return .whyAll
    }
    let head = reader.next
    reader.classes = ProgramClass.ofRules + [.unknown]
    var words = Filter()
    try reader.clauses(into: &words, kind: "protocol", others: ["--all"])
    guard let prot = words.prot, prot < NamedProtocol.any.rawValue else {
      let expected = "a protocol's name or a number 0…255 behind 'why'"
      guard let head else { throw reader.missing("missing protocol", expected: expected) }
      throw head.error(
        words.prot == nil
          ? "no protocol before '\(head.excerpt)'" : "'any' is no protocol of a flow",
        expected: expected)
    }
    try refuseTerms(reader, words)
    var flow = try remote(reader, words, prot)
    flow.programClass = words.programClass
    flow.path = try program(reader, words)
    flow.port = try port(reader, words, prot)
    flow.uid = words.uid
    return .why(flow)
  }

  /// What only rules have.
  private static func refuseTerms(
    _ reader: WordReader, _ words: Filter
  ) throws(SyntaxError) {
    let strange =
      words.isQuick ? reader.word(where: { $0.bytes.elementsEqual("quick".utf8) }) : nil
    guard let word = strange ?? reader.word(of: "for") ?? reader.word(of: "comment") else { return }
    let what = words.isQuick ? "quick" : words.forSeconds != nil ? "for" : "comment"
    throw word.error("a flow has no '\(what)'", expected: "a flow without")
  }

  private static func remote(
    _ reader: WordReader, _ words: Filter, _ prot: UInt16
  ) throws(SyntaxError) -> Flow {
    guard let direction = words.direction, let remote = words.remote else {
      let expected =
        switch words.direction {
        case .outgoing: "'to ADDRESS', where it goes"
        case .incoming: "'from ADDRESS', where it comes from"
        case nil: "'to ADDRESS' for a flow that this machine begins, or 'from ADDRESS'"
        }
      throw reader.missing("missing address of the other end", expected: expected)
    }
    guard Int(remote.prefix) == remote.bits else {
      let keyword = direction == .outgoing ? "to" : "from"
      let text = AddressText.network(remote)
      guard let word = reader.word(of: keyword) else {
        throw reader.missing("'\(text)' is a network", expected: "one address")
      }
      throw word.error("'\(text)' is a network", expected: "one address")
    }
    return Flow(prot: prot, direction: direction, remote: remote.address)
  }

  private static func program(
    _ reader: WordReader, _ words: Filter
  ) throws(SyntaxError) -> [UInt8] {
    guard let path = words.path else { return [] }
    guard path.last == UInt8(ascii: "/") else { return path }
    let expected = "the path of one executable"
    guard let word = reader.word(where: { $0.bytes == path }) else {
      throw reader.missing("'\(Text.excerpt(path))' is a folder", expected: expected)
    }
    throw word.error("'\(word.excerpt)' is a folder", expected: expected)
  }

  private static func port(
    _ reader: WordReader, _ words: Filter, _ prot: UInt16
  ) throws(SyntaxError) -> UInt16? {
    // A protocol without ports has refused the word already.
    guard Ports.exist(in: prot) else { return nil }
    let expected = "'port N', the flow's destination port"
    guard let ports = words.ports.first else {
      throw reader.missing("missing port", expected: expected)
    }
    guard words.ports.count == 1, ports.first == ports.last else {
      guard let word = reader.word(of: "port") else {
        throw reader.missing("several ports", expected: expected)
      }
      throw word.error("'\(word.excerpt)' is more than one port", expected: expected)
    }
    return ports.first
  }
}
