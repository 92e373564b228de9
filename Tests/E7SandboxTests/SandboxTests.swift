// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Sandbox
import Foundation
import Glibc
import Testing

/// The values of a field of this thread's status, in the order of proc(5).
private func status(_ field: String) -> [String] {
  let text = (try? String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8)) ?? ""
  for line in text.split(separator: "\n") where line.hasPrefix("\(field):") {
    return line.dropFirst(field.count + 1).split(whereSeparator: { $0 == "\t" || $0 == " " })
      .map(String.init)
  }
  return []
}

/// What failed, or nil.
private func shed(toUID uid: UInt32, gid: UInt32, parent: Int32) -> String? {
  unsafe e7_shed(uid, gid, parent).map { unsafe String(cString: $0) }
}

/// Each test sheds in a process of its own.
@Suite(.enabled(if: geteuid() == 0, "needs root"))
struct SandboxTests {
  static let none = "0000000000000000"

  @Test func theKernelShowsWhatWasShed() async {
    await #expect(processExitsWith: .exitCode(42)) {
      let error = shed(toUID: 61234, gid: 61235, parent: getppid())
      if error != nil { exit(1) }
      let expected: [(String, [String])] = [
        ("Uid", Array(repeating: "61234", count: 4)), ("Gid", Array(repeating: "61235", count: 4)),
        ("Groups", []), ("CapPrm", [SandboxTests.none]), ("CapEff", [SandboxTests.none]),
        ("CapBnd", [SandboxTests.none]), ("CapInh", [SandboxTests.none]),
        ("CapAmb", [SandboxTests.none]), ("NoNewPrivs", ["1"]),
      ]
      for (index, field) in expected.enumerated() where status(field.0) != field.1 {
        exit(Int32(2 + index))
      }
      var limit = rlimit()
      guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0,
        limit.rlim_max == 0
      else { exit(20) }
      // Files of a process that is not dumpable belong to root.
      var own = stat()
      guard unsafe stat("/proc/self/environ", &own) == 0, own.st_uid == 0 else { exit(21) }
      exit(42)
    }
  }

  @Test func whatWasShedDoesNotComeBack() async {
    await #expect(processExitsWith: .exitCode(42)) {
      guard shed(toUID: 61234, gid: 61235, parent: getppid()) == nil
      else { exit(1) }
      if setuid(0) == 0 || setgid(0) == 0 { exit(2) }
      if unsafe open("/etc/shadow", O_RDONLY) >= 0 { exit(3) }
      if kill(1, 0) == 0 { exit(4) }
      exit(42)
    }
  }

  @Test func rootIsNoConfinement() async {
    await #expect(processExitsWith: .exitCode(42)) {
      if shed(toUID: 0, gid: 5, parent: getppid()) == nil { exit(1) }
      if shed(toUID: 5, gid: 0, parent: getppid()) == nil { exit(2) }
      // Nothing was begun.
      exit(status("CapBnd") != [SandboxTests.none] && geteuid() == 0 ? 42 : 3)
    }
  }

  @Test func withoutPrivilegeTheFirstStepThatNeedsItIsNamed() async {
    await #expect(processExitsWith: .exitCode(42)) {
      guard setuid(61234) == 0 else { exit(1) }
      let error = shed(toUID: 61236, gid: 61236, parent: getppid())
      guard let error else { exit(2) }
      exit(
        error == "cannot confine this process: user and group: Operation not permitted"
          ? 42 : 3)
    }
  }

  @Test func anOrphanDoesNotServe() async {
    await #expect(processExitsWith: .exitCode(42)) {
      let error = shed(toUID: 61234, gid: 61235, parent: 1 << 22)
      exit(
        error == "cannot confine this process: die with the parent: No such process"
          ? 42 : 1)
    }
  }
}
