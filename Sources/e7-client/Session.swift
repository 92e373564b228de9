// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Console
import E7IPC
import E7Rules
import E7System

/// What one run of the client does with the suite; it survives a broker or e7-priv that starts
/// anew.
final class Session {
  /// Milliseconds in which a connection that was lost is made again.
  static let patience: UInt64 = 5000

  /// Whether events and notices are wanted.
  private(set) var isSubscribed = false

  /// For those who wait for input; nil while there is no connection.
  var raw: Int32? { broker?.raw }

  private let path: String
  private var broker: BrokerConnection?
  private var lane: Lane?
  private var kept: [Told] = []

  /// Called once when a connection is lost, and once when there is one again.
  var connectionChanged: (_ isLost: Bool) -> Void = { _ in }

  /// A session with the suite at this socket.
  init(path: String) { self.path = path }

  /// One flag, or all.
  func flags(_ flag: Flag?) throws(Failure) -> [FlagValue] {
    try persist { (broker) throws(LinkError) in
      var flags: [FlagValue] = []
      let outcome = try broker.ask(.flagGet) { writer in
        if let flag { writer.u8(.flag, UInt8(flag.rawValue)) }
      } each: { (type, reader) throws(DecodeError) in
        guard type == .flagGet else { throw .unknownType(type.rawValue) }
        flags.append(try FlagValue(&reader))
      }
      try outcome.check()
      return flags
    }
  }

  /// All statistics.
  func statistics() throws(Failure) -> [StatisticValue] {
    try persist { (broker) throws(LinkError) in
      var values: [StatisticValue] = []
      let outcome = try broker.ask(.statGet) { _ in
      } each: { (type, reader) throws(DecodeError) in
        guard type == .statGet else { throw .unknownType(type.rawValue) }
        values.append(try StatisticValue(&reader))
      }
      try outcome.check()
      return values
    }
  }

  /// The flows that are held for an answer, and how the list ended.
  func questions() throws(Failure) -> ([Event], Outcome) {
    try persist { (broker) throws(LinkError) in
      var events: [Event] = []
      let outcome = try broker.ask(.questions) { _ in
      } each: { (type, reader) throws(DecodeError) in
        guard type == .event else { throw .unknownType(type.rawValue) }
        events.append(try Event(&reader))
      }
      try outcome.check()
      return (events, outcome)
    }
  }

  private static func status(_ broker: BrokerConnection) throws(LinkError) -> Status {
    var status: Status?
    let outcome = try broker.ask(.status) { _ in
    } each: { (type, reader) throws(DecodeError) in
      guard type == .status else { throw .unknownType(type.rawValue) }
      status = try Status(&reader)
    }
    try outcome.check()
    guard let status else {
      throw .failed(Failure(.failed, "the suite gave no answer to STATUS"))
    }
    return status
  }

  /// What the suite says of the module, and of what it is under itself.
  func status() throws(Failure) -> Status {
    try persist { (broker) throws(LinkError) in try Session.status(broker) }
  }

  /// The rules that match a flow, the one that decides first, and how the list ended.
  func why(_ flow: Flow) throws(Failure) -> ([Rule], Outcome) {
    try list(.why, Filter(), flow.write)
  }

  /// The rules in force that the filter holds, most specific first, and how the list ended.
  func rules(_ filter: Filter) throws(Failure) -> ([Rule], Outcome) {
    try list(.ruleGet, filter) { _ in }
  }

  private func list(
    _ question: MessageType, _ filter: Filter, _ body: (inout AttributeWriter) -> Void
  ) throws(Failure) -> ([Rule], Outcome) {
    try persist { (broker) throws(LinkError) in
      var rules: [Rule] = []
      let outcome = try broker.ask(question, body) { (type, reader) throws(DecodeError) in
        guard type == question else { throw .unknownType(type.rawValue) }
        let rule = try Rule(&reader)
        if filter.holds(rule) { rules.append(rule) }
      }
      try outcome.check()
      return (rules, outcome)
    }
  }

  /// Wants events from now on, and connects where there is no connection yet.
  func subscribe() throws(Failure) {
    let isConnected = broker != nil
    isSubscribed = true
    try persist { (broker) throws(LinkError) in
      // A connection that is made now subscribes by itself.
      if isConnected { try broker.ask(.subscribe).check() }
    }
  }

  /// Wants no more events.
  func unsubscribe() throws(Failure) {
    isSubscribed = false
    try persist { (broker) throws(LinkError) in try broker.ask(.unsubscribe).check() }
  }

  /// What was told, without waiting; makes the connection again where it was lost.
  func told() throws(Failure) -> [Told] {
    try persist { (broker) throws(LinkError) in try broker.drain() }
    kept += broker?.takeTold() ?? []
    defer { kept = [] }
    return kept
  }

  /// Has e7-priv save the rules that are of this generation, as this text.
  func save(_ text: [UInt8], generation: UInt64) throws(Failure) -> Outcome {
    let lane = try persist { (broker) throws(LinkError) in try self.lane(through: broker) }
    var start = 0
    while true {
      let end = min(text.count, start + Limit.part)
      let part = SavePart(
        Array(text[start..<end]), generation: end == text.count ? generation : nil)
      let outcome = try settle("the rules file is as it was, or saved") {
        () throws(LinkError) in try lane.outcome(of: try lane.send(part))
      }
      start = end
      if part.generation != nil { return outcome }
    }
  }

