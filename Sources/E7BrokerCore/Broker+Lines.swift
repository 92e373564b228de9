// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules

// A text console: what is typed into `socat - UNIX-CONNECT:/run/e7/console.sock,type=5`.
//
// Each line has an answer of lines, the last of which is `ok` or `error: …`.  After the command
// `events` a line that begins with `event`, `notice` or `gap` comes whenever there is something to
// tell, between the lines of answers too, until `disconnect`.
extension Broker {
  /// The lines of a datagram; a terminal may send several at once.
  static func lines(_ bytes: [UInt8]) -> ArraySlice<[UInt8]> {
    var lines = bytes.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
    ).map(Array.init)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines[...]
  }

  /// Looks at the next line.
  mutating func nextLine(_ session: Session, at now: UInt64) {
    guard let line = session.lines.popFirst() else { return }
    charge(session, at: now)
    let command: Command?
    do {
      command = try Command.parse(line: line)
    } catch {
      reply(session, Refusal(.invalid, error.text).line)
      return
    }
    switch command {
    case nil:
      reply(session, Line.ok)
    case .get(let flag):
      begin(session, Answer(.lines(Filter()), flag.map { [.flag($0)] } ?? [.flags, .status]))
    case .query(let filter):
      let questions: [Question] = filter.isEmpty ? [.flag(.mode), .rules] : [.rules]
      begin(session, Answer(.lines(filter), questions))
    case .statistics:
      begin(session, Answer(.lines(Filter()), [.statistics]))
    case .events:
      reply(session, Line.ok)
      subscribe(session, at: now)
    case .questions:
      begin(session, heldFlows(.lines(Filter()), of: session, at: now))
    case .disconnect:
      unsubscribe(session)
      reply(session, Line.ok)
    case .quit:
      session.lines = []
      reply(session, Line.ok)
      session.isClosing = true
    case .why(let flow):
      begin(session, Answer(.lines(Filter()), [.why(flow)]))
    case .rule, .clear, .remove, .removeID, .set, .confirm, .revert, .answer:
      reply(session, Refusal.edit.line)
    case .load, .save, .check, .diff, .whyAll:
      reply(session, Refusal.clients.line)
    }
  }
}
