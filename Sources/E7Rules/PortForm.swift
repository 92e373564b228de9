// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

/// Ports as a line gives them: `80`, `6000-6063`, `https`, or several with commas between.
enum PortForm {
  /// What may stand there, with names where somebody looks them up.
  static func expected(_ names: Names?) -> String {
    names == nil
      ? "a port 0…65535 or a range N-M" : "a port 0…65535, a range N-M or the name of a service"
  }

  /// The ports of a word, each once, in its order.
  static func list(
    _ word: Word, of prot: UInt16?, _ names: Names?
  ) throws(SyntaxError) -> [Ports] {
    var list: [Ports] = []
    var seen: Set<Ports> = []
    for part in word.bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard !part.isEmpty else {
        throw word.error("a port is missing in '\(word.excerpt)'", expected: expected(names))
      }
      let ports = try ports(Array(part), word, prot ?? NamedProtocol.any.rawValue, names)
      if seen.insert(ports).inserted { list.append(ports) }
    }
    return list
  }

  /// Ports as they print.
  static func text(_ ports: Ports) -> String {
    ports.first == ports.last ? "\(ports.first)" : "\(ports.first)-\(ports.last)"
  }

  private static func ports(
    _ part: [UInt8], _ word: Word, _ prot: UInt16, _ names: Names?
  ) throws(SyntaxError) -> Ports {
    let hyphen = UInt8(ascii: "-")
    let isNumeric = Number.isWritten(part.filter { $0 != hyphen })
    guard isNumeric else { return try service(part, word, prot, names) }
    var ends: [UInt16] = []
    let texts = part.split(separator: hyphen, omittingEmptySubsequences: false)
    for text in texts {
      guard texts.count <= 2, let port = Number.value(Array(text), upTo: UInt64(UInt16.max))
      else {
        throw word.error("'\(Text.excerpt(part))' is no port", expected: expected(names))
      }
      ends.append(UInt16(port))
    }
    let ports = Ports(ends[0], ends[ends.count - 1])
    guard ports.first <= ports.last else {
      throw word.error(
        "the range '\(Text.excerpt(part))' is reversed",
        expected: text(Ports(ports.last, ports.first)))
    }
    return ports
  }

  private static func service(
    _ part: [UInt8], _ word: Word, _ prot: UInt16, _ names: Names?
  ) throws(SyntaxError) -> Ports {
    guard let names else {
      throw word.error("'\(Text.excerpt(part))' is no port", expected: expected(nil))
    }
    guard let port = names.port(part, prot) else {
      let of = prot == NamedProtocol.any.rawValue ? "" : " of \(Listing.prot(prot))"
      throw word.error(
        "unknown service '\(Text.excerpt(part))'\(of)", expected: expected(names))
    }
    return Ports(port, port)
  }
}
