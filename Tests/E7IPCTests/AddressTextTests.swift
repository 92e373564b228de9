// SPDX-License-Identifier: GPL-2.0-or-later
import E7IPC
import Testing

@Suite struct AddressTextTests {
  private func address(_ groups: [UInt16]) -> [UInt8] {
    groups.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
  }

  // The examples of RFC 5952, sections 4 and 5.
  @Test(
    arguments: [
      ([0x2001, 0xdb8, 0, 0, 0, 0, 2, 1], "2001:db8::2:1"),
      ([0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], "2001:db8:0:1:1:1:1:1"),
      ([0x2001, 0, 0, 1, 0, 0, 0, 1], "2001:0:0:1::1"),
      ([0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], "2001:db8::1:0:0:1"),
      ([0xfe80, 0, 0, 0, 0, 0, 0, 0], "fe80::"),
      ([0, 0, 0, 0, 0, 0, 0, 1], "::1"),
      ([0, 0, 0, 0, 0, 0, 0, 0], "::"),
      ([1, 2, 3, 4, 5, 6, 7, 8], "1:2:3:4:5:6:7:8"),
      ([0, 2, 3, 4, 5, 6, 7, 0], "0:2:3:4:5:6:7:0"),
      ([0, 0, 3, 4, 5, 6, 7, 0xabcd], "::3:4:5:6:7:abcd"),
      ([0, 0, 0, 0, 0, 0xffff, 0xc000, 0x201], "::ffff:192.0.2.1"),
    ] as [([UInt16], String)])
  func writesTheCanonicalForm(groups: [UInt16], text: String) {
    #expect(AddressText.text(address(groups)) == text)
  }

  @Test func putsSixInBracketsBeforeAPort() {
    #expect(AddressText.endpoint([192, 0, 2, 255], port: 65535) == "192.0.2.255:65535")
    #expect(AddressText.endpoint([192, 0, 2, 255], port: nil) == "192.0.2.255")
    let loopback = address([0, 0, 0, 0, 0, 0, 0, 1])
    #expect(AddressText.endpoint(loopback, port: 0) == "[::1]:0")
    #expect(AddressText.endpoint(loopback, port: nil) == "::1")
  }

  @Test(arguments: [0, 3, 5, 15, 17])
  func hasNoFormForAnotherLength(count: Int) {
    #expect(AddressText.text([UInt8](repeating: 1, count: count)) == "?")
  }

  @Test func aFullPrefixIsNotWritten() {
    let six = address([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0])
    for (network, text) in [
      (Network([10, 0, 0, 0], prefix: 8), "10.0.0.0/8"),
      (Network([10, 0, 0, 1], prefix: 32), "10.0.0.1"),
      (Network([0, 0, 0, 0], prefix: 0), "0.0.0.0/0"), (Network(six, prefix: 32), "2001:db8::/32"),
      (Network(six, prefix: 128), "2001:db8::"), (Network(six, prefix: 127), "2001:db8::/127"),
    ] { #expect(AddressText.network(network) == text) }
  }

  @Test func masksLeaveTheLeadingBits() {
    let ones = [UInt8](repeating: 0xff, count: 4)
    for (prefix, bytes): (UInt8, [UInt8]) in [
      (0, [0, 0, 0, 0]), (1, [0x80, 0, 0, 0]), (7, [0xfe, 0, 0, 0]), (8, [0xff, 0, 0, 0]),
      (9, [0xff, 0x80, 0, 0]), (20, [0xff, 0xff, 0xf0, 0]), (31, [0xff, 0xff, 0xff, 0xfe]),
      (32, ones), (33, ones), (255, ones),
    ] { #expect(Network(ones, prefix: prefix).masked == Network(bytes, prefix: prefix)) }
    let six = Network([UInt8](repeating: 0xff, count: 16), prefix: 127).masked
    #expect(six.address == [UInt8](repeating: 0xff, count: 15) + [0xfe])
  }

  @Test func mappedAddressesAreTold() {
    #expect(AddressText.isMapped(address([0, 0, 0, 0, 0, 0xffff, 0xa00, 1])))
    #expect(!AddressText.isMapped(address([0, 0, 0, 0, 0, 0xfffe, 0xa00, 1])))
    #expect(!AddressText.isMapped(address([1, 0, 0, 0, 0, 0xffff, 0xa00, 1])))
    #expect(!AddressText.isMapped([10, 0, 0, 1]))
  }
}
