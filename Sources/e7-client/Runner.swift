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
    if let only = edits.first {
      // One edit is all or nothing by itself.
      let outcome =
        edits.count == 1 ? try session.edit(only.edit) : try session.change(edits) { _ in }
      printer.outcome(outcome, toPerson: toPerson)
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
          let outcome = try session.change(lines) { line = $0.number }
          printer.outcome(outcome, toPerson: toPerson)
        }
      } catch {
        throw Failure(error.status, "\(path): line \(line): \(error.text)")
      }
    }
    return .done
  }
}
