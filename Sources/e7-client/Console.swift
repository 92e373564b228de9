// SPDX-License-Identifier: GPL-2.0-or-later
import E7Console
import E7Rules

/// Reads commands from standard input, and shows events between them.
struct Console {
  private let session: Session
  private let names: Names
  private let runner: Runner
  private var printer: Printer
  private var lines = LineBuffer()
  private let isInteractive = Standard.isInteractive

  init(session: Session, printer: Printer, names: Names) {
    self.session = session
    self.printer = printer
    self.names = names
    runner = Runner(
      session: session, printer: printer, names: names, toPerson: true, isInputFree: false)
  }

  /// Ends with the input, or at `quit`.
  mutating func run() throws(Failure) {
    try session.subscribe()
    prompt()
    while true {
      let ready = Standard.wait([Standard.input] + (session.raw.map { [$0] } ?? []))
      if ready.count > 1, ready[1], try show() { prompt() }
      guard ready[0] else { continue }
      let bytes = Standard.read(Standard.input) ?? []
      for line in lines.feed(bytes) where try !perform(line) { return }
      if bytes.isEmpty {
        if let line = lines.finish() { _ = try perform(line) }
        if isInteractive { Standard.print([""]) }
        return
      }
      _ = try show()
      prompt()
    }
  }

  /// Does one line; false at `quit`.
  private func perform(_ line: [UInt8]) throws(Failure) -> Bool {
    let command: Command?
    do throws(SyntaxError) { command = try Command.parse(line: line, names: names) } catch {
      Standard.complain(error.text)
      return true
    }
    do throws(Failure) {
      switch command {
      case nil: break
      case .quit: return false
      case .events: try session.subscribe()
      case .disconnect: try session.unsubscribe()
      case let command?: _ = try runner.run(command)
      }
    } catch {
      // A broker that has gone for good ends the console; a module that is not loaded does not.
      guard session.raw != nil else { throw error }
      Standard.complain(error.text)
    }
    return true
  }

  /// Shows what was told, where there was anything.
  private mutating func show() throws(Failure) -> Bool {
    let told = try session.told()
    guard !told.isEmpty else { return false }
    // Over the prompt, which comes back below.
    if isInteractive { Standard.write(Array("\r\u{1b}[K".utf8)) }
    for told in told { printer.told(told) }
    return true
  }

  private func prompt() {
    if isInteractive { Standard.write(Array("e7> ".utf8)) }
  }
}
