// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

/// The commands, one row and one function each.
enum Grammar {
  private struct Row: Sendable {
    let word: String
    let parse: @Sendable (inout WordReader) throws(SyntaxError) -> Command
  }

  private static let rows: [Row] =
    actions.map { word, action in
      Row(word: word) { (reader) throws(SyntaxError) in try rule(action, &reader) }
    } + [
      Row(word: "enable") { (reader) throws(SyntaxError) in
        try alone(.set(.mode, UInt64(Mode.enabled.rawValue)), &reader)
      },
      Row(word: "clear", parse: clear),
      Row(word: "set", parse: set),
      Row(word: "get", parse: get),
      Row(word: "query", parse: query),
      Row(word: "why", parse: why),
      Row(word: "load", parse: load),
      Row(word: "confirm") { (reader) throws(SyntaxError) in try alone(.confirm, &reader) },
      Row(word: "revert") { (reader) throws(SyntaxError) in try alone(.revert, &reader) },
      Row(word: "save") { (reader) throws(SyntaxError) in
        .save(reader.next == nil ? nil : try file(&reader))
      },
      Row(word: "check") { (reader) throws(SyntaxError) in .check(try file(&reader)) },
      Row(word: "diff") { (reader) throws(SyntaxError) in .diff(try file(&reader)) },
      Row(word: "answer", parse: answer),
      Row(word: "questions") { (reader) throws(SyntaxError) in try alone(.questions, &reader) },
      Row(word: "stats") { (reader) throws(SyntaxError) in try alone(.statistics, &reader) },
      Row(word: "events") { (reader) throws(SyntaxError) in try alone(.events, &reader) },
      Row(word: "disconnect") { (reader) throws(SyntaxError) in try alone(.disconnect, &reader) },
      Row(word: "bye") { (reader) throws(SyntaxError) in try alone(.disconnect, &reader) },
      Row(word: "quit") { (reader) throws(SyntaxError) in try alone(.quit, &reader) },
    ]

  /// The actions by word.
  private static let actions: [(String, Action)] = Words.all(.action).compactMap { word in
    guard let number = Words.number(.action, Array(word.utf8)),
      let action = Action(wire: UInt8(truncatingIfNeeded: number))
    else { return nil }
    return (word, action)
  }

  private static let actionWords = actions.map { $0.0 }

  static func command(_ reader: inout WordReader) throws(SyntaxError) -> Command? {
    guard let word = reader.take() else { return nil }
    for row in rows where word.bytes.elementsEqual(row.word.utf8) { return try row.parse(&reader) }
    let keywords = rows.map(\.word)
    throw word.error(
      "unknown command '\(word.excerpt)'", expected: Phrase.either(keywords), keywords: keywords)
  }

  static func alone(
    _ command: Command, _ reader: inout WordReader
  ) throws(SyntaxError) -> Command {
    try reader.finish()
    return command
  }

  private static func rule(
    _ action: Action, _ reader: inout WordReader
  ) throws(SyntaxError) -> Command {
    if reader.next == nil {
      guard let mode = mode(of: action) else {
        throw reader.missing(
          "'\(Listing.word(action))' alone is no mode", expected: Phrase.either(Clause.beginnings))
      }
      return .set(.mode, UInt64(mode.rawValue))
    }
    var words = Filter()
    try reader.clauses(into: &words, kind: "protocol", others: [])
    return .rule(action, words.matches, words.terms)
  }

  /// What an action means that stands alone, or nil.
  private static func mode(of action: Action) -> Mode? {
    switch action {
    case .allow: .disabled
    case .block: .block
    case .reject, .ask: nil
    }
  }

  @Sendable private static func clear(_ reader: inout WordReader) throws(SyntaxError) -> Command {
    if reader.next == nil { return .clear(nil) }
    if let action = action(&reader) {
      try reader.finish()
      return .clear(action)
    }
    if reader.take("id") {
      let expected = "a number 1…\(UInt64.max)"
      let word = try reader.require("rule number", expected: expected)
      guard let id = Number.value(word.bytes, upTo: .max), id > 0 else {
        throw word.error("'\(word.excerpt)' is no rule number", expected: expected)
      }
      try reader.finish()
      return .removeID(id)
    }
    var words = Filter()
    try reader.clauses(into: &words, kind: "word", others: actionWords + ["id"])
    return .remove(words.matches)
  }

  @Sendable private static func query(_ reader: inout WordReader) throws(SyntaxError) -> Command {
    var words = Filter(action: action(&reader))
    if words.action == nil {
      try reader.clauses(into: &words, kind: "word", others: actionWords)
    } else {
      try reader.clauses(into: &words, kind: "protocol", others: [])
    }
    return .query(words)
  }

  /// `load FILE`, with `--confirm SECONDS` before or behind it.
  @Sendable private static func load(_ reader: inout WordReader) throws(SyntaxError) -> Command {
    var seconds = try confirm(&reader)
    let file = try fileName(&reader)
    if seconds == nil { seconds = try confirm(&reader) }
    try reader.finish(
      expected: seconds == nil ? ["--confirm"] : [], keywords: seconds == nil ? ["--confirm"] : [])
    return .load(file, confirm: seconds)
  }

  private static func confirm(_ reader: inout WordReader) throws(SyntaxError) -> UInt32? {
    guard reader.take("--confirm") else { return nil }
    let expected = "a number of seconds 1…\(Limit.confirmSeconds)"
    let word = try reader.require("number of seconds", expected: expected)
    let seconds = Number.value(word.bytes, upTo: UInt64(Limit.confirmSeconds))
    guard let seconds, seconds > 0 else {
      throw word.error("'\(word.excerpt)' is no time to confirm in", expected: expected)
    }
    return UInt32(truncatingIfNeeded: seconds)
  }

  private static func file(_ reader: inout WordReader) throws(SyntaxError) -> [UInt8] {
    let name = try fileName(&reader)
    try reader.finish()
    return name
  }

  private static func fileName(_ reader: inout WordReader) throws(SyntaxError) -> [UInt8] {
    let word = try reader.require("file", expected: "the name of a file")
    guard !word.bytes.isEmpty, !word.bytes.contains(0) else {
      throw word.error("'\(word.excerpt)' is no name of a file", expected: "the name of a file")
    }
    return word.bytes
  }

  /// Takes the next word where it is an action.
  private static func action(_ reader: inout WordReader) -> Action? {
    for (word, action) in actions where reader.take(word) { return action }
    return nil
  }
}
