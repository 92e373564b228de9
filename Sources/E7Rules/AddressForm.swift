// SPDX-License-Identifier: GPL-2.0-or-later
import E7IPC

/// Addresses and networks as a line gives them: one spelling of RFC 4291 or another, no names.
enum AddressForm {
  static let expected = "an address or a network of IPv4 or IPv6"

  /// The network of a word, in its one form; a single address is one with the whole as prefix.
  static func network(_ word: Word) throws(SyntaxError) -> Network {
    let parts = word.bytes.split(
      separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
    let text = parts.first ?? []
    if let scope = text.firstIndex(of: UInt8(ascii: "%")), address(text[..<scope]) != nil {
      throw word.error(
        "the address '\(word.excerpt)' has a scope", expected: "an address without",
        suggestion: Text.shown(Array(text[..<scope])))
    }
    guard let address = address(text) else {
      throw word.error("'\(word.excerpt)' is no address", expected: expected)
    }
    let bits = UInt64(address.count * 8)
    var prefix = bits
    if parts.count > 1 {
      let written = Array(parts[1])
      guard let number = Number.value(written, upTo: bits) else {
        throw word.error(
          "'\(Text.excerpt(written))' is no prefix of IPv\(bits == 32 ? 4 : 6)",
          expected: "0…\(bits)")
      }
      prefix = number
    }
    let network = Network(address, prefix: UInt8(prefix))
    if AddressText.isMapped(address), prefix >= 96 {
      let four = Network(Array(address[12...]), prefix: UInt8(prefix - 96)).masked
      throw word.error(
        "'\(word.excerpt)' is IPv4 in IPv6's form", expected: "the form of IPv4",
        suggestion: AddressText.network(four))
    }
    guard network == network.masked else {
      throw word.error(
        "'\(word.excerpt)' has bits set behind its prefix",
        expected: AddressText.network(network.masked))
    }
    return network
  }

  private static func address(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    text.contains(UInt8(ascii: ":")) ? six(Array(text)) : four(text)
  }

  private static func four(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var address: [UInt8] = []
    for part in parts {
      guard let number = Number.value(Array(part), upTo: 255) else { return nil }
      address.append(UInt8(number))
    }
    return address
  }

  private static func six(_ text: [UInt8]) -> [UInt8]? {
    let colon = UInt8(ascii: ":")
    let gap = text.indices.dropLast().first { text[$0] == colon && text[$0 + 1] == colon }
    guard let gap else {
      let address = groups(text[...], endsInFour: true)
      return address?.count == 16 ? address : nil
    }
    guard let head = groups(text[..<gap], endsInFour: false),
      let tail = groups(text[(gap + 2)...], endsInFour: true), head.count + tail.count < 16
    else { return nil }
    return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
  }

  /// The bytes of groups between colons, of which the last two may be written as an address of
  /// IPv4.
  private static func groups(_ text: ArraySlice<UInt8>, endsInFour: Bool) -> [UInt8]? {
    guard !text.isEmpty else { return [] }
    let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard parts.count <= 8 else { return nil }
    var bytes: [UInt8] = []
    for (index, part) in parts.enumerated() {
      if endsInFour, index == parts.count - 1, let four = four(part) {
        bytes += four
        continue
      }
      guard (1...4).contains(part.count) else { return nil }
      var group: UInt16 = 0
      for digit in part {
        guard let value = Number.hexadecimal(digit) else { return nil }
        group = group << 4 | UInt16(value)
      }
      bytes += [UInt8(group >> 8), UInt8(group & 0xff)]
    }
    return bytes.count <= 16 ? bytes : nil
  }
}
