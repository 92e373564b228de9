// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Console
import E7Files
import E7IPC
import E7Rules
import E7Loop
import E7System

/// Does single commands.
struct Runner {
  let session: Session
  let printer: Printer
  let names: Names
  /// Whether a person waits for a word after each edit.
  let toPerson: Bool
  /// Whether nothing else is read from standard input, so that a file may be.
  var isInputFree = true

  /// Does a command that changes or asks; those about the console itself are the console's.
  ///
  /// What is wrong with a file was told where the status says so.
  func run(_ command: Command) throws(Failure) -> ExitStatus {
    let edits = Script.Line.all(1, command)
    if !edits.isEmpty {
      printer.outcome(try change(edits), toPerson: toPerson)
      return .done
    }
    switch command {
    case .get(let flag):
      printer.flags(try session.flags(flag))
      guard flag == nil else { break }
      let status = try session.status()
      if let seconds = status.confirmSeconds { printer.trial(seconds) }
      if status.landlock == 0 { printer.noLandlock() }
    case .query(let filter):
      let mode = filter.isEmpty ? try session.flags(.mode) : []
      let (rules, outcome) = try session.rules(filter)
      printer.flags(mode)
      printer.rules(rules, outcome)
    case .questions:
      let (events, outcome) = try session.questions()
      printer.questions(events, outcome)
    case .statistics:
      printer.statistics(try session.statistics())
    case .load(let file, let seconds):
      return try load(file, confirm: seconds)
    case .save(let file):
      try save(file)
    case .check(let file):
      guard try ruleset(file) != nil else { return .failed }
      printer.outcome(Outcome(), toPerson: toPerson)
    case .diff(let file):
      guard let ruleset = try ruleset(file) else { return .failed }
      let (rules, _) = try session.rules(Filter())
      printer.commands(ruleset.changes(from: rules, try session.flags(nil)))
    case .why(let flow):
      let (rules, outcome) = try session.why(flow)
      let flag = try session.flags(flow.flag).first?.value
      let mode = try session.flags(.mode).first?.value
      guard let flag, let mode else {
        throw Failure(.failed, "the suite does not know its flags")
      }
      let decision = Decision(
        rules, flag: FlagValue(flag: flow.flag, value: flag), mode: mode)
      printer.decision(decision, outcome)
    case .whyAll:
      let (rules, outcome) = try session.rules(Filter())
      printer.shadowed(Shadowed.all(in: rules), outcome)
    case .rule, .clear, .remove, .removeID, .set, .confirm, .revert, .answer, .events, .disconnect,
      .quit:
      break
    }
    return .done
  }

  // MARK: Rules files

  /// Where rules are saved unless somebody says otherwise.
  private static let rulesFile = Array("/etc/e7/rules".utf8)

  /// What a rules file says; nil where it is wrong, which was told.
  private func ruleset(_ file: [UInt8]) throws(Failure) -> Ruleset? {
    guard isInputFree || !InputFile.isInput(file) else {
      throw Failure(
        .failed, "standard input is where the commands come from; expected another file than -")
    }
    let bytes = try InputFile.read(file)
    do throws(SyntaxErrors) {
      return try Ruleset(bytes, names: names)
    } catch {
      Runner.complain(error, file)
      return nil
    }
  }

  private static func complain(_ errors: SyntaxErrors, _ file: [UInt8]) {
    for error in errors.all { Standard.complain("\(Text.shown(file)): \(error.text)") }
  }

  /// Replaces the rules by those of a file.
  private func load(_ file: [UInt8], confirm: UInt32?) throws(Failure) -> ExitStatus {
    guard let ruleset = try ruleset(file) else { return .failed }
    let outcome = try load([(Text.shown(file), ruleset)], confirm: confirm)
    printer.outcome(outcome, toPerson: toPerson)
    if let confirm { printer.trial(confirm, begins: true) }
    return .done
  }

  /// Replaces the rules by those that are saved, as at a start; where none are, nothing is done, nor,
  /// with `first`, where there have been rules since the module was loaded.
  func loadSaved(first: Bool) throws(Failure) -> ExitStatus {
    if first, try session.status().generation != 0 { return .done }
    guard let keeper = Account.user(Account.priv) else {
      throw Failure(.failed, "no user _e7-priv in /etc/passwd")
    }
    var rulesets: [(path: String, ruleset: Ruleset)] = []
    do throws(StartRules.Fault) {
      var isWrong = false
      let files = try StartRules(keeper: keeper).all(InputFile.all)
      for file in files {
        do throws(SyntaxErrors) {
          rulesets.append((file.path, try Ruleset(file.bytes, names: names)))
        } catch {
          Runner.complain(error, Array(file.path.utf8))
          isWrong = true
        }
      }
      if isWrong { return .failed }
    } catch {
      throw Failure(
        .failed,
        "\(error.path) is not loaded: \(error.error.text); expected a regular file of root's or "
          + "_e7-priv's, in folders of root's, that nobody else may write to")
    }
    guard !rulesets.isEmpty else { return .done }
    _ = try load(rulesets, confirm: nil)
    for (path, _) in rulesets { Standard.complain("\(path) is in force") }
    return .done
  }

