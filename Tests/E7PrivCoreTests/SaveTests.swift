// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
import E7IPC
import E7System
import Foundation
import Testing

@testable import E7PrivCore

/// A folder of its own, with a rules file.
private final class Folder {
  let path: String

  init() throws {
    let all = FileManager.default.temporaryDirectory
    path = all.appendingPathComponent("e7-save-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    try "old".write(toFile: path + "/rules", atomically: false, encoding: .utf8)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func open() throws -> Int32 {
    let raw = unsafe path.withCString { unsafe Glibc.open($0, O_RDONLY | O_DIRECTORY) }
    return try #require(raw >= 0 ? raw : nil)
  }

  func read(_ name: String) throws -> String {
    try String(contentsOfFile: path + "/" + name, encoding: .utf8)
  }

  /// Bytes of the file that is being written; nil where none is.
  var begun: Int? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/.rules.new")
    return attributes?[.size] as? Int
  }
}

struct SaveTests {
  private func part(_ text: String, _ generation: UInt64? = nil) -> SavePart {
    SavePart(Array(text.utf8), generation: generation)
  }

  private func fixture(_ folder: Folder) throws -> Fixture {
    let fixture = Fixture(folder: try folder.open())
    _ = try fixture.open(1)
    _ = try fixture.open(2)
    return fixture
  }

  @Test func partsBecomeOneFile() throws {
    let folder = try Folder()
    let fixture = try fixture(folder)
    #expect(try fixture.save(1, part("allow\n")) == Outcome())
    #expect(try folder.read("rules") == "old")
    #expect(try fixture.save(1, part("block\n", 6)) == Outcome(generation: 6))
    #expect(try folder.read("rules") == "allow\nblock\n")
    #expect(try folder.read("rules.previous") == "old")
    #expect(fixture.kernel.edits.isEmpty && folder.begun == nil)
    let who = "uid=0 ruid=0 gid=0 pid=100 save"
    #expect(
      fixture.journal.lines.suffix(2) == [
        "\(who): begins", "\(who) of 12 bytes: done generation=6",
      ])
  }

  @Test func aTextOfOtherRulesIsStale() throws {
    let folder = try Folder()
    let fixture = try fixture(folder)
    for generation in [5 as UInt64, 7] {
      #expect(try fixture.save(1, part("x", generation)).error == UInt32(ESTALE))
    }
    fixture.kernel.generation = nil
    #expect(try fixture.save(1, part("x", 6)).error == UInt32(ESTALE))
    #expect(try folder.read("rules") == "old" && folder.begun == 0)
  }

  @Test func oneSavesAtATimeAndWhoGoesGivesUp() throws {
    let folder = try Folder()
    let fixture = try fixture(folder)
    _ = try fixture.save(1, part("a"))
    #expect(folder.begun == 1)
    #expect(try fixture.save(2, part("b", 6)).error == UInt32(EBUSY))
    try fixture.close(1)
    #expect(folder.begun == 0)
    #expect(try fixture.save(2, part("b", 6)).error == 0)
    #expect(try folder.read("rules") == "b")
  }

  @Test func withoutAFolderNothingIsSaved() throws {
    let fixture = Fixture()
    _ = try fixture.open(1)
    let outcome = try fixture.save(1, part("a", 6))
    #expect(outcome.error == UInt32(ENOENT) && text(outcome.text).contains("no folder"))
  }

  @Test func aFaultOfTheDiskIsToldAndNothingIsLost() throws {
    let folder = try Folder()
    let fixture = try fixture(folder)
    // What stands in the way of the new file.
    let blocker = folder.path + "/.rules.new"
    try FileManager.default.createDirectory(atPath: blocker, withIntermediateDirectories: false)
    let outcome = try fixture.save(1, part("a", 6))
    #expect(outcome.error == UInt32(EISDIR) && text(outcome.text).contains("are not saved"))
    #expect(try folder.read("rules") == "old")
    try FileManager.default.removeItem(atPath: blocker)
    #expect(try fixture.save(1, part("b", 6)).error == 0)
    #expect(try folder.read("rules") == "b")
  }

  @Test func theFileHasASize() throws {
    // Without a lane's messages: so many bytes take a while to be made messages of.
    let folder = try Folder()
    var vault = Vault(FileDescriptor(owning: try folder.open()))
    let lane = Lane(
      FileDescriptor(owning: -1), root, nil, now: 0)
    let most = [UInt8](repeating: 97, count: Int(Limit.part))
    for isOver in [false, true] {
      for _ in 0..<Int(Limit.saved / Limit.part) {
        #expect(vault.take(most, of: nil, from: lane, nil) == nil)
      }
      let end = vault.take(isOver ? [97] : [], of: 6, from: lane, 6)
      #expect(end?.error == (isOver ? UInt32(EFBIG) : 0) && vault.owner == nil)
      let size = try FileManager.default.attributesOfItem(atPath: folder.path + "/rules")[.size]
      #expect(size as? Int == Int(Limit.saved))
    }
  }

  @Test func aPartHasASizeAndAForm() throws {
    let folder = try Folder()
    let fixture = try fixture(folder)
    let long = SavePart(Array(repeating: 97, count: Int(Limit.part) + 1))
    let tooLong = try fixture.receive(1, Message.encode(.save, sequence: 9, long.write))
    #expect(tooLong.closes)
    let none = try done(try fixture.receive(2, Message.encode(.save, sequence: 9)))
    #expect(none.error == UInt32(EINVAL) && text(none.text).contains("PART"))
    let blind = Message.encode(.save, sequence: 9) {
      $0.string(.part, [97])
      $0.flag(.last)
    }
    #expect(text(try done(try fixture.receive(2, blind)).text).contains("GENERATION"))
    #expect(try folder.read("rules") == "old")
  }
}
