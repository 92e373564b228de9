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
      if let range = flag.range {
        for value in [0, range.lowerBound, range.upperBound, range.upperBound + 1, .max] {
          #expect((Edit.set(flag, value).fault == nil) == range.contains(value))
        }
        continue
      }
      guard let list = flag.values else {
        #expect(Edit.set(flag, 0).fault == "FLAG \(flag.alias) is only read")
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
        == "VALUE: flag mode does not take 3; expected disabled, enabled, block (0 to 2)"
    )
    #expect(
      Edit.set(.askTime, 0).fault == "VALUE: flag asktime does not take 0; expected 1 to 3600")
    #expect(
      Edit.set(.askMost, 4097).fault == "VALUE: flag askmax does not take 4097; expected 1 to 4096")
  }

  @Test(arguments: [(0, true), (255, true), (256, true), (257, false), (65535, false)])
  func protocolsEndAtAny(number: UInt16, isTaken: Bool) {
    #expect((Edit.add(.allow, Match(prot: number)).fault == nil) == isTaken)
    #expect((Edit.remove(Match(prot: number)).fault == nil) == isTaken)
  }

  @Test(arguments: ["usr", "/a//b", "/a/../b", "/a/.", "/a\u{1b}", "/a\u{7f}"])
  func aPathInAnotherFormIsRefused(text: String) {
    for edit in [Edit.add(.allow, path(text)), .remove(path(text))] {
      #expect(edit.fault?.hasPrefix("PATH ") == true)
      #expect(edit.fault?.contains("expected") == true)
    }
  }

  @Test func pathsEndAtTheirLimit() {
    for count in [Int(Limit.path) - 1, Int(Limit.path)] {
      #expect(
        Edit.add(.allow, path("/" + String(repeating: "a", count: count - 1))).fault == nil)
    }
    let long = path("/" + String(repeating: "a", count: Int(Limit.path)))
    #expect(Edit.add(.allow, long).fault == "attribute PATH is out of range")
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
        == "CLASS: rules do not name class host; expected foreign, deleted, memfd, kernel, or a path alone"
    )
    #expect(
      Edit.remove(Match(programClass: .kernel, path: Array("/x".utf8))).fault
        == "PATH: class kernel takes no path; expected the class alone")
    let folder = Match(programClass: .foreign, path: Array("usr/".utf8))
    #expect(Edit.add(.allow, folder).fault?.hasPrefix("PATH is not absolute") == true)
  }

  /// What is wrong with a match, the same for a rule that is added and one that is removed.
  private func fault(_ match: Match) -> String? {
    let edits = [Edit.add(.reject, match), .remove(match)]
    #expect(edits[0].fault == edits[1].fault)
    return edits[0].fault
  }

  private func fault(to address: [UInt8], _ prefix: UInt8, _ prot: UInt16 = 256) -> String? {
    fault(Match(prot: prot, direction: .outgoing, remote: Network(address, prefix: prefix)))
  }

  @Test func networksHaveADirectionAndOneForm() {
    let six: [UInt8] = [0x20, 1, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 12)
    let mapped = [UInt8](repeating: 0, count: 10) + [0xff, 0xff, 10, 0, 0, 1]
    for prefix: UInt8 in [0, 1, 31, 32] { #expect(fault(to: [0, 0, 0, 0], prefix) == nil) }
    for prefix: UInt8 in [32, 127, 128] { #expect(fault(to: six, prefix) == nil) }
    #expect(fault(Match(direction: .incoming)) == nil)
    #expect(
      fault(Match(remote: Network([10, 0, 0, 0], prefix: 8)))
        == "REMOTE stands without DIRECTION; expected both")
    #expect(
      fault(to: [10, 0, 0, 0], 33) == "PREFIX 33 is longer than REMOTE; expected 0 to 32")
    #expect(fault(to: six, 129) == "attribute PREFIX is out of range")
    #expect(
      fault(to: [10, 1, 2, 3], 8)
        == "REMOTE 10.1.2.3/8 has bits behind PREFIX; expected 10.0.0.0/8")
    #expect(
      fault(to: six, 28)
        == "REMOTE 2001:db8::/28 has bits behind PREFIX; expected 2001:db0::/28")
    #expect(
      fault(to: mapped, 128)
        == "REMOTE ::ffff:10.0.0.1 is an address of IPv4; expected its 4 bytes")
    #expect(
      fault(to: [10, 0, 0, 1], 32, 58)
        == "REMOTE 10.0.0.1 is not of protocol 58's family; expected the other one's")
    #expect(
      fault(to: six, 32, 1)
        == "REMOTE 2001:db8::/32 is not of protocol 1's family; expected the other one's")
    #expect(fault(to: [10, 0, 0, 1], 32, 1) == nil && fault(to: six, 32, 58) == nil)
  }

  @Test func portsAreInOrderAndOfAProtocolThatHasThem() {
    for ports in [Ports(0, 0), Ports(0, .max), Ports(80, 80), Ports(79, 80)] {
      #expect(fault(Match(prot: 6, ports: ports)) == nil && fault(Match(ports: ports)) == nil)
    }
    #expect(
      fault(Match(ports: Ports(81, 80)))
        == "PORT_FIRST 81 is over PORT_LAST 80; expected them swapped")
    #expect(
      fault(Match(prot: 1, ports: Ports(5, 5)))
        == "PORT_FIRST: protocol 1 has no ports; expected it without PORT_FIRST and PORT_LAST")
  }

  @Test func usersEndBeforeNobody() {
    for uid: UInt32 in [0, 1, .max - 1] { #expect(fault(Match(uid: uid)) == nil) }
    #expect(fault(Match(uid: .max)) == "UID 4294967295 is nobody; expected 0 to 4294967294")
  }

  @Test func termsHaveTheirLimits() {
    func fault(_ terms: Terms) -> String? { Edit.add(.allow, Match(), terms).fault }
    let most = UInt32(Limit.forSeconds)
    for seconds in [1, 2, most - 1, most] { #expect(fault(Terms(forSeconds: seconds)) == nil) }
    for seconds in [0, most + 1, .max] {
      #expect(
        fault(Terms(forSeconds: seconds))
          == "FOR \(seconds) is out of range; expected 1 to 31536000 seconds")
    }
    for count in [1, Limit.comment - 1, Limit.comment] {
      #expect(fault(Terms(comment: [UInt8](repeating: 0x61, count: count))) == nil)
    }
    #expect(
      fault(Terms(comment: [UInt8](repeating: 0x61, count: Limit.comment + 1)))
        == "attribute COMMENT is out of range")
    #expect(fault(Terms(comment: [0xff])) == "COMMENT is not UTF-8; expected UTF-8")
    #expect(
      fault(Terms(comment: [0x1b]))
        == "COMMENT holds a control character; expected a comment without any")
  }

  @Test func verdictOfFailIsNoReject() {
    #expect(Edit.set(.unkrule, 3).fault == nil && Edit.set(.unkproc, 3).fault == nil)
    #expect(
      Edit.set(.fail, 3).fault == "VALUE: flag fail does not take 3; expected allow, block (1 to 2)"
    )
    #expect(
      Edit.set(.unkrule, 5).fault
        == "VALUE: flag unkrule does not take 5; expected allow, block, reject, ask (1 to 4)")
    #expect(
      Edit.set(.fail, 4).fault == "VALUE: flag fail does not take 4; expected allow, block (1 to 2)"
    )
  }

  @Test func answersHaveAQuestionAndAVerdict() {
    func fault(_ question: UInt64, _ action: Action, _ lasting: Lasting) -> String? {
      Edit.answer(question: question, action, lasting).fault
    }
    for action: Action in [.allow, .block, .reject] {
      for lasting: Lasting in [.once, .always, .seconds(1), .seconds(UInt32(Limit.forSeconds))] {
        #expect(fault(1, action, lasting) == nil && fault(.max, action, lasting) == nil)
      }
    }
    #expect(
      fault(0, .allow, .once) == "QUESTION 0 does not exist; expected 1 to 18446744073709551615")
    #expect(fault(1, .ask, .always) == "ACTION: ask is no answer; expected allow, block, reject")
    for seconds in [0, UInt32(Limit.forSeconds) + 1, .max] {
      #expect(
        fault(1, .allow, .seconds(seconds))
          == "FOR \(seconds) is out of range; expected 1 to 31536000 seconds")
    }
  }

  @Test func whatHasNoValuesHasNoFault() {
    for edit in [
      Edit.removeID(.max), .clear(.block, generation: 0), .begin(replace: true, generation: 1),
      .commit(), .abort, .confirm, .revert, .add(.block, Match()),
    ] { #expect(edit.fault == nil) }
  }

  @Test func aTrialHasItsTime() {
    let most = UInt32(Limit.confirmSeconds)
    for seconds in [1, 2, most - 1, most] {
      #expect(Edit.commit(confirm: seconds).fault == nil)
    }
    for seconds in [0, most + 1, .max] {
      #expect(
        Edit.commit(confirm: seconds).fault
          == "CONFIRM \(seconds) is out of range; expected 1 to 3600 seconds")
    }
  }
}

