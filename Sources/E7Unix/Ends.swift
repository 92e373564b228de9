// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Unix
package import E7System

/// Both ends of a socketpair(2).
package struct SocketPair: ~Copyable {
  /// One end.
  package var first: FileDescriptor
  /// The other end.
  package var second: FileDescriptor
}

extension SequencedSocket {
  /// Listens at `path`, at most 107 bytes, with `mode` for the socket file; EADDRINUSE where there
  /// is a file already.
  package static func listen(
    path: [UInt8], mode: UInt32, backlog: Int32
  ) throws(SystemError) -> FileDescriptor {
    FileDescriptor(
      owning: try check(unsafe e7_unix_listen(path, path.count, mode, backlog), "bind"))
  }

  /// A connected pair.
  package static func pair() throws(SystemError) -> SocketPair {
    var ends: (Int32, Int32) = (-1, -1)
    let result = unsafe withUnsafeMutablePointer(to: &ends) { ends in
      unsafe ends.withMemoryRebound(to: Int32.self, capacity: 2) { unsafe e7_unix_pair($0) }
    }
    _ = try check(result, "socketpair")
    return SocketPair(
      first: FileDescriptor(owning: ends.0), second: FileDescriptor(owning: ends.1))
  }

  /// Asks for the sender's credentials with each datagram: SO_PASSCRED.
  ///
  /// Must be on before the peer sends; what was sent before carries none.
  package static func passCredentials(_ socket: borrowing FileDescriptor) throws(SystemError) {
    _ = try check(e7_pass_credentials(socket.raw), "setsockopt SO_PASSCRED")
  }

  /// Sends one datagram with one descriptor, which stays open here; false when the queue is full.
  ///
  /// Fails as without one.
  package static func send(
    _ socket: borrowing FileDescriptor, _ bytes: [UInt8], passing: borrowing FileDescriptor
  ) throws(SystemError) -> Bool {
    guard !bytes.isEmpty else { throw SystemError("sendmsg", errno: EINVAL) }
    return try passed(
      unsafe e7_send_passing(socket.raw, bytes, bytes.count, passing.raw), "sendmsg")
  }
}

extension FileDescriptor {
  /// A second descriptor of the same file, close-on-exec.
  package borrowing func duplicate() throws(SystemError) -> FileDescriptor {
    FileDescriptor(owning: try check(e7_duplicate(raw), "fcntl"))
  }
}
