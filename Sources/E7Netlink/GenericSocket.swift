// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CNetlink
public import E7System
public import E7Text

/// A family of generic netlink, as the kernel's family `nlctrl` describes it.
public struct Family: Equatable, Sendable {
  /// Message type of the family; another each time the module is loaded.
  public let id: UInt16
  /// Version of the family.
  public let version: UInt32

  init(_ message: GenericMessage) throws(NetlinkError) {
    guard let id = try message.raw(CTRL_ATTR_FAMILY_ID)?.value.flatMap({ UInt16(exactly: $0) }),
      id >= UInt16(NLMSG_MIN_TYPE), let version = try message.raw(CTRL_ATTR_VERSION)?.value
    else { throw .malformed }
    self.id = id
    self.version = version
  }
}

/// A generic-netlink socket, close-on-exec, owned through libnl.
@safe public struct GenericSocket: ~Copyable {
  private let socket: OpaquePointer
  private var sequence: UInt32 = 0

  /// Opens a socket and binds it to a port of the kernel's choice, or takes one over that was.
  public init(_ handed: consuming FileDescriptor? = nil) throws(NetlinkError) {
    guard let socket = unsafe nl_socket_alloc() else { throw .library(NLE_NOMEM) }
    let raw = handed.take()?.release()
    let result =
      if let raw { unsafe nl_socket_set_fd(socket, NETLINK_GENERIC, raw) } else {
        unsafe genl_connect(socket)
      }
    guard result >= 0 else {
      unsafe nl_socket_free(socket)
      throw .library(result)
    }
    unsafe self.socket = unsafe socket
    // Refusals in words, without the request repeated; kernels before 4.12 have neither.
    _ = e7_set_option(self.raw, SOL_NETLINK, NETLINK_EXT_ACK, 1)
    _ = e7_set_option(self.raw, SOL_NETLINK, NETLINK_CAP_ACK, 1)
    // What waits was for who had it before.
    if raw != nil { while (try? GenericSocket.receive(self.raw)) != nil {} }
  }

  deinit { unsafe nl_socket_free(socket) }

  /// For a poller.
  public var raw: Int32 { unsafe nl_socket_get_fd(socket) }

  /// Asks the kernel what family has this name; `NetlinkError.noFamily` where none has.
  public mutating func resolve(
    _ name: Phrase, timeoutMilliseconds: Int32
  ) throws(NetlinkError) -> Family {
    try Family(try describe(name, timeoutMilliseconds: timeoutMilliseconds))
  }

  /// What the kernel says of the family of this name; `NetlinkError.noFamily` where none has it.
  package mutating func describe(
    _ name: Phrase, timeoutMilliseconds: Int32
  ) throws(NetlinkError) -> GenericMessage {
    let name = name.bytes + [0]
    let length = UInt32(truncatingIfNeeded: name.count + 4)
    let attribute = bytes(length, 2) + bytes(UInt32(CTRL_ATTR_FAMILY_NAME), 2) + name
    let request = genericRequest(
      family: UInt16(GENL_ID_CTRL), version: 1, command: UInt8(CTRL_CMD_GETFAMILY),
      attributes: attribute)
    do throws(NetlinkError) {
      let answer = try ask([request], timeoutMilliseconds: timeoutMilliseconds).messages.last
      guard let answer, answer.family == UInt16(GENL_ID_CTRL) else { throw .malformed }
      return answer
    } catch {
      if case .refused(let refusal) = error, refusal.errno == ENOENT { throw .noFamily }
      throw error
    }
  }

  /// Sends requests in one datagram, whose answers are then taken with what is returned.
  ///
  /// The last alone asks for an acknowledgement; of lists, which end by themselves, there is one.
  package mutating func begin(_ requests: [[UInt8]]) throws(NetlinkError) -> Exchange {
    // No number of theirs is 0, which multicast messages carry.
    if sequence > UInt32.max - UInt32(requests.count) { sequence = 0 }
    let exchange = Exchange(requests, first: sequence + 1)
    var datagram: [UInt8] = []
    for request in requests {
      sequence += 1
      let start = datagram.count
      datagram += request
      for index in 0..<4 {
        datagram[start + 8 + index] = UInt8(truncatingIfNeeded: sequence >> (8 * UInt32(index)))
      }
      while datagram.count % 4 != 0 { datagram.append(0) }
      if datagram[start + 7] == 0, exchange.isLast(sequence) {
        datagram[start + 6] |= UInt8(NLM_F_ACK)
      }
    }
    let sent = unsafe nl_sendto(socket, &datagram, datagram.count)
    guard sent >= 0 else { throw .library(sent) }
    return exchange
  }

  /// Sends requests in one datagram and waits for their answers, at most this long for each
  /// datagram: the messages, and how it ended.
  package mutating func ask(
    _ requests: [[UInt8]], timeoutMilliseconds: Int32
  ) throws(NetlinkError) -> (messages: [GenericMessage], end: Exchange) {
    var exchange = try begin(requests)
    var messages: [GenericMessage] = []
    while !exchange.isOver {
      let deadline = Clock.monotonicMilliseconds() + UInt64(max(0, timeoutMilliseconds))
      let (datagram, port) = try receive(until: deadline)
      messages += try exchange.take(datagram, port: port)
    }
    return (messages, exchange)
  }

  /// The next datagram and its sender's port, which comes until the monotonic clock has so many
  /// milliseconds, or `NetlinkError.timedOut`.
  package func receive(until deadline: UInt64) throws(NetlinkError) -> ([UInt8], UInt32) {
    let raw = raw
    while true {
      let now = Clock.monotonicMilliseconds()
      guard now <= deadline else { throw .timedOut }
      if let received = try GenericSocket.receive(raw) { return received }
      do throws(SystemError) {
        _ = try Poll.wait(raw, for: .input, timeoutMilliseconds: Int32(clamping: deadline - now))
      } catch {
        throw .system(error)
      }
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
