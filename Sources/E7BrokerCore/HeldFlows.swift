// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

/// The flows that are held for an answer, as the kernel tells of them again and again.
///
/// One of which it tells no more is over, though its end was lost.
struct HeldFlows {
  private struct Flow {
    var event: Event
    /// When it was told last, in milliseconds.
    var told: UInt64
    /// When flag `fail` decides.
    var end: UInt64?

    func isOver(at now: UInt64) -> Bool { now >= told + HeldFlows.patience }
  }

  /// Milliseconds without a word after which a flow is forgotten.
  static let patience = UInt64(3 * Limit.askAgainMilliseconds)

  private var flows: [UInt64: Flow] = [:]

  /// Takes note of an event; false for a flow that was told before, and is only told again.
  mutating func isNews(_ event: Event, at now: UInt64) -> Bool {
    guard let question = event.question else { return true }
    switch event.kind {
    case .ask:
      let isNew = flows[question] == nil
      if isNew && flows.count >= Limit.askMost {
        flows = flows.filter { !$0.value.isOver(at: now) }
        // Told each time, which costs consoles more than it costs the broker.
        if flows.count >= Limit.askMost { return true }
      }
      let end = event.secondsLeft.map { now + UInt64($0) * 1000 }
      flows[question] = Flow(event: event, told: now, end: end)
      return isNew
    case .asked:
      flows[question] = nil
      return true
    case .norule, .drop, .accept:
      return true
    }
  }

  /// The numbers of those whose owner is seen, the lowest first.
  func questions(at now: UInt64, whose isSeen: (UInt32?) -> Bool) -> [UInt64] {
    var seen: [UInt64] = []
    for (question, flow) in flows where !flow.isOver(at: now) && isSeen(flow.event.uid) {
      seen.append(question)
    }
    return seen.sorted()
  }

  /// What was told of a flow, with the time that is left now; nil where it is over.
  func event(_ question: UInt64, at now: UInt64) -> Event? {
    guard let flow = flows[question], !flow.isOver(at: now) else { return nil }
    var event = flow.event
    event.secondsLeft = flow.end.map { end in
      UInt32(clamping: (max(end, now) - now + 999) / 1000)
    }
    return event
  }

  /// Flows that are remembered.
  var count: Int { flows.count }
}