  /// Replaces the rules as one change, and sets the flags once that is in force.
  private func load(
    _ rulesets: [(path: String, ruleset: Ruleset)], confirm: UInt32?
  ) throws(Failure) -> Outcome {
    var current: Script.Line?
    let outcome: Outcome
    do throws(Failure) {
      outcome = try session.change(
        rulesets.flatMap { Script.Line.all($0.ruleset) }, replacing: true, confirm: confirm
      ) { current = $0 }
    } catch {
      let place = current.flatMap { line in
        rulesets.first { Script.Line.all($0.ruleset).contains(line) }
          .map { "\($0.path): line \(line.number)" }
      }
      throw Failure(error.status, "\(place ?? rulesets[0].path): \(error.text)")
    }
    for (path, ruleset) in rulesets {
      for setting in ruleset.flags {
        do throws(Failure) {
          _ = try session.edit(.set(setting.value.flag, setting.value.value))
        } catch {
          throw Failure(
            error.status,
            "\(path): line \(setting.number): \(error.text); the rules are in force"
              + (confirm == nil ? ", " : " until they go back, ")
              + "this flag and those behind it are as they were")
        }
      }
    }
    return outcome
  }

  private func save(_ file: [UInt8]?) throws(Failure) {
    let path = Text.shown(file ?? Runner.rulesFile)
    guard file.map(InputFile.isInput) != true else {
      throw Failure(.failed, "- is no file to save to; `query` prints the rules")
    }
    let (rules, outcome) = try session.rules(Filter())
    let (text, tooLong) = Ruleset.text(rules, try session.flags(nil), names: names)
    guard let text else {
      throw Failure(
        .failed,
        "rule \(tooLong?.id ?? 0) does not fit a line of \(Limit.line) bytes; \(path) is as it was")
    }
    guard let file else {
      // What is loaded at the next start is e7-priv's to write, for any administrator.
      guard let generation = outcome.generation else {
        throw Failure(.failed, "the suite does not say which generation its rules are of")
      }
      let saved = try session.save(text, generation: generation)
      return printer.outcome(saved, toPerson: toPerson)
    }
    do throws(SaveError) {
      try SavedFile.replace(file, with: text)
    } catch {
      switch error {
      case .notRegular:
        throw Failure(.failed, "\(path) is no regular file")
      case .failed(let error):
        throw Failure(.failed, "cannot save to \(path): \(error.text)")
      }
    }
    printer.outcome(Outcome(), toPerson: toPerson)
  }

  /// Does the edits of one command together; they differ in their ports alone.
  private func change(_ edits: [Script.Line]) throws(Failure) -> Outcome {
    // One is all or nothing by itself.
    if edits.count == 1 { return try session.edit(edits[0].edit) }
    var current: Script.Line?
    do throws(Failure) {
      return try session.change(edits) { current = $0 }
    } catch {
      guard let ports = current.flatMap({ Listing.ports(of: $0.edit) }) else { throw error }
      throw Failure(error.status, "port \(ports): \(error.text)")
    }
  }

  /// Does a file of commands, of which nothing is done where any line is wrong.
  func run(file path: String) throws(Failure) -> ExitStatus {
    let file = Array(path.utf8)
    let bytes = try InputFile.read(file)
    let entries: [RulesFile.Entry]
    do throws(SyntaxErrors) {
      entries = try RulesFile.parse(bytes, names: names)
    } catch {
      Runner.complain(error, file)
      return .failed
    }
    if let entry = entries.first(where: { $0.command == .events }) {
      throw Failure(
        .failed, "\(path): line \(entry.line): events never end; use `e7-client events`")
    }
    var runner = self
    runner.isInputFree = !InputFile.isInput(file)
    for step in Script.steps(entries) {
      var line = 0
      do throws(Failure) {
        switch step {
        case .command(let entry):
          line = entry.line
          let status = try runner.run(entry.command)
          guard status == .done else { return status }
        case .rules(let lines):
          line = lines.first?.number ?? 0
          let outcome = try session.change(lines) { line = $0?.number ?? line }
          printer.outcome(outcome, toPerson: toPerson)
        }
      } catch {
        throw Failure(error.status, "\(path): line \(line): \(error.text)")
      }
    }
    return .done
  }
}
