// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7System
import Testing

@testable import E7PrivCore

struct AuthorityTests {
  private func peer(_ uid: UInt32, _ gid: UInt32, _ groups: [UInt32] = []) -> Peer {
    Peer(credentials: Credentials(pid: 9, uid: uid, gid: gid), groups: groups)
  }

  @Test func rootAndTheGroupAreAdmittedAndNobodyElse() {
    let authority = Authority(adminGroup: 77)
    #expect(authority.admits(peer(0, 5)))
    #expect(authority.admits(peer(1000, 77)))
    #expect(authority.admits(peer(1000, 5, [4, 77])))
    #expect(!authority.admits(peer(1000, 5, [4, 76, 78])))
    #expect(!authority.admits(peer(77, 0, [0])))
    #expect(!authority.admits(nil))
  }

  @Test(arguments: [nil, 0] as [UInt32?])
  func withoutAGroupThereIsRootAlone(group: UInt32?) {
    let authority = Authority(adminGroup: group)
    #expect(authority.admits(peer(0, 0)))
    #expect(!authority.admits(peer(1000, 0, [0])))
  }

  @Test func aMakerThatIsNotVisibleAgreesWithNobody() {
    let unseen = Credentials(pid: 0, uid: 0, gid: 0)
    #expect(!Authority.agrees(unseen, with: unseen))
    let maker = Credentials(pid: 3, uid: 4, gid: 5)
    #expect(Authority.agrees(Credentials(pid: 3, uid: 4, gid: 6), with: maker))
  }
}

struct EditCheckTests {
  private func path(_ text: String) -> Match { Match(path: Array(text.utf8)) }

  @Test func everyValueOfAFlagsKindIsTakenAndItsNeighboursAreNot() {
    for flag in Flag.all {
      guard let list = flag.values else {
        #expect(Edit.set(flag, 0).fault == "flag \(flag.alias) is only read")
        continue
      }
      for value in 0..<300 as Range<UInt64> {
        #expect((Edit.set(flag, value).fault == nil) == (Words.word(list, UInt32(value)) != nil))
      }
      #expect(Edit.set(flag, 1 << 32).fault != nil)
      #expect(Edit.set(flag, .max).fault != nil)
    }
  }

  @Test func theWordsOfAFlagAreNamed() {
    #expect(
      Edit.set(.mode, 3).fault
        == "flag mode does not take 3; expected disabled, enabled, block, disable, enable (0 to 2)")
  }

  @Test(arguments: [(0, true), (255, true), (256, true), (257, false), (65535, false)])
  func protocolsEndAtAny(number: UInt16, isTaken: Bool) {
    #expect((Edit.add(.allow, Match(prot: number)).fault == nil) == isTaken)
    #expect((Edit.remove(Match(prot: number)).fault == nil) == isTaken)
  }

  @Test(arguments: ["usr", "/a//b", "/a/../b", "/a/.", "/a\u{1b}", "/a\u{7f}"])
  func aPathInAnotherFormIsRefused(text: String) {
    for edit in [Edit.add(.allow, path(text)), .remove(path(text))] {
      #expect(edit.fault?.hasPrefix("the path ") == true)
      #expect(edit.fault?.contains("expected") == true)
    }
  }

  @Test func pathsEndAtTheirLimit() {
    for count in [Int(Limit.path) - 1, Int(Limit.path)] {
      #expect(
        Edit.add(.allow, path("/" + String(repeating: "a", count: count - 1))).fault == nil)
    }
    let long = path("/" + String(repeating: "a", count: Int(Limit.path)))
    #expect(
      Edit.add(.allow, long).fault == "the path is too long; expected at most \(Limit.path) bytes")
  }

  @Test func classesOfRulesAreTakenAndOthersAreNot() {
    for number in UInt8(0)...255 {
      guard let programClass = ProgramClass(wire: number) else { continue }
      let isTaken = [.foreign, .deleted, .memfd, .kernel].contains(programClass)
      let alone = Match(prot: 6, programClass: programClass)
      let withPath = Match(programClass: programClass, path: Array("/usr/bin/curl".utf8))
      for edit in [Edit.add(.allow, alone), .remove(alone)] {
        #expect((edit.fault == nil) == isTaken, "\(programClass.word)")
      }
      for edit in [Edit.add(.allow, withPath), .remove(withPath)] {
        #expect((edit.fault == nil) == (programClass == .foreign), "\(programClass.word)")
      }
    }
    #expect(
      Edit.add(.allow, Match(programClass: .host)).fault
        == "rules do not name class host; expected foreign, deleted, memfd, kernel, or a path alone"
    )
    #expect(
      Edit.remove(Match(programClass: .kernel, path: Array("/x".utf8))).fault
        == "class kernel takes no path; expected the class alone")
    let folder = Match(programClass: .foreign, path: Array("usr/".utf8))
    #expect(Edit.add(.allow, folder).fault?.hasPrefix("the path is not absolute") == true)
  }

  @Test func whatHasNoValuesHasNoFault() {
    for edit in [
      Edit.removeID(.max), .clear(.block, generation: 0), .begin(replace: true, generation: 1),
      .commit, .abort, .add(.block, Match()),
    ] { #expect(edit.fault == nil) }
  }
}

struct EditTextTests {
  @Test func editsReadLikeTheRuleLanguage() {
    let match = Match(prot: 132, path: Array("/bin/a b".utf8))
    let texts: [(Edit, String)] = [
      (.add(.allow, match), "allow sctp /bin/a b"), (.remove(match), "clear sctp /bin/a b"),
      (.add(.block, Match(prot: 200)), "block 200"), (.add(.block, Match()), "block any"),
      (.add(.block, Match(prot: 17, programClass: .kernel)), "block udp kernel"),
      (
        .remove(Match(programClass: .foreign, path: Array("/bin/".utf8))),
        "clear any foreign /bin/"
      ),
      (.removeID(5), "clear id 5"), (.clear(nil, generation: nil), "clear"),
      (.clear(.block, generation: 8), "clear block at generation 8"),
      (.set(.mode, 2), "set mode block"), (.set(.mode, 9), "set mode 9"),
      (.begin(replace: true, generation: 4), "begin replace at generation 4"),
      (.begin(replace: false, generation: nil), "begin"), (.commit, "commit"), (.abort, "abort"),
    ]
    for (edit, text) in texts { #expect(String(decoding: edit.words, as: UTF8.self) == text) }
  }
}

struct PaceTests {
  @Test func aSecondHoldsWhatItSays() {
    var pace = Pace(perSecond: 3, now: 5000)
    func admitted(_ times: [UInt64]) -> [Bool] { times.map { pace.admits(now: $0) } }
    #expect(admitted([5000, 5000, 5000, 5000]) == [true, true, true, false])
    #expect(admitted([5333, 5334, 5334]) == [false, true, false])
    // Idle time fills the bucket to its brim and no further, and a clock never runs back.
    let late: UInt64 = 1 << 60
    #expect(admitted([late, late, late, late, 0]) == [true, true, true, false, false])
  }

  @Test func restartsAreAtOnceThenSlower() {
    var backoff = Backoff()
    let pauses = (0..<8).map { _ in backoff.pause(afterLiving: 10) }
    #expect(pauses == [0, 50, 100, 200, 400, 800, 1000, 1000])
    #expect(backoff.pause(afterLiving: Backoff.settled - 1) == Backoff.longest)
    #expect(backoff.pause(afterLiving: Backoff.settled) == 0)
    #expect(backoff.pause(afterLiving: 0) == 50)
  }
}
