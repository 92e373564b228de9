// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Loop
package import E7System

extension SequencedSocket {
  /// Connects to the listener at `path`, at most 107 bytes.
  ///
  /// Waits up to 5 s where the listener's queue is full, then fails with EAGAIN.
  package static func connect(path: [UInt8]) throws(SystemError) -> FileDescriptor {
    FileDescriptor(
      owning: try check(unsafe e7_unix_connect(path, path.count, 5000), "connect"))
  }

  /// A socket for datagrams to the one at `path`, where a service manager holds it for who reads them.
  package static func aim(path: [UInt8]) throws(SystemError) -> FileDescriptor {
    FileDescriptor(owning: try check(unsafe e7_unix_aim(path, path.count), "connect"))
  }

  /// Accepts whoever waits first; nil when nobody waits or who did has gone.
  ///
  /// The listener must be ready for input: a blocking listener blocks otherwise.
  package static func accept(
    _ listener: borrowing FileDescriptor
  ) throws(SystemError) -> FileDescriptor? {
    let result = e7_unix_accept(listener.raw)
    return try passed(Int64(result), "accept") ? FileDescriptor(owning: result) : nil
  }
}