struct EditTextTests {
  @Test func editsReadLikeTheRuleLanguage() throws {
    let match = Match(prot: 132, path: Array("/bin/a b".utf8))
    let texts: [(Edit, String)] = [
      (.add(.allow, match), "allow sctp /bin/a b"), (.remove(match), "clear sctp /bin/a b"),
      (.add(.block, Match(prot: 200)), "block 200"), (.add(.block, Match()), "block any"),
      (.add(.block, Match(prot: 17, programClass: .kernel)), "block udp kernel"),
      (
        .remove(Match(programClass: .foreign, path: Array("/bin/".utf8))),
        "clear any foreign /bin/"
      ),
      (
        .add(
          .reject,
          Match(
            isQuick: true, prot: 6, path: Array("/bin/".utf8), direction: .outgoing,
            remote: Network([10, 0, 0, 0], prefix: 8), ports: Ports(80, 443), uid: 1000),
          Terms(forSeconds: 90, comment: Array("the web".utf8))),
        "reject quick tcp /bin/ to 10.0.0.0/8 port 80-443 user 1000 for 90s comment \"the web\""
      ),
      (
        .remove(Match(direction: .incoming, ports: Ports(22, 22))), "clear any in port 22"
      ),
      (
        .remove(Match(direction: .incoming, remote: Network([10, 0, 0, 1], prefix: 32))),
        "clear any from 10.0.0.1"
      ),
      (.answer(question: 7, .allow, .once), "answer 7 allow"),
      (.answer(question: .max, .block, .always), "answer 18446744073709551615 block always"),
      (.answer(question: 7, .reject, .seconds(90)), "answer 7 reject for 90s"),
      (.add(.ask, match), "ask sctp /bin/a b"), (.set(.askTime, 30), "set asktime 30"),
      (.removeID(5), "clear id 5"), (.clear(nil, generation: nil), "clear"),
      (.clear(.block, generation: 8), "clear block at generation 8"),
      (.set(.mode, 2), "set mode block"), (.set(.mode, 9), "set mode 9"),
      (.begin(replace: true, generation: 4), "begin replace at generation 4"),
      (.begin(replace: false, generation: nil), "begin"), (.commit(), "commit"), (.abort, "abort"),
      (.commit(confirm: 60), "commit on trial for 60s"), (.confirm, "confirm"),
      (.revert, "revert"),
    ]
    for (edit, text) in texts { #expect(try String(edit.checked().words) == text) }
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
}
