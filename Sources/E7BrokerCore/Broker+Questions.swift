// SPDX-License-Identifier: GPL-2.0-or-later
import E7Rules

extension Broker {
  /// Tells events and notices from now on, after the questions that wait already.
  mutating func subscribe(_ session: Session, at now: UInt64) {
    session.isSubscribed = true
    let form: Answer.Form = session.speech == .lines ? .lines(Filter()) : .messages(0)
    var answer = heldFlows(form, of: session, at: now)
    guard !answer.held.isEmpty else { return }
    answer.isTold = true
    session.answer = answer
  }

  /// The answer that lists the held flows which this console may see.
  func heldFlows(_ form: Answer.Form, of session: Session, at now: UInt64) -> Answer {
    var answer = Answer(form, [])
    answer.held = held.questions(at: now) { session.sees(owner: $0) }[...]
    return answer
  }
}
