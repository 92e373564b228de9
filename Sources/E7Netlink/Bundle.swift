// SPDX-License-Identifier: GPL-2.0-or-later
import CNetlink
import E7Lane

/// Requests that go in one datagram, and what the kernel says against them; like `Exchange` a pure
/// state machine over datagrams that are parsed as if they were hostile.
///
/// The last one alone asks for an acknowledgement, which tells that all have been looked at.
struct Bundle {
  /// What is sent.
  private(set) var datagram: [UInt8] = []
  /// For each request, in order, why it is refused, or nil.
  private(set) var refusals: [Refusal?]
  /// Whether the last one has been acknowledged or refused.
  private(set) var isOver = false

  private let requests: [[UInt8]]
  private let first: UInt32

  /// Requests whose numbers follow on `sequence`.
  init(_ requests: [GenericRequest], after sequence: UInt32) {
    var encoded: [[UInt8]] = []
    for (index, request) in requests.enumerated() {
      var request = request
      request.isAnswered = index == requests.count - 1
      encoded.append(request.encode(sequence: sequence + 1 + UInt32(index)))
    }
    self.requests = encoded
    first = sequence + 1
    refusals = [Refusal?](repeating: nil, count: requests.count)
    datagram.reserveCapacity(encoded.reduce(0) { $0 + $1.count + 3 })
    for bytes in encoded {
      datagram += bytes
      while datagram.count % 4 != 0 { datagram.append(0) }
    }
  }

  /// Takes a datagram of the kernel's.
  mutating func take(_ datagram: [UInt8], port: UInt32) throws(NetlinkError) {
    guard port == 0 else { return }
    guard let messages = NetlinkMessage.all(datagram) else { throw .malformed }
    for message in messages {
      if Int32(message.type) == NLMSG_OVERRUN { throw .lost }
      let index = Int(message.sequence &- first)
      guard index < requests.count, Int32(message.type) == NLMSG_ERROR, !isOver else { continue }
      guard let end = Acknowledgement(message) else { throw .malformed }
      if end.errno != 0 { refusals[index] = end.refusal(of: requests[index]) }
      if index == requests.count - 1 { isOver = true }
    }
  }
}
