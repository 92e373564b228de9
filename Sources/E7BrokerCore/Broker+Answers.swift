// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

extension Broker {
  /// A part of what was asked for this console has come.
  package mutating func answered(_ id: ConsoleID, _ part: KernelPart, at now: UInt64) {
    guard let session = sessions[id], session.answer?.turn == .kernel else { return }
    take(session, part, at: now)
    settle(session, at: now)
  }

  func begin(_ session: Session, _ answer: Answer) {
    session.answer = answer
    if isModuleMissing { session.answer?.giveUp(Broker.refusal(module)) }
  }

  private mutating func take(_ session: Session, _ part: KernelPart, at now: UInt64) {
    guard var answer = session.answer else { return }
    if part.interrupted {
      guard !answer.isOut, answer.repeats < Answer.mostRepeats else {
        giveUp(
          session, Refusal(.tryAgain, "the rules changed while they were listed; ask again"),
          forgetting: part.state == .more)
        return
      }
      if part.state == .more { effects.append(.forget(session.id)) }
      answer.repeatQuestion()
      session.answer = answer
      return
    }
    var rows: [[UInt8]] = []
    for row in part.rows {
      if let row = answer.row(row) { rows.append(row) }
    }
    answer.rows = rows[...]
    switch part.state {
    case .more:
      answer.turn = .pull
    case .done:
      answer.questions.removeFirst()
      answer.turn = .ask
    case .gone:
      lost(at: now)
      giveUp(session, Broker.refusal(module), forgetting: false)
      return
    case .failed(let error, let text):
      let text = String(decoding: text, as: UTF8.self)
      complain(about: session, "a question to module e7 failed: " + text, at: now)
      giveUp(session, Refusal(kernel: UInt32(max(1, error)), text: text), forgetting: false)
      return
    }
    session.answer = answer
  }

  mutating func giveUp(_ session: Session, _ refusal: Refusal, forgetting: Bool) {
    guard session.answer != nil, session.answer?.refusal == nil else { return }
    session.answer?.giveUp(refusal)
    if forgetting { effects.append(.forget(session.id)) }
  }

  /// Moves what there is of an answer to the outbox, asks for more, and looks at the next line.
  mutating func advance(_ session: Session, at now: UInt64) {
    while true {
      if session.answer != nil {
        guard advanceAnswer(session, at: now) else { return }
      } else if !session.lines.isEmpty, session.lane == nil, !session.isClosing,
        session.outbox.isHalfEmpty, !rates.isPaused(session.uid)
      {
        nextLine(session, at: now)
      } else {
        return
      }
    }
  }

  /// Whether the answer came to its end.
  private mutating func advanceAnswer(_ session: Session, at now: UInt64) -> Bool {
    while session.outbox.isHalfEmpty, let question = session.answer?.held.popFirst() {
      guard let event = held.event(question, at: now), let row = session.answer?.row(event)
      else { continue }
      session.outbox.append(row)
    }
    while session.outbox.isHalfEmpty, let row = session.answer?.rows.popFirst() {
      session.answer?.isOut = true
      session.outbox.append(row)
    }
    guard let answer = session.answer, answer.rows.isEmpty, answer.held.isEmpty,
      session.outbox.isHalfEmpty
    else {
      return false
    }
    switch answer.turn {
    case .kernel:
      return false
    case .pull:
      session.answer?.turn = .kernel
      effects.append(.pull(session.id))
      return false
    case .ask:
      if let question = answer.questions.first {
        session.answer?.turn = .kernel
        session.answer?.isOut = false
        effects.append(.ask(session.id, question))
        return false
      }
      if let end = answer.end { session.outbox.append(end) }
      session.answer = nil
      return true
    }
  }
}
