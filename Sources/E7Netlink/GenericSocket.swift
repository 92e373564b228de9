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
    let raw = e7_netlink_open(handed.take()?.release() ?? -1)
    guard raw >= 0 else { throw .system(SystemError("socket", errno: -raw)) }
    socket = FileDescriptor(owning: raw)
  }

  package var raw: Int32 { socket.raw }

  /// What the kernel says of the family of this name; `NetlinkError.noFamily` where none has it.
  package mutating func describe(_ name: Phrase) throws(NetlinkError) -> NetlinkMessage {
    var writer = AttributeWriter()
    writer.put(number: UInt16(CTRL_ATTR_FAMILY_NAME), name.bytes + [0])
    do throws(NetlinkError) {
      let answer = try ask(
        genericRequest(
          family: UInt16(GENL_ID_CTRL), version: 1, command: UInt8(CTRL_CMD_GETFAMILY),
          attributes: writer.bytes))
      guard let answer, answer.type == UInt16(GENL_ID_CTRL) else { throw .malformed }
      return answer
    } catch { throw error.kind == .refused && error.errno == ENOENT ? .noFamily : error }
  }

  package mutating func resolve(_ name: Phrase) throws(NetlinkError) -> Family {
    try Family(try describe(name))
  }

  /// Sends a request, whose answer is then taken with what is returned; a list ends by itself, all
  /// else asks for an acknowledgement.
  package mutating func begin(_ request: [UInt8]) throws(NetlinkError) -> Exchange {
    // None is 0, which multicast messages carry.
    sequence = sequence == .max ? 1 : sequence + 1
    var request = request
    request.set(Int(sequence), at: 8)
    if request.hostU16(at: 6) & UInt16(NLM_F_DUMP) == 0 { request[6] |= UInt8(NLM_F_ACK) }
    var sent: Int64
    repeat {
      sent = unsafe e7_send(raw, request, request.count)
    } while sent == -Int64(EINTR)
    guard sent >= 0 else { throw .system(SystemError("sendmsg", errno: Int32(-sent))) }
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
    var deadline: UInt64?
    while true {
      if let received = try GenericSocket.receive(socket) { return received }
      let now = monotonicMilliseconds()
      let end = deadline ?? now + patience
      deadline = end
      guard now <= end else { throw .timedOut }
      do throws(SystemError) {
        _ = try pollfd.input(raw).wait(milliseconds: Int32(clamping: end - now))
      } catch { throw .system(error) }
    }
  }

  /// One datagram and its sender's port, or nil when none waits.
  ///
  /// `NetlinkError.lost` where some were lost.
  package static func receive(
    _ socket: borrowing FileDescriptor
  ) throws(NetlinkError) -> ([UInt8], UInt32)? {
    do throws(SystemError) {
      // The kernel makes no datagram larger than 32 KiB.
      guard let datagram = try SequencedSocket.receive(socket) else { return nil }
      guard !datagram.truncated else { throw SystemError("recvmsg", errno: EMSGSIZE) }
      return (datagram.bytes, datagram.port)
    } catch {
      // Without memory for a moment: what waits is still there, and may say that it was done.
      if error.errno == ENOMEM { return nil }
      throw error.errno == ENOBUFS ? .lost : .system(error)
    }
  }
}
