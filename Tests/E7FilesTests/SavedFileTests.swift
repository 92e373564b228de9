// SPDX-License-Identifier: GPL-2.0-or-later
import E7Files
import E7System
import Glibc
import Testing

/// A folder of its own that goes with its owner, without Foundation.
private final class Folder {
  let path: String

  init() throws {
    var template = Array("/tmp/e7-files-XXXXXX".utf8CString)
    let isMade = unsafe mkdtemp(&template) != nil
    try #require(isMade)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    for name in names { _ = unsafe unlink("\(path)/\(name)") }
    for name in names { _ = unsafe rmdir("\(path)/\(name)") }
    _ = unsafe rmdir(path)
  }

  var names: [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  func bytes(_ name: String) -> [UInt8] {
    let file = unsafe open("\(path)/\(name)", O_RDONLY)
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = unsafe read(file, &bytes, bytes.count)
    return Array(bytes.prefix(max(0, count)))
  }

  func status(_ name: String) -> stat {
    var status = stat()
    unsafe lstat("\(path)/\(name)", &status)
    return status
  }

  func put(_ name: String, _ text: String, mode: mode_t) {
    let file = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT, 0o600 as mode_t)
    unsafe write(file, text, text.utf8.count)
    fchmod(file, mode)
    close(file)
  }

  func save(_ name: String, _ text: String) throws(SaveError) {
    try SavedFile.replace(Array("\(path)/\(name)".utf8), with: Array(text.utf8))
  }
}

@Suite struct SavedFileTests {
  @Test func aNewFileIsForItsGroupToRead() throws {
    let folder = try Folder()
    try folder.save("rules", "allow any\n")
    #expect(folder.names == ["rules"])
    #expect(folder.bytes("rules") == Array("allow any\n".utf8))
    #expect(folder.status("rules").st_mode & 0o7777 == 0o640)
  }

  @Test(arguments: [0o600, 0o644, 0o400] as [mode_t])
  func anOldOneKeepsItsMode(mode: mode_t) throws {
    let folder = try Folder()
    folder.put("rules", "old, and longer than the new one", mode: mode)
    let old = folder.status("rules")
    try folder.save("rules", "new")
    let new = folder.status("rules")
    #expect(folder.bytes("rules") == Array("new".utf8) && folder.names == ["rules"])
    #expect(new.st_mode & 0o7777 == mode && new.st_ino != old.st_ino)
  }

  @Test(.enabled(if: geteuid() == 0)) func anOldOneKeepsItsOwner() throws {
    let folder = try Folder()
    folder.put("rules", "old", mode: 0o640)
    let error = unsafe chown("\(folder.path)/rules", 4000, 4001)
    try #require(error == 0)
    try folder.save("rules", "new")
    let new = folder.status("rules")
    #expect(new.st_uid == 4000 && new.st_gid == 4001 && new.st_mode & 0o7777 == 0o640)
  }

  @Test func whoeverHasTheOldOneOpenReadsItToItsEnd() throws {
    let folder = try Folder()
    folder.put("rules", "old", mode: 0o600)
    let reader = unsafe open("\(folder.path)/rules", O_RDONLY)
    defer { close(reader) }
    try folder.save("rules", "new")
    var bytes = [UInt8](repeating: 0, count: 8)
    let count = unsafe read(reader, &bytes, 8)
    #expect(count == 3 && bytes.prefix(3) == Array("old".utf8)[...])
  }

  @Test func whatIsNoFileIsLeftAlone() throws {
    let folder = try Folder()
    folder.put("file", "stays", mode: 0o600)
    let errors = unsafe [
      symlink("file", "\(folder.path)/link"), mkfifo("\(folder.path)/fifo", 0o600),
      mkdir("\(folder.path)/folder", 0o700),
    ]
    #expect(errors == [0, 0, 0])
    let names = folder.names
    for name in ["link", "fifo", "folder", "", ".", "..", "folder/"] {
      #expect(throws: SaveError.notRegular, "\(name)") { try folder.save(name, "new") }
    }
    #expect(throws: SaveError.notRegular) {
      try SavedFile.replace(Array("/dev/null".utf8), with: [])
    }
    #expect(folder.names == names && folder.bytes("file") == Array("stays".utf8))
  }

  @Test func aFailureLeavesNothingBehind() throws {
    let folder = try Folder()
    let missing = SaveError.failed(SystemError("open", errno: ENOENT))
    #expect(throws: missing) { try folder.save("missing/rules", "new") }
    folder.put("file", "stays", mode: 0o600)
    let noFolder = SaveError.failed(SystemError("open", errno: ENOTDIR))
    #expect(throws: noFolder) { try folder.save("file/rules", "new") }
    let long = String(repeating: "n", count: 256)
    let tooLong = SaveError.failed(SystemError("fstatat", errno: ENAMETOOLONG))
    #expect(throws: tooLong) { try folder.save(long, "new") }
    #expect(folder.names == ["file"])
    // The longest name that there can be needs no longer one meanwhile.
    try folder.save(String(long.dropLast()), "new")
    #expect(folder.bytes(String(long.dropLast())) == Array("new".utf8))
  }

  @Test func leftoversAreSteppedOver() throws {
    let folder = try Folder()
    for number in 0..<3 { folder.put(".e7-save.\(getpid()).\(number)", "x", mode: 0o600) }
    try folder.save("rules", "new")
    #expect(folder.names.count == 4 && folder.bytes("rules") == Array("new".utf8))
    for number in 3..<100 { folder.put(".e7-save.\(getpid()).\(number)", "x", mode: 0o600) }
    let exists = SaveError.failed(SystemError("openat", errno: EEXIST))
    #expect(throws: exists) { try folder.save("rules", "newer") }
    #expect(folder.bytes("rules") == Array("new".utf8))
  }
}
