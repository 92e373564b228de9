// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Lane
import E7PrivCore
import E7System

/// One lane's socket and what it has not taken yet.
final class LaneSocket {
  let id: UInt64
  let socket: FileDescriptor
  private var outbox: [[UInt8]] = []
  /// When the peer stopped taking its answers, in milliseconds.
  private var stalled: UInt64?
  private var closes = false

  init(id: UInt64, _ socket: consuming FileDescriptor) {
    self.id = id
    self.socket = socket
  }

  /// What to wait for: nothing is read from a peer that does not take its answers.
  var interest: Interest { outbox.isEmpty ? .input : .output }

  /// Whether the peer has not taken its answers for longer than it may.
  func isStalled(now: UInt64) -> Bool {
    guard let stalled else { return false }
    return now >= stalled + UInt64(Limit.stallMilliseconds)
  }

  /// Sends what the desk answers; false when the lane is to be closed.
  func react(_ reaction: Reaction, now: UInt64) -> Bool {
    outbox += reaction.replies
    closes = closes || reaction.closes
    return flush(now: now)
  }

  /// Sends what waits; false when the lane is to be closed.
  func flush(now: UInt64) -> Bool {
    var sent = 0
    do throws(SystemError) {
      while sent < outbox.count, try SequencedSocket.send(socket, outbox[sent]) { sent += 1 }
    } catch {
      return false
    }
    outbox.removeFirst(sent)
    stalled = outbox.isEmpty ? nil : stalled ?? now
    return !closes || !outbox.isEmpty
  }
}
