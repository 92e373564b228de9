// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Loop
import E7TestSupport
import Glibc
import E7Unix
import Testing

/// What may stand in the place of the rules file: each row of Tests/attacks.txt at the border files.
@Suite(.enabled(if: geteuid() == 0, "needs root"))
struct AttackTests {
  private static let keeper: UInt32 = 61010

  /// Each puts something at the path, in a folder of its own.
  private static let cases: [String: @Sendable (String) -> Int32] = [
    "a link": { path in unsafe symlink("/etc/passwd", path) },
    "a pipe": { path in unsafe mkfifo(path, 0o600) },
    "a folder": { path in unsafe mkdir(path, 0o755) },
    "a device": { path in unsafe mknod(path, S_IFCHR | 0o600, 0x103) },
    "a second name": { path in
      guard file(path, 0o600, 0) == 0 else { return -1 }
      return unsafe link(path, path + ".other")
    },
    "the group may write": { path in file(path, 0o660, 0) },
    "everybody may write": { path in file(path, 0o602, 0) },
    "another user's": { path in file(path, 0o600, 61000) },
    "none": { _ in 0 },
    "root's": { path in file(path, 0o644, 0) },
    "e7-priv's": { path in file(path, 0o640, keeper) },
  ]

  private static func file(_ path: String, _ mode: mode_t, _ uid: uid_t) -> Int32 {
    let raw = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600 as mode_t)
    guard raw >= 0, fchown(raw, uid, 0) == 0, fchmod(raw, mode) == 0 else { return -1 }
    return close(raw)
  }

  private static func outcome(_ name: String) -> String {
    guard let make = cases[name] else { return "no such test" }
    var template = Array("/tmp/e7-attack.XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { return "no folder" }
    let folder = template.dropLast().map { String(UnicodeScalar(UInt8(bitPattern: $0))) }.joined()
    let path = folder + "/rules"
    defer {
      for name in [path, path + ".other"] where unsafe unlink(name) != 0 { unsafe rmdir(name) }
      unsafe rmdir(folder)
    }
    guard make(path) == 0 else { return "not made: errno \(errno)" }
    let raw = unsafe open(folder, O_RDONLY | O_DIRECTORY)
    defer { close(raw) }
    let result = unsafe e7_open_rules(raw, "rules", keeper)
    if result >= 0 {
      close(result)
      return "read"
    }
    return unsafe e7_errno_name(-result).map { unsafe String(cString: $0) } ?? "errno"
  }

  @Test func theTableHasEachTestAndEachTestARow() {
    #expect(attacks(at: "files").keys.sorted() == AttackTests.cases.keys.sorted())
  }

  @Test(arguments: attacks(at: "files"))
  func whatComesOfIt(name: String, expected: String) {
    #expect(AttackTests.outcome(name) == expected)
  }
}
