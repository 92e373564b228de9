// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules

/// The answer that one console is being given.
///
/// It is fetched in parts and handed to the outbox as that has room, so that a console holds no
/// more of it than one part.
struct Answer {
  /// How the console wants it.
  enum Form {
    /// Messages that repeat this sequence number.
    case messages(UInt32)
    /// Lines; of rules only those that the filter holds.
    case lines(Filter)
  }

  /// Whose turn it is.
  enum Turn {
    /// Ours, to ask the next question.
    case ask
    /// Ours, to fetch the next part of the question that is asked.
    case pull
    /// The kernel's.
    case kernel
  }

  let form: Form
  /// What is still to be asked; the first one is being answered unless it is our turn to ask.
  var questions: ArraySlice<Question>
  var turn = Turn.ask
  /// What waits for room in the outbox.
  var rows: ArraySlice<[UInt8]> = []
  /// Whether a row of the question has gone to the outbox, from where none can be taken back.
  var isOut = false
  /// Numbers of held flows that are still to be listed: one may be over before there is room.
  var held: ArraySlice<UInt64> = []
  /// Whether this is told without a question, and has no end.
  var isTold = false
  /// How often the question was asked again because of a change.
  var repeats = 0
  /// The ruleset generation as the list began.
  var generation: UInt64?
  /// Why it was given up, where it was.
  var refusal: Refusal?

  /// A list that changes faster than this many times before its first row is out is given up.
  static let mostRepeats = 8

  init(_ form: Form, _ questions: [Question]) {
    self.form = form
    self.questions = questions[...]
  }

  /// The line or message for what the kernel said, nil where the console is not to see it.
  mutating func row(_ row: KernelRow) -> [UInt8]? {
    switch (row, form) {
    case (.status(let status), _) where questions.count > 1:
      generation = status.generation
      return nil
    case (.status(let status), .messages(let sequence)):
      return Message.encode(.status, sequence: sequence, status.write)
    case (.status(let status), .lines):
      return status.confirmSeconds.map { Line.encode(Listing.trial($0)) }
    case (.flag(let value), .messages(let sequence)):
      return Message.encode(.flagGet, sequence: sequence, value.write)
    case (.flag(let value), .lines):
      return Line.encode(Listing.flag(value))
    case (.rule(let rule), .messages(let sequence)):
      return Message.encode(ruleType, sequence: sequence, rule.write)
    case (.rule(let rule), .lines(let filter)):
      return filter.holds(rule) ? Line.encode(Listing.rule(rule)) : nil
    case (.statistic(let value), .messages(let sequence)):
      return Message.encode(.statGet, sequence: sequence, value.write)
    case (.statistic(let value), .lines):
      return Line.encode(Listing.statistic(value))
    }
  }

  /// The line or message for a held flow.
  func row(_ event: Event) -> [UInt8] {
    switch form {
    case .messages(let sequence):
      Message.encode(.event, sequence: sequence, event.write)
    case .lines:
      isTold ? Line.event(event) : Line.question(event)
    }
  }

  /// The type of a message that carries a rule: that of its question.
  private var ruleType: MessageType {
    if case .why? = questions.first { .why } else { .ruleGet }
  }

  /// Has the first question answered anew.
  mutating func repeatQuestion() {
    // The generation is that of the list only where it is asked for before the list.
    if generation != nil { questions = [.status] + questions }
    generation = nil
    repeats += 1
    turn = .ask
  }

  /// Asks nothing more and ends with `why`.
  mutating func giveUp(_ why: Refusal) {
    refusal = why
    questions = []
    rows = []
    held = []
    turn = .ask
  }

  /// The last message or line, nil where there is none.
  var end: [UInt8]? {
    if isTold { return nil }
    return switch form {
    case .messages(let sequence):
      Message.encode(
        .done, sequence: sequence,
        (refusal?.outcome ?? Outcome(generation: generation)).write)
    case .lines:
      refusal?.line ?? Line.ok
    }
  }
}
