// SPDX-License-Identifier: GPL-2.0-or-later

/// One lane: who made it, and the answers that it has not taken yet.
package final class Lane {
  package let socket: FileDescriptor
  let maker: Credentials
  private let opened: UInt64
  /// What the first message is answered with, where the lane serves nobody.
  let refusal: Outcome?
  var pace: Pace
  /// Whether it ends once its answers are taken.
  var closes = false
  /// Messages, one behind the other.
  private var outbox: [UInt8] = []
  /// When the peer stopped taking its answers, in milliseconds.
  private var stalled: UInt64?

  init(_ socket: consuming FileDescriptor, _ maker: Credentials, _ refusal: Outcome?, now: UInt64) {
    self.socket = socket
    self.maker = maker
    self.refusal = refusal
    opened = now
    pace = Pace(perSecond: Limit.laneMessagesPerSecond, now: now)
  }

  /// Nothing is read from a peer that does not take its answers.
  package var reads: Bool { outbox.isEmpty }

  /// Whether the peer has not taken its answers, or has not asked for its refusal, for longer than
  /// it may.
  package func isOverdue(now: UInt64) -> Bool {
    if let stalled, now >= stalled + UInt64(Limit.stallMilliseconds) { return true }
    return refusal != nil && now >= opened + UInt64(Limit.helloMilliseconds)
  }

  func answer(_ message: [UInt8]) { outbox += message }

  /// Sends what waits; false when the lane is to be closed.
  package func flush(now: UInt64) -> Bool {
    while !outbox.isEmpty {
      let size = Int(outbox.hostU32(at: 16))
      guard let isSent = try? SequencedSocket.send(socket, Array(outbox.prefix(size))) else {
        return false
      }
      guard isSent else {
        stalled = stalled ?? now
        return true
      }
      outbox.removeFirst(size)
    }
    stalled = nil
    return !closes
  }
}
