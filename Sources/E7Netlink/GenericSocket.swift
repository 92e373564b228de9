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
  private let groups: [(name: [UInt8], id: UInt32)]

  init(_ message: GenericMessage) throws(NetlinkError) {
    var id: UInt16?
    var version: UInt32?
    var groups: [(name: [UInt8], id: UInt32)] = []
    for attribute in try message.rawAttributes() {
      switch Int(attribute.number) {
      case CTRL_ATTR_FAMILY_ID: id = attribute.value.flatMap { UInt16(exactly: $0) }
      case CTRL_ATTR_VERSION: version = attribute.value
      case CTRL_ATTR_MCAST_GROUPS: groups = try Family.groups(attribute.payload)
      default: break
      }
    }
    guard let id, id >= UInt16(NLMSG_MIN_TYPE), let version else { throw .malformed }
    self.id = id
    self.version = version
    self.groups = groups
  }

  private static func groups(
    _ list: [UInt8]
  ) throws(NetlinkError) -> [(name: [UInt8], id: UInt32)] {
    guard let entries = RawAttribute.all(list, from: 0) else { throw .malformed }
    var groups: [(name: [UInt8], id: UInt32)] = []
    for entry in entries {
      guard let parts = RawAttribute.all(entry.payload, from: 0) else { throw .malformed }
      var name: [UInt8]?
      var id: UInt32?
      for part in parts {
        if Int(part.number) == CTRL_ATTR_MCAST_GRP_NAME { name = part.text }
        if Int(part.number) == CTRL_ATTR_MCAST_GRP_ID { id = part.value }
      }
      guard let name, let id else { throw .malformed }
      groups.append((name, id))
    }
    return groups
  }

  /// The number of the multicast group of this name, or nil.
  public func group(_ name: Phrase) -> UInt32? {
    for group in groups where group.name == name.bytes { return group.id }
    return nil
  }

  /// Whether both describe one registration of one family.
  public static func == (one: Family, other: Family) -> Bool {
    one.id == other.id && one.version == other.version
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

  /// Receives what is sent to a group; refused to who lacks the authority.
  public func join(_ group: UInt32) throws(NetlinkError) {
    let result = unsafe nl_socket_add_membership(socket, Int32(bitPattern: group))
    guard result >= 0 else { throw .library(result) }
  }

  /// A descriptor of this socket, for another process.
  public func descriptor() throws(NetlinkError) -> FileDescriptor {
    let copy = e7_duplicate(raw)
    guard copy >= 0 else { throw .system(SystemError("fcntl", errno: -copy)) }
    return FileDescriptor(owning: copy)
  }

  /// Asks the kernel what family has this name; `NetlinkError.noFamily` where none has.
  public mutating func resolve(
    _ name: Phrase, timeoutMilliseconds: Int32
  ) throws(NetlinkError) -> Family {
    let name = name.bytes + [0]
    let length = UInt32(truncatingIfNeeded: name.count + 4)
    let attribute = bytes(length, 2) + bytes(UInt32(CTRL_ATTR_FAMILY_NAME), 2) + name
    let request = GenericRequest(
      family: UInt16(GENL_ID_CTRL), version: 1, command: UInt8(CTRL_CMD_GETFAMILY),
      attributes: attribute)
    var family: Family?
    do throws(NetlinkError) {
      _ = try exchange(request, timeoutMilliseconds: timeoutMilliseconds) {
        answer throws(NetlinkError) in
        if answer.family == UInt16(GENL_ID_CTRL) { family = try Family(answer) }
      }
    } catch {
      if case .refused(let refusal) = error, refusal.errno == Errno.noEntry { throw .noFamily }
      throw error
    }
    guard let family else { throw .malformed }
    return family
  }

  /// Sends a request, whose answer is then taken with what is returned.
  package mutating func begin(_ request: GenericRequest) throws(NetlinkError) -> Exchange {
    sequence &+= 1
    // Multicast messages carry 0.
    if sequence == 0 { sequence = 1 }
    var bytes = request.encode(sequence: sequence)
    let exchange = Exchange(request: bytes, sequence: sequence, isDump: request.isDump)
    let sent = unsafe nl_sendto(socket, &bytes, bytes.count)
    guard sent >= 0 else { throw .library(sent) }
    return exchange
  }

  /// Sends a request and hands each message of its answer to `take`.
  ///
  /// Waits at most this long for each datagram. Returns whether what was listed changed meanwhile, in a dump.
  mutating func exchange(
    _ request: GenericRequest, timeoutMilliseconds: Int32,
    _ take: (GenericMessage) throws(NetlinkError) -> Void
  ) throws(NetlinkError) -> Bool {
    var exchange = try begin(request)
    var deadline = Clock.monotonicMilliseconds() + UInt64(max(0, timeoutMilliseconds))
    while !exchange.isOver {
      let (datagram, port) = try receive(until: deadline)
      let answers = try exchange.take(datagram, port: port)
      for answer in answers { try take(answer) }
      // A long list may take longer, as long as it goes on.
      if !answers.isEmpty {
        deadline = Clock.monotonicMilliseconds() + UInt64(max(0, timeoutMilliseconds))
      }
    }
    return exchange.wasInterrupted
  }

  /// Sends requests in one datagram, of which the last alone asks for an acknowledgement; what the
  /// kernel refuses it says anyway.
  mutating func exchange(
    together requests: [GenericRequest], timeoutMilliseconds: Int32
  ) throws(NetlinkError) -> [Refusal?] {
    guard !requests.isEmpty else { return [] }
    // No number of theirs is 0.
    if sequence > UInt32.max - UInt32(requests.count) { sequence = 0 }
    var bundle = Bundle(requests, after: sequence)
    sequence += UInt32(requests.count)
    var bytes = bundle.datagram
    let sent = unsafe nl_sendto(socket, &bytes, bytes.count)
    guard sent >= 0 else { throw .library(sent) }
    let deadline = Clock.monotonicMilliseconds() + UInt64(max(0, timeoutMilliseconds))
    while !bundle.isOver {
      let (datagram, port) = try receive(until: deadline)
      try bundle.take(datagram, port: port)
    }
    return bundle.refusals
  }

  /// The next datagram and its sender's port, which comes until the monotonic clock has so many
  /// milliseconds, or `NetlinkError.timedOut`.
  package func receive(until deadline: UInt64) throws(NetlinkError) -> ([UInt8], UInt32) {
    let raw = raw
    while true {
      let now = Clock.monotonicMilliseconds()
      guard now <= deadline else { throw .timedOut }
      if let received = try GenericSocket.receive(raw) { return received }
      _ = try system { () throws(SystemError) in
        try Poll.wait(raw, for: .input, timeoutMilliseconds: Int32(clamping: deadline - now))
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
    if [Errno.again, Errno.interrupted, Errno.noMemory].contains(errno) { return nil }
    if errno == Errno.noBuffers { throw .lost }
    guard result >= 0 else { throw .system(SystemError("recvmsg", errno: errno)) }
    guard !received.truncated else { throw .malformed }
    return (bytes, received.port)
  }
}

/// Runs a call of the system and lifts its error.
package func system<Value>(
  _ call: () throws(SystemError) -> Value
) throws(NetlinkError) -> Value {
  do throws(SystemError) {
    return try call()
  } catch {
    throw .system(error)
  }
}

/// A request of generic netlink.
package struct GenericRequest {
  package var family: UInt16
  package var version: UInt8
  package var command: UInt8
  package var isDump = false
  /// Whether anything is to be said where it succeeds.
  package var isAnswered = true
  package var attributes: [UInt8]

  package init(
    family: UInt16, version: UInt8, command: UInt8, isDump: Bool = false, attributes: [UInt8]
  ) {
    self.family = family
    self.version = version
    self.command = command
    self.isDump = isDump
    self.attributes = attributes
  }

  func encode(sequence: UInt32) -> [UInt8] {
    let flags = NLM_F_REQUEST | (isDump ? NLM_F_DUMP : isAnswered ? NLM_F_ACK : 0)
    return NetlinkMessage(
      type: family, flags: UInt16(flags), sequence: sequence,
      body: [command, version, 0, 0] + attributes
    ).encode()
  }
}
