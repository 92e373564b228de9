// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema

/// A token bucket a user: `Limit.messagesPerSecond` messages a second, as many at once.
///
/// A user without a token is paused: none of the user's consoles is read until a tenth of a second's
/// worth has come in, so that a flood costs the broker ten wake-ups a second and not one a message.
/// A bucket outlives its user's consoles until it is full, or else connecting again would fill it.
struct RateLimiter {
  private struct Bucket {
    /// Thousandths of a message.
    var level: Int
    /// When `level` was right, in milliseconds.
    var time: UInt64
    var paused = false
  }

  private static let full = Limit.messagesPerSecond * 1000
  private static let resume = full / 10
  private var buckets: [UInt32: Bucket] = [:]

  /// Users whose consoles are not read.
  private(set) var paused: Set<UInt32> = []

  /// Whether the consoles of `uid` are not read.
  func isPaused(_ uid: UInt32) -> Bool { paused.contains(uid) }

  /// Takes one message's token; true when that was the last, and the user is paused from now on.
  mutating func take(_ uid: UInt32, at now: UInt64) -> Bool {
    var bucket = refilled(buckets[uid] ?? Bucket(level: RateLimiter.full, time: now), at: now)
    bucket.level = max(0, bucket.level - 1000)
    let ends = bucket.level < 1000 && !bucket.paused
    if ends {
      bucket.paused = true
      paused.insert(uid)
    }
    buckets[uid] = bucket
    return ends
  }

  /// Users that are paused no longer.
  mutating func tick(at now: UInt64) -> [UInt32] {
    var resumed: [UInt32] = []
    for (uid, bucket) in buckets {
      var bucket = refilled(bucket, at: now)
      if bucket.paused && bucket.level >= RateLimiter.resume {
        bucket.paused = false
        paused.remove(uid)
        resumed.append(uid)
      }
      buckets[uid] = bucket.level >= RateLimiter.full ? nil : bucket
    }
    return resumed.sorted()
  }

  /// When the first paused user is paused no longer.
  var deadline: UInt64? {
    paused.compactMap { uid in
      guard let bucket = buckets[uid] else { return nil }
      let missing = max(0, RateLimiter.resume - bucket.level)
      let rate = Limit.messagesPerSecond
      return bucket.time + UInt64((missing + rate - 1) / rate)
    }.min()
  }

  /// Buckets that are kept.
  var count: Int { buckets.count }

  private func refilled(_ bucket: Bucket, at now: UInt64) -> Bucket {
    guard now > bucket.time else { return bucket }
    var bucket = bucket
    // A second fills any bucket; more would overflow for a clock that jumps.
    let elapsed = Int(min(now - bucket.time, 1000))
    bucket.level = min(RateLimiter.full, bucket.level + elapsed * Limit.messagesPerSecond)
    bucket.time = now
    return bucket
  }
}
