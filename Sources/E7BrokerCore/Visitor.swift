// SPDX-License-Identifier: GPL-2.0-or-later
package import E7IPC

/// Who connected, as the kernel vouches for it: SO_PEERCRED and SO_PEERGROUPS of unix(7).
package struct Visitor: Equatable, Sendable {
  /// Effective user id in the broker's user namespace.
  package let uid: UInt32
  /// Effective group id and the supplementary ones.
  package let groups: [UInt32]

  /// A visitor.
  package init(uid: UInt32, groups: [UInt32]) {
    self.uid = uid
    self.groups = groups
  }
}

/// The groups that give a role; nil where the machine has no such group.
package struct RoleGroups: Equatable, Sendable {
  /// `e7-admin`: may open a lane.
  package var admin: UInt32?
  /// `e7-view`: sees everybody's events.
  package var view: UInt32?

  /// These groups.
  package init(admin: UInt32?, view: UInt32?) {
    self.admin = admin
    self.view = view
  }

  /// What the broker lets a visitor do.
  package func role(of visitor: Visitor) -> Role {
    if visitor.uid == 0 { return .admin }
    if let admin, visitor.groups.contains(admin) { return .admin }
    if let view, visitor.groups.contains(view) { return .all }
    return .own
  }
}
