// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Console
import E7IPC
import E7Rules

/// Does single commands.
struct Runner {
  let session: Session
  let printer: Printer
  let names: Names
  /// Whether a person waits for a word after each edit.
  let toPerson: Bool

  /// Does a command that changes or asks; those about the console itself are the console's.
  func run(_ command: Command) throws(Failure) {
    let edits = Script.Line.all(1, command)
    if !edits.isEmpty {
      printer.outcome(try change(edits), toPerson: toPerson)
      return
    }
    switch command {
    case .get(let flag):
      printer.flags(try session.flags(flag))
    case .query(let filter):
      let mode = filter.isEmpty ? try session.flags(.mode) : []
      let (rules, outcome) = try session.rules(filter)
      printer.flags(mode)
      printer.rules(rules, outcome)
    case .statistics:
      printer.statistics(try session.statistics())
    case .rule, .clear, .remove, .removeID, .set, .events, .disconnect, .quit:
      break
    }
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
    let bytes = try InputFile.read(path)
    let entries: [RulesFile.Entry]
    do throws(SyntaxErrors) {
      entries = try RulesFile.parse(bytes, names: names)
    } catch {
      for error in error.all { Standard.complain("\(path): \(error.text)") }
      return .failed
    }
    if let entry = entries.first(where: { $0.command == .events }) {
      throw Failure(
        .failed, "\(path): line \(entry.line): events never end; use `e7-client events`")
    }
    for step in Script.steps(entries) {
      var line = 0
      do throws(Failure) {
        switch step {
        case .command(let entry):
          line = entry.line
          try run(entry.command)
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
