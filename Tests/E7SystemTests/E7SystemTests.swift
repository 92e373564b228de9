// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import E7Loop
import Testing

@testable import E7System
@testable import E7Unix

struct PollerTests {
  @Test func tellsWhatIsReadyByToken() throws {
    let poller = try Poller()
    let pair = try SequencedSocket.pair()
    try poller.add(pair.first.raw, token: 7, .input)
    #expect(try poller.wait(timeoutMilliseconds: 0).isEmpty)
    _ = try SequencedSocket.send(pair.second, [1])
    let ready = try poller.wait(timeoutMilliseconds: 1000)
    #expect(ready.count == 1 && ready[0].token == 7)
    #expect(ready[0].input && !ready[0].output && !ready[0].closed)
    try poller.modify(pair.first.raw, token: 8, [.input, .output])
    #expect(try poller.wait(timeoutMilliseconds: 0).first?.output == true)
    try poller.remove(pair.first.raw)
    #expect(try poller.wait(timeoutMilliseconds: 0).isEmpty)
  }

  @Test func tellsOfAClosedPeer() throws {
    let poller = try Poller()
    let pair = try SequencedSocket.pair()
    try poller.add(pair.first.raw, token: 1, .input)
    shutdown(pair.second.raw, Int32(SHUT_RDWR))
    let ready = try poller.wait(timeoutMilliseconds: 1000)
    #expect(ready.first?.closed == true && ready.first?.input == true)
  }

  @Test func waitsNoLongerThanAsked() throws {
    let pair = try SequencedSocket.pair()
    let start = monotonicMilliseconds()
    #expect(try !pollfd.input(pair.first.raw).wait(milliseconds: 30))
    let passed = monotonicMilliseconds() - start
    #expect(passed >= 29 && passed < 5000)
    #expect(try pollfd.output(pair.first.raw).wait(milliseconds: 0))
  }
}

struct PhraseOfCTests {
  @Test func itEndsWithANul() {
    #expect(
      unsafe ("/x/" as Phrase).withCString { unsafe String(cString: $0) == "/x/" ? 1 : 0 } == 1)
  }
}

struct LogTests {
  private func line(_ text: [UInt8], prefixed: Bool = true) -> String {
    String(decoding: Log.line(.warning, "e7", text[...], prefixed: prefixed), as: UTF8.self)
  }

  @Test func linesCarryPriorityAndName() {
    #expect(line(Array("all is well".utf8)) == "<4>e7: all is well\n")
    #expect(line(Array("all is well".utf8), prefixed: false) == "e7: all is well\n")
  }

  @Test func everyByteThatIsNotPrintableIsEscaped() {
    for byte in UInt8.min...UInt8.max {
      let hex = String(byte, radix: 16)
      let plain = (32...126).contains(byte) && byte != 92
      let expected =
        plain
        ? String(UnicodeScalar(byte)) : "\\x" + (hex.count == 1 ? "0" : "") + hex
      #expect(line([byte]) == "<4>e7: \(expected)\n")
    }
  }
}

struct SystemErrorTests {
  @Test func textNamesCallAndNumber() {
    #expect(
      SystemError("connect", errno: ENOENT).text == "connect: No such file or directory (ENOENT)")
    #expect(SystemError("x", errno: 4000).text == "x: unknown error (errno 4000)")
  }
}

struct SignalsTests {
  @Test func signalsAreInput() async {
    await #expect(processExitsWith: .exitCode(3)) {
      let signals = try Signals()
      raise(SIGTERM)
      raise(SIGCHLD)
      guard try pollfd.input(signals.raw).wait(milliseconds: 1000) else { exit(1) }
      var seen: [Signal] = []
      while let signal = signals.next() { seen.append(signal) }
      exit(seen.contains(.terminate) && seen.contains(.child) && seen.count == 2 ? 3 : 2)
    }
  }
}

struct BackoffTests {
  @Test func restartsAreAtOnceThenSlower() {
    var backoff = Backoff()
    let pauses = (0..<8).map { _ in backoff.pause(afterLiving: 10) }
    #expect(pauses == [0, 50, 100, 200, 400, 800, 1000, 1000])
    #expect(backoff.pause(afterLiving: Backoff.settled - 1) == Backoff.longest)
    #expect(backoff.pause(afterLiving: Backoff.settled) == 0)
    #expect(backoff.pause(afterLiving: 0) == 50)
  }
}
