// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import E7Console
import E7Rules
import E7System

/// The command line.
struct Client: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "e7-client",
    abstract: "Asks the E7 firewall, and changes its rules.",
    usage: """
      e7-client [--json] [--socket PATH]
      e7-client [--json] [--socket PATH] COMMAND WORD…
      e7-client [--json] [--socket PATH] events [--count N]
      e7-client [--json] [--socket PATH] load [--confirm SECONDS] FILE
      e7-client [--json] [--socket PATH] load --saved
      e7-client [--json] [--socket PATH] load --first
      e7-client [--json] [--socket PATH] why --all
      e7-client [--json] [--socket PATH] -f FILE
      """,
    discussion: """
      Without a command, a console: one command a line, events in between.

      COMMANDS
        query [ACTION] [MATCH]  the mode and the rules, most specific first
        get [FLAG]              one flag, or all
        why FLOW                which rule decides about a flow, and why
        why --all               rules that can never decide
        load FILE               replace all rules by those of a file, as one change
        load --saved            by those of /etc/e7/rules and /etc/e7/rules.d/*.rules
        load --first            the same, if the module has never had a rule
        load --confirm N FILE   the same, but after N seconds it goes back
        confirm, revert         it stays; it goes back at once
        save [FILE]             write rules and flags; /etc/e7/rules
        check FILE              what is wrong with a file; asks nobody
        diff FILE               what load would change, as commands
        questions               the flows that are held for an answer
        answer N ACTION [LASTING]
                                decide about one: allow, block or reject it; once,
                                or with a rule, for TIME or always
        stats                   how programs were found, and why not
        events                  events and notices as they come
        ACTION MATCH            add a rule, or change it
        clear [ACTION]          remove all rules, or those with the action
        clear MATCH             remove the one rule with this match
        clear id N              remove the rule with this number
        set FLAG VALUE          set a flag
        enable, block, allow    set mode enabled, block, disabled
        disconnect, quit        no more events; end the console

      ACTION is allow, block, reject or ask, MATCH is [quick] [PROTO] [PROGRAM]
      and in any order
        in, out                 who began the flow: someone else, this machine
        to ADDR, from ADDR      the other end: an address or a network
        port PORTS              the destination port: N, N-M, a service's name;
                                with commas between, one rule each
        user USER               the socket's owner: a name or a number
        for TIME                the rule ends by itself: 90s, 5m, 12h, 7d
        comment "…"             at most 128 bytes
      PROTO is a name or a number 0…255. PROGRAM is an executable, or with a
      final slash every executable below a folder; or a class of programs:
      foreign (a container's, say), deleted, memfd, kernel. A path may follow
      foreign, as it is seen in there.
      FLOW is PROTO [PROGRAM] and to ADDR or from ADDR with one address, port N
      where the protocol has ports, and user USER where rules are about users.
      A file for -f is read as a whole first; its rules between two other
      commands take effect as one change. One for load, check and diff holds
      rules and 'set FLAG VALUE' alone, as query and save write them; - is
      standard input.

      EXIT STATUS
        0  done
        1  refused, or failed
        2  the command line is wrong
        3  the suite cannot be reached
      """,
    version: "e7-client 0.1.0")

  /// Where the broker listens.
  static let socket = "/run/e7/console.sock"

  @Flag(help: "Print one JSON object a line.")
  var json = false

  @Option(help: ArgumentHelp("The broker's socket.", valueName: "path"))
  var socket = Client.socket

  @Option(
    name: .short,
    help: ArgumentHelp("Do the commands of a file; - is standard input.", valueName: "file"))
  var file: String?

  @Option(help: ArgumentHelp("End after so many events and notices.", valueName: "n"))
  var count: Int?

  @Option(
    help: ArgumentHelp(
      "With load: go back after so many seconds unless confirmed.", valueName: "seconds"))
  var confirm: String?

  @Flag(help: "With load: the rules files of /etc/e7, as at a start.")
  var saved = false

  @Flag(help: "With load: --saved, if the module has never had a rule; waits for the suite.")
  var first = false

  @Flag(help: "With why: the rules that can never decide.")
  var all = false

  @Argument(help: ArgumentHelp("A command of the rule language.", valueName: "word"))
  var words: [String] = []

  func validate() throws {
    if file != nil, !words.isEmpty {
      throw ValidationError("a file and a command at once; expected one of them")
    }
    if let count {
      guard words == ["events"] else {
        throw ValidationError("--count belongs to the command 'events'")
      }
      guard count > 0 else { throw ValidationError("--count \(count); expected 1 or more") }
    }
    if all, words != ["why"] {
      throw ValidationError("--all belongs to the command 'why'")
    }
    if confirm != nil, words.first != "load" {
      throw ValidationError("--confirm belongs to the command 'load'")
    }
    if saved, words != ["load"] || confirm != nil {
      throw ValidationError("--saved belongs to the command 'load', alone")
    }
    if first, words != ["load"] || saved || confirm != nil {
      throw ValidationError("--first belongs to the command 'load', alone")
    }
    if words == ["help"] { throw CleanExit.helpRequest() }
  }

  /// Does what the command line asks for.
  func perform() throws(Failure) -> ExitStatus {
    let names = SystemNames().names
    if saved || first {
      return try loadSaved(
        Runner(
          session: Session(path: socket), printer: Printer(isJSON: json, names: names),
          names: names, toPerson: false))
    }
    let command: Command?
    do throws(SyntaxError) {
      let words = self.words + (all ? ["--all"] : []) + (confirm.map { ["--confirm", $0] } ?? [])
      command = try Command.parse(words: words.map { Array($0.utf8) }, names: names)
    } catch {
      throw Failure(.usage, error.text)
    }
    let session = Session(path: socket)
    let printer = Printer(isJSON: json, names: names)
    let runner = Runner(session: session, printer: printer, names: names, toPerson: false)
    if let file { return try runner.run(file: file) }
    session.connectionChanged = { isLost in
      guard command == nil || command == .events else { return }
      Standard.complain(isLost ? "connection lost; trying again" : "connected again")
    }
    switch command {
    case nil:
      var console = Console(session: session, printer: printer, names: names)
      try console.run()
    case .events:
      var stream = EventStream(session: session, printer: printer)
      try stream.run(count: count)
    case let command?:
      return try runner.run(command)
    }
    return .done
  }

  /// Milliseconds that a suite has to start that is started at the same time.
  private static let patience: UInt64 = 60_000

  private func loadSaved(_ runner: Runner) throws(Failure) -> ExitStatus {
    let end = monotonicMilliseconds() + Client.patience
    while true {
      do throws(Failure) {
        return try runner.loadSaved(first: first)
      } catch {
        guard first, error.status == .unreachable, monotonicMilliseconds() < end else {
          throw error
        }
        Standard.pause()
      }
    }
  }
}
