// SPDX-License-Identifier: GPL-2.0-or-later

/// Who a process is, in the reader's namespaces: `struct ucred` of unix(7).
public struct Credentials: Equatable, Sendable {
  /// Process id; 0 where the process is not visible from here.
  public let pid: Int32
  /// User id.
  public let uid: UInt32
  /// Group id.
  public let gid: UInt32

  /// The credentials of a process.
  public init(pid: Int32, uid: UInt32, gid: UInt32) {
    self.pid = pid
    self.uid = uid
    self.gid = gid
  }

  init(_ raw: e7_credentials) { self.init(pid: raw.pid, uid: raw.uid, gid: raw.gid) }
}
