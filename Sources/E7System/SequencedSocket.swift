// SPDX-License-Identifier: GPL-2.0-or-later

/// SEQPACKET sockets of unix(7), and netlink(7) to receive from: whole datagrams, and nothing blocks.
package enum SequencedSocket {
  package static func maker(
    _ socket: borrowing FileDescriptor
  ) throws(SystemError) -> Credentials {
    var maker = Credentials()
    try check(unsafe e7_peer_credentials(socket.raw, &maker), "getsockopt SO_PEERCRED")
    return maker
  }

  /// Sends one datagram; false when the peer's queue is full.
  ///
  /// EINVAL where `bytes` is empty: an empty datagram looks like a closed peer.
  package static func send(
    _ socket: borrowing FileDescriptor, _ bytes: [UInt8]
  ) throws(SystemError) -> Bool {
    guard !bytes.isEmpty else { throw SystemError("sendmsg", errno: EINVAL) }
    return try passed(unsafe e7_send(socket.raw, bytes, bytes.count), "sendmsg")
  }

  /// Whether a result says that it was done, and not that the other side must act first.
  package static func passed(_ result: Int64, _ call: StaticString) throws(SystemError) -> Bool {
    let result = Int32(truncatingIfNeeded: result)
    if result == -EAGAIN || result == -EINTR || result == -ECONNABORTED { return false }
    try check(result, call)
    return true
  }

  /// Receives one datagram; nil when none waits.
  ///
  /// At most one descriptor is installed, and only where one is expected, however many were sent.
  package static func receive(
    _ socket: borrowing FileDescriptor, expectingDescriptor: Bool = false, capacity: Int = 65536
  ) throws(SystemError) -> Datagram? {
    let raw = socket.raw
    var (received, result) = (e7_received(), 0)
    received.passed = -1
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      result = Int(unsafe e7_receive(raw, base, capacity, expectingDescriptor, &received))
      count = max(0, result)
    }
    guard try passed(Int64(result), "recvmsg") else { return nil }
    return Datagram(
      bytes: Array(bytes[...]),
      credentials: received.has_credentials ? received.credentials : nil,
      truncated: received.truncated, port: received.port,
      descriptor: received.passed >= 0 ? FileDescriptor(owning: received.passed) : nil)
  }
}

/// A datagram with what came along with it.
package struct Datagram: ~Copyable {
  /// The bytes; none when the peer has closed its end.
  package let bytes: [UInt8]
  /// The sender, vouched for by the kernel; nil without SO_PASSCRED.
  package let credentials: Credentials?
  /// Whether bytes or descriptors did not fit and are lost.
  package let truncated: Bool
  /// The sender's port, of a socket of netlink: 0 for the kernel.
  package let port: UInt32
  fileprivate var descriptor: FileDescriptor?

  package var isEnd: Bool { bytes.isEmpty }

  /// The descriptor that came along, if one did; the caller owns it from now on.
  package mutating func takeDescriptor() -> FileDescriptor? { descriptor.take() }
}
