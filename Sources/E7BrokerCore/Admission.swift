// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema

/// Counts consoles by user, and says who may open one more.
///
/// Users other than root together never hold the last `Limit.connectionsForRoot`, so that root can
/// look whatever they do.
struct Admission {
  private var byUser: [UInt32: Int] = [:]
  private var all = 0

  /// Why `uid` may not open one more console, or nil.
  func refusal(uid: UInt32) -> Refusal? {
    let own = byUser[uid] ?? 0
    guard own < Limit.connectionsPerUid else {
      return Refusal(.quota, "\(own) consoles of user \(uid) are open, as many as one may have")
    }
    let others = all - (byUser[0] ?? 0)
    let isFull =
      all >= Limit.connections
      || uid != 0 && others >= Limit.connections - Limit.connectionsForRoot
    guard !isFull else {
      return Refusal(.quota, "\(all) consoles are open, as many as there may be")
    }
    return nil
  }

  mutating func opened(uid: UInt32) {
    byUser[uid, default: 0] += 1
    all += 1
  }

  mutating func closed(uid: UInt32) {
    guard let own = byUser[uid] else { return }
    byUser[uid] = own > 1 ? own - 1 : nil
    all -= 1
  }
}
