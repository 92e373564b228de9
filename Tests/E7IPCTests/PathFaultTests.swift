// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import Testing

@Suite struct PathFaultTests {
  @Test(arguments: [
    "/", "/a", "/a/", "/a/b", "/usr/bin/curl", "/...", "/..a", "/a../b", "/.a", "/a.", "/ ",
    "/\u{80}",
    "/-/~", "/a/...", "/a b/\"c\"",
  ])
  func forms(path: String) {
    #expect(PathFault.of(Array(path.utf8)) == nil)
  }

  @Test(arguments: [
    ("", PathFault.notAbsolute), ("a", .notAbsolute), ("./a", .notAbsolute), (" /a", .notAbsolute),
    ("//", .emptyComponent), ("//a", .emptyComponent), ("/a//b", .emptyComponent),
    ("/a//", .emptyComponent), ("/.", .dotComponent), ("/..", .dotComponent),
    ("/./", .dotComponent),
    ("/a/./b", .dotComponent), ("/a/../b", .dotComponent), ("/a/..", .dotComponent),
    ("/a/.", .dotComponent), ("/a/../", .dotComponent), ("/\u{0}", .controlCharacter),
    ("/a\n", .controlCharacter), ("/\u{1f}", .controlCharacter), ("/\u{7f}", .controlCharacter),
    ("/a\t/b", .controlCharacter),
  ])
  func faults(path: String, fault: PathFault) {
    #expect(PathFault.of(Array(path.utf8)) == fault)
  }

  @Test func lengths() {
    func path(_ count: Int) -> [UInt8] { [0x2f] + [UInt8](repeating: 0x61, count: count - 1) }
    #expect(PathFault.of(path(Limit.path - 1)) == nil)
    #expect(PathFault.of(path(Limit.path)) == nil)
    #expect(PathFault.of(path(Limit.path + 1)) == .tooLong)
  }
}
