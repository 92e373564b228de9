// SPDX-License-Identifier: GPL-2.0-or-later
import E7Console
import E7IPC
import Testing

@Suite struct FailureTests {
  @Test func answersHaveAStatusAndALine() {
    func failure(_ text: String, _ name: String) -> Failure {
      Failure(Outcome(error: 1, text: Array(text.utf8)), name: name, meaning: "what it means")
    }
    #expect(failure("no rule 3", "ENOENT") == Failure(.failed, "no rule 3 (ENOENT)"))
    #expect(failure("", "EPERM") == Failure(.failed, "what it means (EPERM)"))
    #expect(failure("a\nb\u{1b}", "EINVAL") == Failure(.failed, "a\\x0ab\\x1b (EINVAL)"))
    #expect(failure("version 2, not 1", "EPROTO") == Failure(.unreachable, "version 2, not 1"))
    #expect(
      failure("x", "ENODEV")
        == Failure(.unreachable, "the module e7 is not loaded; load it with `sudo modprobe e7`"))
  }

  @Test func whoDoesNotListenIsNamed() {
    let absent = Failure.noSuite(socket: "/s", moduleIsLoaded: false)
    #expect(absent.status == .unreachable && absent.text.contains("`sudo modprobe e7`"))
    let present = Failure.noSuite(socket: "/s", moduleIsLoaded: true)
    #expect(
      present.text
        == "the suite does not run: nobody listens at /s; start it with `sudo e7-priv`")
  }

  @Test func statusesAreWhatScriptsTest() {
    #expect(ExitStatus.done.rawValue == 0 && ExitStatus.failed.rawValue == 1)
    #expect(ExitStatus.usage.rawValue == 2 && ExitStatus.unreachable.rawValue == 3)
  }
}
