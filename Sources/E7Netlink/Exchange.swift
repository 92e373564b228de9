// SPDX-License-Identifier: GPL-2.0-or-later

/// A request and what the kernel answers, as a pure state machine over received datagrams: what is
/// not from the kernel, or answers another request, is passed over; what does not parse ends it.
package struct Exchange {
  private let request: [UInt8]
  private let sequence: UInt32

  package private(set) var isOver = false
  /// Whether what was listed changed in the middle of the dump.
  package private(set) var wasInterrupted = false

  init(_ request: [UInt8], sequence: UInt32) {
    (self.request, self.sequence) = (request, sequence)
  }

  /// The next message of the answer in a datagram that `port` sent, from `index` on, which moves
  /// behind it, or nil; throws what the kernel says against the request.
  package mutating func next(
    _ datagram: [UInt8], port: UInt32, _ index: inout Int
  ) throws(NetlinkError) -> NetlinkMessage? {
    while port == 0, !isOver, let message = try NetlinkMessage.next(datagram, &index) {
      guard message.sequence == sequence else { continue }
      if message.flags & UInt16(NLM_F_DUMP_INTR) != 0 { wasInterrupted = true }
      switch Int32(message.type) {
      case NLMSG_NOOP: break
      case NLMSG_OVERRUN: throw .lost
      case NLMSG_ERROR: try finish(message)
      case NLMSG_DONE:
        guard request.hostU16(at: 6) & UInt16(NLM_F_DUMP) != 0 else { throw .malformed }
        try finish(message)
      default:
        guard message.isGeneric else { throw .malformed }
        return message
      }
    }
    return nil
  }

  /// Reads the end of an answer: `struct nlmsgerr`, or the number in NLMSG_DONE, with what the kernel
  /// says about it.
  private mutating func finish(_ message: NetlinkMessage) throws(NetlinkError) {
    isOver = true
    let body = message.body
    guard body.count >= 4 else { throw .malformed }
    let errno = 0 &- Int32(bitPattern: body.hostU32(at: 0))
    guard errno >= 0, errno <= 4095 else { throw .malformed }
    var start = 4
    if Int32(message.type) == NLMSG_ERROR {
      // The request's header comes back, and the request where it was not capped.
      guard body.count >= start + NetlinkMessage.headerSize else { throw .malformed }
      let isCapped = errno == 0 || message.flags & UInt16(NLM_F_CAPPED) != 0
      let length = isCapped ? NetlinkMessage.headerSize : Int(body.hostU32(at: start))
      guard length >= NetlinkMessage.headerSize, length <= body.count - start else {
        throw .malformed
      }
      start += (length + 3) & ~3
    }
    guard errno != 0 else { return }
    var words = SystemError.meaning(errno)
    if message.flags & UInt16(NLM_F_ACK_TLVS) != 0 { try explain(body, from: start, &words) }
    throw NetlinkError(.refused, errno, words)
  }

  /// The kernel's own words, and the name of the attribute at fault.
  private func explain(
    _ body: [UInt8], from start: Int, _ words: inout Phrase
  ) throws(NetlinkError) {
    func value(_ kind: nlmsgerr_attrs) throws(NetlinkError) -> UInt32? {
      try NetlinkMessage.value(Int(kind.rawValue), in: body, from: start)
    }
    let text = try NetlinkMessage.find(Int(NLMSGERR_ATTR_MSG.rawValue), in: body, from: start)
    if let text, text.count > 1 {
      words = Phrase(Array(body[text].prefix(Limit.text).prefix { $0 != 0 }))
    }
    if let missing = try value(NLMSGERR_ATTR_MISS_TYPE) {
      words += " (attribute \(Attribute.phrase(UInt16(truncatingIfNeeded: missing))) is missing)"
    } else if let offset = try value(NLMSGERR_ATTR_OFFS), let end = Int(exactly: offset),
      end >= NetlinkMessage.headerSize, end <= request.count - 4
    {
      words += " (attribute \(Attribute.phrase(request.hostU16(at: end + 2) & 0x3fff)))"
    }
  }
}
