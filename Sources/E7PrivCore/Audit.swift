// SPDX-License-Identifier: GPL-2.0-or-later

/// What is told of edits: a line before each and one after it, and of refusals no more than some a
/// second, with the number of those left out.
package struct Audit {
  /// False where a line could not be added to the log.
  package typealias Write = (Log.Priority, Phrase) -> Bool

  /// What an edit could not be told before it is not done.
  static let silent = Outcome(
    EIO, "the log cannot be written, and nothing is done unseen; see to it first")

  private let write: Write
  private var pace: Pace
  private var leftOut = 0

  init(now: UInt64, _ write: @escaping Write) {
    self.write = write
    pace = Pace(perSecond: Limit.refusalsPerSecond, now: now)
  }

  /// Who asks, as the kernel vouches for it: the effective user who made the lane, the real who sends.
  static func who(_ maker: Credentials, _ sender: Credentials?) -> Phrase {
    let real = sender ?? maker
    return "uid=\(maker.uid) ruid=\(real.uid) gid=\(maker.gid) pid=\(maker.pid) "
  }

  /// Tells what is about to be done; false where it could not be told.
  func before(_ who: Phrase, _ what: Phrase, _ generation: UInt64?) -> Bool {
    var line: Phrase = "\(who)\(what): begins"
    if let generation { line += " generation=\(generation)" }
    return write(.notice, line)
  }

  /// Tells what came of it.
  mutating func after(
    _ who: Phrase, _ what: Phrase, _ outcome: Outcome, from generation: UInt64?, now: UInt64
  ) {
    var line: Phrase = "\(who)\(what): "
    if outcome.error == 0 {
      line += "done"
    } else {
      guard pace.admits(now: now) else { return leftOut += 1 }
      settle()
      let name = SystemError.symbol(Int32(truncatingIfNeeded: outcome.error))
      line += "refused: \(name) \(outcome.text)"
    }
    if let id = outcome.id { line += " id=\(id)" }
    if let generation { line += " before=\(generation)" }
    if let generation = outcome.generation { line += " generation=\(generation)" }
    _ = write(outcome.error == 0 ? .notice : .warning, line)
  }

  /// Tells how many refusals were left out, once there is room for it again.
  mutating func settle(now: UInt64) { if leftOut > 0, pace.admits(now: now) { settle() } }

  private mutating func settle() {
    if leftOut > 0 { _ = write(.warning, "\(leftOut) more refusals were left out") }
    leftOut = 0
  }
}
