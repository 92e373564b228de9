// SPDX-License-Identifier: GPL-2.0-or-later
public import E7System

/// Who may edit: root, and members of one group.
public struct Authority: Equatable, Sendable {
  /// The group `e7-admin`; nil where this machine has none, or where it is root's.
  public let adminGroup: UInt32?

  /// Authority of root and, where there is one, of a group.
  public init(adminGroup: UInt32?) {
    self.adminGroup = adminGroup == 0 ? nil : adminGroup
  }

  /// Whether who made a lane may edit; whoever the kernel does not name may not.
  public func admits(_ maker: Peer?) -> Bool {
    guard let maker else { return false }
    if maker.credentials.uid == 0 { return true }
    guard let adminGroup else { return false }
    return maker.credentials.gid == adminGroup || maker.groups.contains(adminGroup)
  }

  /// Whether a message comes from who made its lane.
  ///
  /// `maker` has the effective user of then, `sender` the real user of now: a set-user-id program
  /// and a borrowed descriptor both show as a difference.
  public static func agrees(_ sender: Credentials?, with maker: Credentials) -> Bool {
    guard let sender, maker.pid > 0 else { return false }
    return sender.pid == maker.pid && sender.uid == maker.uid
  }
}
