// SPDX-License-Identifier: GPL-2.0-or-later
import CNetlink

/// A generic-netlink socket, close-on-exec.
package struct GenericSocket: ~Copyable {
  /// Milliseconds until the kernel is given up on; a large COMMIT takes seconds on a slow machine.
  package static let patience: UInt64 = 10000

  private let socket: FileDescriptor
  private var sequence: UInt32 = 0

  /// Opens a socket and binds it to a port of the kernel's choice, or takes one over that was.
  package init(_ handed: consuming FileDescriptor? = nil) throws(NetlinkError) {
    let raw = handed.take()?.release() ?? e7_netlink_open()
    guard raw >= 0 else { throw .system(SystemError("socket", errno: -raw)) }
    socket = FileDescriptor(owning: raw)
    e7_netlink_take(raw)
  }

  /// For a poller.
  package var raw: Int32 { socket.raw }

  /// Asks the kernel what family has this name; `NetlinkError.noFamily` where none has.
  package mutating func resolve(_ name: Phrase) throws(NetlinkError) -> Family {
    try Family(try describe(name))
  }

  /// What the kernel says of the family of this name; `NetlinkError.noFamily` where none has it.
  package mutating func describe(_ name: Phrase) throws(NetlinkError) -> NetlinkMessage {
    var writer = AttributeWriter()
    var ended = name.bytes
    ended.append(0)
    writer.put(number: UInt16(CTRL_ATTR_FAMILY_NAME), ended)
    do throws(NetlinkError) {
      let answer = try ask(
        genericRequest(
          family: UInt16(GENL_ID_CTRL), version: 1, command: UInt8(CTRL_CMD_GETFAMILY),
          attributes: writer.payload()))
      guard let answer, answer.type == UInt16(GENL_ID_CTRL) else { throw .malformed }
      return answer
    } catch { throw error.kind == .refused && error.errno == ENOENT ? .noFamily : error }
  }

  /// Sends a request, whose answer is then taken with what is returned; a list ends by itself, all
  /// else asks for an acknowledgement.
  package mutating func begin(_ request: [UInt8]) throws(NetlinkError) -> Exchange {
    // None is 0, which multicast messages carry.
    sequence = sequence == .max ? 1 : sequence + 1
    var request = request
    request.set(Int(sequence), at: 8)
    if request.hostU16(at: 6) & UInt16(NLM_F_DUMP) == 0 { request[6] |= UInt8(NLM_F_ACK) }
    let sent = unsafe e7_netlink_send(raw, request, request.count)
    guard sent >= 0 else { throw .system(SystemError("sendto", errno: -sent)) }
    return Exchange(request, sequence: sequence)
  }

  /// Sends a request and waits for the kernel's yes: the last message of the answer, if it has any.
  package mutating func ask(_ request: [UInt8]) throws(NetlinkError) -> NetlinkMessage? {
    var exchange = try begin(request)
    var answer: NetlinkMessage?
    while !exchange.isOver {
      let (datagram, port) = try receive()
      var index = 0
      while let message = try exchange.next(datagram, port: port, &index) { answer = message }
    }
    return answer
  }

  /// The next datagram and its sender's port; `NetlinkError.timedOut` where none comes in so many
  /// milliseconds.
  package func receive(
    within patience: UInt64 = GenericSocket.patience
  ) throws(NetlinkError) -> ([UInt8], UInt32) {
    let raw = raw
    var deadline: UInt64?
    while true {
      if let received = try GenericSocket.receive(raw) { return received }
      let now = Clock.monotonicMilliseconds()
      let end = deadline ?? now + patience
      deadline = end
      guard now <= end else { throw .timedOut }
      do throws(SystemError) {
        _ = try Poll.wait(raw, for: .input, timeoutMilliseconds: Int32(clamping: end - now))
      } catch { throw .system(error) }
    }
  }

  /// One datagram and its sender's port, or nil when none waits.
  ///
  /// `NetlinkError.lost` where some were lost.
  package static func receive(_ raw: Int32) throws(NetlinkError) -> ([UInt8], UInt32)? {
    // The kernel makes no datagram larger than 32 KiB.
    let capacity = 65536
    var received = e7_netlink_received()
    var result = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      result = Int(unsafe e7_netlink_receive(raw, base, capacity, &received))
      count = max(0, result)
    }
    let errno = Int32(truncatingIfNeeded: -result)
    // Without memory for a moment, too: what waits is still there, and may say that it was done.
    if errno == EAGAIN || errno == EINTR || errno == ENOMEM { return nil }
    if errno == ENOBUFS { throw .lost }
    guard result >= 0 else { throw .system(SystemError("recvmsg", errno: errno)) }
    guard !received.truncated else { throw .malformed }
    return (bytes, received.port)
  }
}