  /// Asks for one change.
  func edit(_ edit: Edit) throws(Failure) -> Outcome {
    let (lane, sequence) = try persist { (broker) throws(LinkError) in
      // What somebody else adds meanwhile must not go with the rest.
      let guarded =
        edit == .clear(nil, generation: nil)
        ? edit.guarded(by: try Session.status(broker).generation) : edit
      let lane = try self.lane(through: broker)
      return (lane, try lane.send(guarded))
    }
    return try settle("outcome unknown") { () throws(LinkError) in
      try lane.outcome(of: sequence)
    } lost: { () throws(Failure) in
      try self.aftermath(of: edit)
    }
  }

  /// Asks for edits that take effect together or not at all; with `replacing` they begin from no
  /// rules instead of those in force, with `confirm` they go back after so many seconds unless they
  /// are confirmed.
  ///
  /// `at` is told each line before its failure could come, and nil before that of all together.
  func change(
    _ lines: [Script.Line], replacing: Bool = false, confirm: UInt32? = nil,
    at: (Script.Line?) -> Void
  ) throws(Failure) -> Outcome {
    let (lane, generation) = try persist { (broker) throws(LinkError) in
      // With its generation the kernel refuses to replace what somebody changes meanwhile.
      let generation = try Session.status(broker).generation
      let lane = try self.lane(through: broker)
      let begin = try lane.send(
        .begin(replace: replacing, generation: replacing ? generation : nil))
      try lane.outcome(of: begin).check()
      return (lane, generation)
    }
    do throws(Failure) {
      try collect(lines, lane, generation, at: at)
    } catch {
      // A lane that was lost takes the edits with it that e7-priv has collected.
      if self.lane != nil {
        do throws(LinkError) { try lane.abort() } catch { self.lane = nil }
      }
      throw error
    }
    at(nil)
    return try settle("outcome unknown") { () throws(LinkError) in
      try lane.outcome(of: try lane.send(.commit(confirm: confirm)))
    } lost: { () throws(Failure) in
      try self.aftermath(of: lines.map { $0.edit }, from: generation)
    }
  }

  private func collect(
    _ lines: [Script.Line], _ lane: Lane, _ generation: UInt64, at: (Script.Line?) -> Void
  ) throws(Failure) {
    let text = "nothing was changed"
    var waiting: ArraySlice<(Script.Line, UInt32)> = []
    func settleFirst() throws(Failure) {
      guard let (line, sequence) = waiting.popFirst() else { return }
      at(line)
      _ = try settle(text) { () throws(LinkError) in try lane.outcome(of: sequence) }
    }
    for line in lines {
      at(line)
      let sequence = try given(text) { () throws(LinkError) in
        try lane.send(line.edit.guarded(by: generation))
      }
      waiting.append((line, sequence))
      if waiting.count >= Lane.window { try settleFirst() }
    }
    while !waiting.isEmpty { try settleFirst() }
  }

  /// The outcome of an edit that was sent; `text` says what is known where there is none.
  ///
  /// `lost` finds it out where the lane was lost before the answer came.
  private func settle(
    _ text: String, _ body: () throws(LinkError) -> Outcome,
    lost: (() throws(Failure) -> Outcome)? = nil
  ) throws(Failure) -> Outcome {
    let outcome: Outcome
    do throws(LinkError) { outcome = try body() } catch {
      lane = nil
      if case .lost = error, let lost { return try lost() }
      throw Session.failure(error, text)
    }
    if let failure = outcome.failure { throw failure }
    return outcome
  }

  private func given<Result>(
    _ text: String, _ body: () throws(LinkError) -> Result
  ) throws(Failure) -> Result {
    do throws(LinkError) { return try body() } catch {
      lane = nil
      throw Session.failure(error, text)
    }
  }

  private static func failure(_ error: LinkError, _ text: String) -> Failure {
    switch error {
    case .lost: Failure(.failed, "\(text): connection lost")
    case .silent: Failure(.failed, "\(text): no answer within \(Link.patience) s")
    case .later(let failure), .failed(let failure): failure
    }
  }

  private func lane(through broker: BrokerConnection) throws(LinkError) -> Lane {
    if let lane { return lane }
    let made = try Lane(through: broker)
    lane = made
    return made
  }

  /// Does what may be done twice, again and again over new connections until it is done.
  private func persist<Result>(
    _ body: (BrokerConnection) throws(LinkError) -> Result
  ) throws(Failure) -> Result {
    let end = monotonicMilliseconds() + Session.patience
    var isLost = false
    while true {
      do throws(LinkError) {
        return try body(try connected(again: isLost))
      } catch {
        let isLate = monotonicMilliseconds() >= end
        switch error {
        case .failed(let failure):
          guard isLost, failure.status == .unreachable, !isLate else { throw failure }
        case .silent:
          broker = nil
          throw Failure(.unreachable, "the suite does not answer within \(Link.patience) s")
        case .later(let failure):
          guard !isLate else { throw failure }
          Standard.pause()
          continue
        case .lost:
          guard !isLate else {
            throw Failure(.unreachable, "connection lost, and no new one within 5 s")
          }
          if !isLost { connectionChanged(true) }
          isLost = true
        }
        kept += broker?.takeTold() ?? []
        (broker, lane) = (nil, nil)
        Standard.pause()
      }
    }
  }

  private func connected(again: Bool) throws(LinkError) -> BrokerConnection {
    if let broker { return broker }
    let made = try BrokerConnection(path: path)
    if isSubscribed { try made.ask(.subscribe).check() }
    broker = made
    if again {
      connectionChanged(false)
      if isSubscribed { kept.append(.gap(Gap(lost: nil))) }
    }
    return made
  }
}

extension Edit {
  /// The same, but what removes all rules means those of this generation.
  fileprivate func guarded(by generation: UInt64) -> Edit {
    self == .clear(nil, generation: nil) ? .clear(nil, generation: generation) : self
  }
}
