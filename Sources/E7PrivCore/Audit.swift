// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7System

/// A line for administrators to find later.
public struct AuditLine: Sendable {
  /// What it says.
  public let text: [UInt8]
  /// Whether it tells of a refusal.
  public let isRefusal: Bool
}

/// Where such lines are written.
public protocol Journal: AnyObject {
  /// Writes lines, in this order; false where it could not write all.
  func write(_ lines: [AuditLine]) -> Bool
}

/// What is told of edits: a line before each and one after it, and of refusals no more than some a
/// second, with the number of those left out.
struct Audit {
  /// What an edit could not be told before it is not done.
  static let silent = Outcome(
    Errno.inputOutput, "the log cannot be written, and nothing is done unseen; see to it first")

  private let journal: any Journal
  private var pace: Pace
  private var leftOut = 0
  /// What came of edits, not written yet, so that many are written at once.
  private var waiting: [AuditLine] = []

  init(_ journal: any Journal, now: UInt64) {
    self.journal = journal
    pace = Pace(perSecond: Limit.refusalsPerSecond, now: now)
  }

  /// Who asks, as the kernel vouches for it: the effective user who made the lane, and the real
  /// one who sends.
  static func who(_ maker: Credentials, _ sender: Credentials?) -> [UInt8] {
    let real = sender ?? maker
    return Array(
      "uid=\(maker.uid) ruid=\(real.uid) gid=\(maker.gid) pid=\(maker.pid) ".utf8)
  }

  /// Tells what is about to be done; false where that could not be told.
  mutating func before(_ who: [UInt8], _ all: [[UInt8]], _ generation: UInt64?) -> Bool {
    let end = Array(": begins\(generation.map { " generation=\($0)" } ?? "")".utf8)
    for what in all { waiting.append(AuditLine(text: who + what + end, isRefusal: false)) }
    return flush()
  }

  /// Writes what waits.
  @discardableResult mutating func flush() -> Bool {
    guard !waiting.isEmpty else { return true }
    defer { waiting = [] }
    return journal.write(waiting)
  }

  /// Tells what came of it.
  mutating func after(
    _ who: [UInt8], _ what: [UInt8], _ outcome: Outcome, from generation: UInt64?, now: UInt64
  ) {
    var line = who + what + [58, 32]
    if outcome.error == 0 {
      line += Array("done".utf8)
    } else {
      let name = SystemError.name(Int32(truncatingIfNeeded: outcome.error))
      line += Array("refused: \(name) ".utf8) + outcome.text
    }
    if let id = outcome.id { line += Array(" id=\(id)".utf8) }
    if let generation { line += Array(" before=\(generation)".utf8) }
    if let generation = outcome.generation { line += Array(" generation=\(generation)".utf8) }
    guard outcome.error != 0 else {
      waiting.append(AuditLine(text: line, isRefusal: false))
      return
    }
    if pace.admits(now: now) {
      tellLeftOut()
      waiting.append(AuditLine(text: line, isRefusal: true))
    } else {
      leftOut += 1
    }
  }

  /// Tells how many refusals were left out, once there is room for it again.
  mutating func settle(now: UInt64) {
    if leftOut > 0, pace.admits(now: now) { tellLeftOut() }
    flush()
  }

  private mutating func tellLeftOut() {
    guard leftOut > 0 else { return }
    waiting.append(
      AuditLine(text: Array("\(leftOut) more refusals were left out".utf8), isRefusal: true))
    leftOut = 0
  }
}
