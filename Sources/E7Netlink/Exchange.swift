// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import CNetlink
import E7Lane
import E7System
import E7Text

/// Requests that go in one datagram, and what the kernel answers, as a pure state machine over
/// received datagrams.
///
/// The answer is parsed as if it were hostile: what is not from the kernel, or answers another
/// request, is passed over; what does not parse ends the exchange.  The last request alone asks for
/// an acknowledgement, which tells that all have been looked at.
package struct Exchange {
  private let requests: [[UInt8]]
  private let first: UInt32

  /// For each request why it is refused, or nil; the refusal of a lone one is thrown.
  package private(set) var refusals: [Refusal?]
  /// Whether the answer is complete.
  package private(set) var isOver = false
  /// Whether what was listed changed in the middle of the dump.
  package private(set) var wasInterrupted = false

  /// Requests whose numbers begin with `first`.
  init(_ requests: [[UInt8]], first: UInt32) {
    self.requests = requests
    self.first = first
    refusals = [Refusal?](repeating: nil, count: requests.count)
  }

  /// Whether all is over with the answer to the request of this number.
  func isLast(_ sequence: UInt32) -> Bool { Int(sequence &- first) == requests.count - 1 }

  /// Takes a datagram and returns the messages in it that belong to the answer.
  package mutating func take(
    _ datagram: [UInt8], port: UInt32
  ) throws(NetlinkError) -> [GenericMessage] {
    guard port == 0 else { return [] }
    var answers: [GenericMessage] = []
    var start = 0
    while let message = try NetlinkMessage.next(datagram, &start) {
      let index = Int(message.sequence &- first)
      guard !isOver, index < requests.count else { continue }
      if message.flags & UInt16(NLM_F_DUMP_INTR) != 0 { wasInterrupted = true }
      switch Int32(message.type) {
      case NLMSG_NOOP:
        break
      case NLMSG_OVERRUN:
        throw .lost
      case NLMSG_ERROR:
        try finish(message, index)
      case NLMSG_DONE:
        guard requests[index].hostU16(at: 6) & UInt16(NLM_F_DUMP) != 0 else { throw .malformed }
        try finish(message, index)
      default:
        guard let answer = GenericMessage(message) else { throw .malformed }
        answers.append(answer)
      }
    }
    return answers
  }

  private mutating func finish(_ message: NetlinkMessage, _ index: Int) throws(NetlinkError) {
    let end = try Acknowledgement(message)
    isOver = isLast(message.sequence)
    guard end.errno != 0 else { return }
    let refusal = end.refusal(of: requests[index])
    if requests.count == 1 { throw .refused(refusal) }
    refusals[index] = refusal
  }
}

/// The end of an answer: `struct nlmsgerr`, or the number in NLMSG_DONE, with what the kernel says
/// about it.
struct Acknowledgement: Equatable {
  /// Positive errno(3), 0 for success.
  let errno: Int32
  private(set) var text: [UInt8] = []
  /// Where in the request the attribute at fault begins.
  private(set) var offset: Int?
  /// The number of an attribute that the request lacks.
  private(set) var missing: UInt16?

  init(_ message: NetlinkMessage) throws(NetlinkError) {
    let body = message.body
    guard body.count >= 4 else { throw .malformed }
    let number = Int32(bitPattern: body.hostU32(at: 0))
    guard number <= 0, number >= -4095 else { throw .malformed }
    errno = -number
    var start = 4
    if Int32(message.type) == NLMSG_ERROR {
      guard body.count >= 4 + NetlinkMessage.headerSize else { throw .malformed }
      start += NetlinkMessage.headerSize
      if message.flags & UInt16(NLM_F_CAPPED) == 0, number != 0 {
        guard let length = Int(exactly: body.hostU32(at: 4)), length >= NetlinkMessage.headerSize,
          length <= body.count - 4
        else { throw .malformed }
        start = 4 + (length + 3) & ~3
      }
    }
    guard message.flags & UInt16(NLM_F_ACK_TLVS) != 0 else { return }
    while let attribute = try RawAttribute.next(body, &start) {
      switch UInt32(attribute.number) {
      case NLMSGERR_ATTR_MSG.rawValue: text = Array(attribute.text.prefix(Limit.text))
      case NLMSGERR_ATTR_OFFS.rawValue: offset = attribute.value.flatMap { Int(exactly: $0) }
      case NLMSGERR_ATTR_MISS_TYPE.rawValue:
        missing = attribute.value.flatMap { UInt16(exactly: $0) }
      default: break
      }
    }
  }

  /// The refusal in words, with the name of the attribute at fault.
  func refusal(of request: [UInt8]) -> Refusal {
    var words = text.isEmpty ? SystemError.meaning(errno).bytes : text
    var attribute: Attribute?
    if let missing {
      attribute = Attribute(wire: missing)
      words += name(attribute, " is missing").bytes
    } else if let offset, offset >= NetlinkMessage.headerSize, offset <= request.count - 4 {
      attribute = Attribute(wire: request.hostU16(at: offset + 2) & 0x3fff)
      words += name(attribute, "").bytes
    }
    return Refusal(errno: errno, text: words, attribute: attribute)
  }

  private func name(_ attribute: Attribute?, _ rest: StaticString) -> Phrase {
    attribute.map { " (attribute \($0.phrase)\(rest))" } ?? ""
  }
}
