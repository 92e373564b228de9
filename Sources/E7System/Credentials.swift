// SPDX-License-Identifier: GPL-2.0-or-later

/// Who a process is, in the reader's namespaces, `struct ucred` of unix(7): `pid`, 0 where the
/// process is not visible from here, `uid` and `gid`.
public typealias Credentials = e7_credentials

extension e7_credentials: @retroactive Equatable {
  /// Whether both are the same in all.
  public static func == (one: Credentials, other: Credentials) -> Bool {
    one.pid == other.pid && one.uid == other.uid && one.gid == other.gid
  }
}
