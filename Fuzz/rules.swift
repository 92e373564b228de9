// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules

/// Any bytes are a command that reads back as it prints, or an error of one line.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  do throws(SyntaxErrors) {
    for entry in try RulesFile.parse(bytes, names: names) { readBack(entry.command) }
  } catch {
    precondition(!error.all.isEmpty)
    for error in error.all {
      precondition(error.text.utf8.allSatisfy { $0 >= 32 && $0 != 127 })
      guard case .column(let column) = error.place else { fatalError("no column") }
      precondition(column >= 1 && column <= count + 1)
    }
  }
  readBack(fileOf: bytes)
  let words = bytes.split(separator: 0).map(Array.init)
  if let command = try? Command.parse(words: words, names: names) { readBack(command) }
  return 0
}

/// One user and one service.
private var names: Names {
  Names(
    uid: { $0 == Array("alice".utf8) ? 1000 : nil },
    user: { $0 == 1000 ? Array("alice".utf8) : nil },
    port: { name, _ in name == Array("ssh".utf8) ? 22 : nil })
}

/// A rules file is written as what reads back to the same, and then there is nothing to change.
private func readBack(fileOf bytes: [UInt8]) {
  guard let set = try? Ruleset(bytes, names: names) else { return }
  let (rules, flags) = (set.rules.map(\.rule), set.flags.map(\.value))
  precondition(set.changes(from: rules, flags).isEmpty)
  guard let text = Ruleset.text(rules, flags, names: names).text else { return }
  guard let again = try? Ruleset(text, names: names) else { fatalError("does not read back") }
  precondition(again.rules.map(\.rule) == rules && again.flags.map(\.value) == flags)
  // Whatever the rules are, none is taken by one that it precedes.
  for pair in Shadowed.all(in: rules) { precondition(Precedence.precedes(pair.by, pair.rule)) }
}

private func readBack(_ command: Command) {
  let text = Array(Listing.command(command, names: names).utf8)
  // A path of many bytes that need four characters each may print as more than a line.
  guard text.count <= Limit.line else { return }
  guard let again = try? Command.parse(line: text, names: names), again == command else {
    fatalError("does not read back")
  }
}
