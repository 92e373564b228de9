// SPDX-License-Identifier: GPL-2.0-or-later
import E7Lane

/// Addresses of IPv4 and IPv6 as people write them.
package enum AddressText {
  /// Dotted decimals for 4 bytes, the canonical form of RFC 5952 for 16, `?` for anything else.
  package static func text(_ address: [UInt8]) -> String {
    switch address.count {
    case 4: "\(address[0]).\(address[1]).\(address[2]).\(address[3])"
    case 16: sixteen(address)
    default: "?"
    }
  }

  /// An address and a port, `192.0.2.1:80` or `[2001:db8::1]:80`; the address alone without one.
  package static func endpoint(_ address: [UInt8], port: UInt16?) -> String {
    guard let port else { return text(address) }
    return address.count == 16 ? "[\(text(address))]:\(port)" : "\(text(address)):\(port)"
  }

  /// An address, and the length of its prefix where that is not all of it: `10.0.0.0/8`.
  package static func network(_ network: Network) -> String {
    let text = text(network.address)
    return Int(network.prefix) == network.bits ? text : "\(text)/\(network.prefix)"
  }

  /// Whether 16 bytes stand for an address of IPv4 (RFC 4291, 2.5.5.2), which no packet has.
  package static func isMapped(_ address: [UInt8]) -> Bool {
    address.count == 16 && address[..<10].allSatisfy { $0 == 0 } && address[10] == 0xff
      && address[11] == 0xff
  }

  private static func sixteen(_ address: [UInt8]) -> String {
    if isMapped(address) { return "::ffff:" + text(Array(address[12...])) }
    let groups = (0..<8).map { UInt16(address[2 * $0]) << 8 | UInt16(address[2 * $0 + 1]) }
    let zeros = longestZeros(groups)
    var text = ""
    var index = 0
    while index < 8 {
      if index == zeros.lowerBound, zeros.count > 1 {
        text += "::"
        index = zeros.upperBound
        continue
      }
      if index > 0 && index != zeros.upperBound || index > 0 && zeros.count < 2 { text += ":" }
      text += hex(groups[index])
      index += 1
    }
    return text
  }

  // The first of the longest runs, as RFC 5952 shortens.
  private static func longestZeros(_ groups: [UInt16]) -> Range<Int> {
    var longest = 0..<0
    var start = 0
    for index in 0...groups.count where index == groups.count || groups[index] != 0 {
      if index - start > longest.count { longest = start..<index }
      start = index + 1
    }
    return longest
  }

  private static func hex(_ group: UInt16) -> String {
    var rest = group
    var digits: [UInt8] = []
    repeat {
      let digit = UInt8(rest & 15)
      digits.append(digit < 10 ? 48 + digit : 87 + digit)
      rest >>= 4
    } while rest != 0
    return String(decoding: digits.reversed(), as: UTF8.self)
  }
}
