// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
import E7Lane
public import E7System
import E7Text

/// Where lines are written that administrators are to find later.
public protocol Journal: AnyObject {
  /// Writes lines, in this order, those of refusals as warnings; false where it could not write all.
  func write(_ lines: [Log.Line]) -> Bool
}

/// What is told of edits: a line before each and one after it, and of refusals no more than some a
/// second, with the number of those left out.
struct Audit {
  /// What an edit could not be told before it is not done.
  static let silent = Outcome(
    EIO, "the log cannot be written, and nothing is done unseen; see to it first")

  private let journal: any Journal
  private var pace: Pace
  private var leftOut = 0
  /// What came of edits, not written yet, so that many are written at once.
  private var waiting: [Log.Line] = []

  init(_ journal: any Journal, now: UInt64) {
    self.journal = journal
    pace = Pace(perSecond: Limit.refusalsPerSecond, now: now)
  }

  /// Who asks, as the kernel vouches for it: the effective user who made the lane, and the real
  /// one who sends.
  static func who(_ maker: Credentials, _ sender: Credentials?) -> Phrase {
    let real = sender ?? maker
    return "uid=\(maker.uid) ruid=\(real.uid) gid=\(maker.gid) pid=\(maker.pid) "
  }

  /// Tells what is about to be done, once `flush` has written it.
  mutating func before(_ who: Phrase, _ what: Phrase, _ generation: UInt64?) {
    wait(
      generation.map { "\(who)\(what): begins generation=\($0)" } ?? "\(who)\(what): begins",
      isRefusal: false)
  }

  /// Writes what waits; false where it could not be told.
  @discardableResult mutating func flush() -> Bool {
    guard !waiting.isEmpty else { return true }
    defer { waiting = [] }
    return journal.write(waiting)
  }

  /// Tells what came of it.
  mutating func after(
    _ who: Phrase, _ what: Phrase, _ outcome: Outcome, from generation: UInt64?, now: UInt64
  ) {
    var line: Phrase = "\(who)\(what): "
    if outcome.error == 0 {
      line += "done"
    } else {
      let name = SystemError.symbol(Int32(truncatingIfNeeded: outcome.error))
      line += "refused: \(name) \(outcome.text)"
    }
    if let id = outcome.id { line += " id=\(id)" }
    if let generation { line += " before=\(generation)" }
    if let generation = outcome.generation { line += " generation=\(generation)" }
    if outcome.error == 0 {
      wait(line, isRefusal: false)
    } else if pace.admits(now: now) {
      tellLeftOut()
      wait(line, isRefusal: true)
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
    wait("\(leftOut) more refusals were left out", isRefusal: true)
    leftOut = 0
  }

  private mutating func wait(_ line: Phrase, isRefusal: Bool) {
    waiting.append(Log.Line(isRefusal ? .warning : .notice, line.bytes))
  }
}
