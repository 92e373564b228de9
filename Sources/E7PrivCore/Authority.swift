// SPDX-License-Identifier: GPL-2.0-or-later

/// Who may edit: root, and members of one group.
package struct Authority: Equatable, Sendable {
  /// The group `e7-admin`; nil where this machine has none, or where it is root's.
  private let adminGroup: UInt32?

  package init(adminGroup: UInt32?) { self.adminGroup = adminGroup == 0 ? nil : adminGroup }

  /// Whether who made a lane may edit; nobody whom the kernel does not name may.
  func admits(_ maker: Credentials?, over lane: borrowing FileDescriptor) -> Bool {
    guard let maker else { return false }
    if maker.uid == 0 { return true }
    guard let adminGroup else { return false }
    return maker.gid == adminGroup || e7_peer_is_in(lane.raw, adminGroup) == 1
  }

  /// Whether a message comes from who made its lane.
  ///
  /// `maker` has the effective user of then, `sender` the real user of now: a set-user-id program
  /// and a borrowed descriptor both show as a difference.
  static func agrees(_ sender: Credentials?, with maker: Credentials) -> Bool {
    guard let sender, maker.pid > 0 else { return false }
    return sender.pid == maker.pid && sender.uid == maker.uid
  }
}

/// How many messages a second somebody may send: a bucket that holds one second's worth.
struct Pace {
  private let perSecond: UInt64
  /// Thousandths of messages that may still be sent.
  private var left: UInt64
  private var last: UInt64

  init(perSecond: Int, now: UInt64) {
    self.perSecond = UInt64(perSecond)
    (left, last) = (self.perSecond * 1000, now)
  }

  /// Whether a message may be sent at `now` milliseconds; counts it if so.
  mutating func admits(now: UInt64) -> Bool {
    left = min(perSecond * 1000, left + min(now - min(now, last), 1000) * perSecond)
    last = max(last, now)
    if left < 1000 { return false }
    left -= 1000
    return true
  }
}
