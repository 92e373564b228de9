// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import Testing

@testable import E7BrokerCore

@Suite struct OutboxTests {
  @Test func admitsSoManyMessages() {
    var outbox = Outbox()
    for _ in 0..<Limit.outboxMessages - 1 { outbox.append([1]) }
    #expect(outbox.admits(1))
    outbox.append([1])
    #expect(!outbox.admits(1))
    outbox.removeFirst(1)
    #expect(outbox.admits(1))
  }

  @Test(arguments: [Limit.outboxBytes - 1, Limit.outboxBytes, Limit.outboxBytes + 1])
  func admitsSoManyBytes(sum: Int) {
    var outbox = Outbox()
    outbox.append([UInt8](repeating: 0, count: 1000))
    #expect(outbox.admits(sum - 1000) == (sum <= Limit.outboxBytes))
  }

  @Test func isHalfEmptyBelowHalfOfBoth() {
    var outbox = Outbox()
    for _ in 0..<Limit.outboxMessages / 2 - 1 { outbox.append([1]) }
    #expect(outbox.isHalfEmpty)
    outbox.append([1])
    #expect(!outbox.isHalfEmpty)
    outbox = Outbox()
    outbox.append([UInt8](repeating: 0, count: Limit.outboxBytes / 2 - 1))
    #expect(outbox.isHalfEmpty)
    outbox.append([1])
    #expect(!outbox.isHalfEmpty)
  }

  @Test func keepsOrderAndCount() {
    var outbox = Outbox()
    var model: [[UInt8]] = []
    for step in 0..<20_000 {
      // Mostly growing, then mostly shrinking, so that it is empty and full time and again.
      if step % 3 == (step / 700 % 2 == 0 ? 2 : 0) || step % 3 == 1 && step / 700 % 2 == 1 {
        let taken = min(model.count, 1 + step % 3)
        model.removeFirst(taken)
        outbox.removeFirst(taken)
      } else {
        let message = [UInt8](repeating: UInt8(truncatingIfNeeded: step), count: 1 + step % 7)
        model.append(message)
        outbox.append(message)
      }
      #expect(outbox.message(at: 0) == model.first)
      #expect(outbox.count == model.count && outbox.isEmpty == model.isEmpty)
      #expect(outbox.bytes == model.reduce(0) { $0 + $1.count })
    }
    #expect(outbox.message(at: outbox.count) == nil)
    outbox.removeFirst(outbox.count)
    #expect(outbox.bytes == 0)
  }
}

@Suite struct ComplaintsTests {
  @Test func oneASecondAboutEachUser() {
    var complaints = Complaints()
    let said: [(UInt32, UInt64)] = [(1, 5000), (1, 5999), (2, 5999), (1, 6000), (1, 8000)]
    let lines = said.map { uid, now in complaints.line(about: uid, "x", at: now) }
    #expect(
      lines == [
        "user 1: x", nil, "user 2: x", "user 1: x (and 1 lines left out)", "user 1: x",
      ])
  }

  @Test func forgetsUsers() {
    var complaints = Complaints()
    for uid in 0..<1000 { _ = complaints.line(about: UInt32(uid), "x", at: 0) }
    complaints.tick(at: 60_999)
    #expect(complaints.count == 1000)
    complaints.tick(at: 61_000)
    #expect(complaints.count == 0)
  }
}

@Suite struct RateLimiterTests {
  @Test func forgetsFullBuckets() {
    var rates = RateLimiter()
    for uid in 0..<100 { _ = rates.take(UInt32(uid), at: 0) }
    #expect(rates.count == 100)
    _ = rates.tick(at: 4)
    #expect(rates.count == 100)
    _ = rates.tick(at: 5)
    #expect(rates.count == 0)
  }

  @Test func aClockThatJumpsFillsOnce() {
    var rates = RateLimiter()
    _ = rates.take(1, at: 0)
    let ends = (0..<Limit.messagesPerSecond).map { _ in rates.take(1, at: .max) }
    #expect(ends.firstIndex(of: true) == Limit.messagesPerSecond - 1)
    #expect(rates.isPaused(1))
  }
}
