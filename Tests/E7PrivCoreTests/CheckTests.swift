// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7System
import E7Unix
import Glibc
import Testing

@testable import E7PrivCore

struct AuthorityTests {
  /// Whether a lane of this process's making would be admitted.
  private static func isAdmitted(_ group: UInt32?) throws -> Bool {
    let pair = try SequencedSocket.pair()
    let maker = try SequencedSocket.maker(pair.second)
    return Authority(adminGroup: group).admits(maker, over: pair.second)
  }

  /// Becomes somebody with these groups; fails the exit test where it cannot.
  private static func become(_ uid: UInt32, _ gid: UInt32, _ groups: [UInt32]) {
    guard unsafe setgroups(groups.count, groups) == 0, setgid(gid) == 0, setuid(uid) == 0 else {
      exit(9)
    }
  }

  private static func end(_ isRight: Bool?) -> Never { exit(isRight == true ? 42 : 1) }

  @Test(.enabled(if: Process.isRoot)) func rootIsAdmitted() throws {
    for group in [77, 0, nil] as [UInt32?] { #expect(try AuthorityTests.isAdmitted(group)) }
  }

  @Test(.enabled(if: Process.isRoot)) func membersAreAdmitted() async {
    await #expect(processExitsWith: .exitCode(42)) {
      AuthorityTests.become(1000, 5, [4, 77])
      AuthorityTests.end(try? AuthorityTests.isAdmitted(77))
    }
    await #expect(processExitsWith: .exitCode(42)) {
      AuthorityTests.become(1000, 77, [])
      AuthorityTests.end(try? AuthorityTests.isAdmitted(77))
    }
    // In as many groups as there may be.
    await #expect(processExitsWith: .exitCode(42)) {
      AuthorityTests.become(1000, 5, Array(100_000..<165_535) + [77])
      AuthorityTests.end(try? AuthorityTests.isAdmitted(77))
    }
  }

  @Test(.enabled(if: Process.isRoot)) func othersAreNot() async {
    await #expect(processExitsWith: .exitCode(42)) {
      AuthorityTests.become(1000, 5, [4, 76, 78])
      AuthorityTests.end((try? AuthorityTests.isAdmitted(77)).map { !$0 })
    }
    await #expect(processExitsWith: .exitCode(42)) {
      AuthorityTests.become(77, 5, [])
      AuthorityTests.end((try? AuthorityTests.isAdmitted(77)).map { !$0 })
    }
    // Root's group is nobody's licence, and without a group there is root alone.
    await #expect(processExitsWith: .exitCode(42)) {
      AuthorityTests.become(1000, 0, [0])
      let none = try? AuthorityTests.isAdmitted(nil)
      let roots = try? AuthorityTests.isAdmitted(0)
      AuthorityTests.end(none == false && roots == false)
    }
  }

  @Test func whomTheKernelDoesNotNameIsNot() throws {
    let authority = Authority(adminGroup: 77)
    let none = FileDescriptor(owning: -1)
    // No answer about groups is a no.
    for maker in [nil, Credentials(pid: 9, uid: 1000, gid: 5)] {
      let isAdmitted = authority.admits(maker, over: none)
      #expect(!isAdmitted)
    }
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

  @Test func theNumbersOfAFlagAreNamed() {
    #expect(
      Edit.set(.mode, 3).fault
        == "VALUE: flag mode does not take 3; expected 0 to 2"
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
  }

  @Test func verdictOfFailIsNoReject() {
    #expect(Edit.set(.unkrule, 3).fault == nil && Edit.set(.unkproc, 3).fault == nil)
    #expect(
      Edit.set(.fail, 3).fault == "VALUE: flag fail does not take 3; expected 1 to 2"
    )
    #expect(
      Edit.set(.unkrule, 5).fault
        == "VALUE: flag unkrule does not take 5; expected 1 to 4")
    #expect(
      Edit.set(.fail, 4).fault == "VALUE: flag fail does not take 4; expected 1 to 2"
    )
  }

  @Test func answersHaveTheirTime() {
    func fault(_ question: UInt64, _ action: Action, _ lasting: Lasting) -> String? {
      Edit.answer(question: question, action, lasting).fault
    }
    for action: Action in [.allow, .block, .reject] {
      for lasting: Lasting in [.once, .always, .seconds(1), .seconds(UInt32(Limit.forSeconds))] {
        #expect(fault(1, action, lasting) == nil && fault(.max, action, lasting) == nil)
      }
    }
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

struct EditRecordTests {
  private func error(_ type: MessageType, _ write: (inout AttributeWriter) -> Void) -> String? {
    do throws(DecodeError) {
      let message = try Message(decoding: Message.encode(type, sequence: 1, write))
      let fault = LaneEdit(type, message.attributes).fault
      return fault.map { String(decoding: $0.text, as: UTF8.self) }
    } catch {
      return error.text
    }
  }

  @Test func whatAnEditNeedsIsNamed() {
    #expect(error(.ruleAdd) { $0.u16(.prot, 6) } == DecodeError.missing(.action).text)
    #expect(error(.flagSet) { $0.u8(.flag, 1) } == DecodeError.missing(.value).text)
    #expect(error(.flagSet) { $0.u64(.value, 1) } == DecodeError.missing(.flag).text)
    #expect(error(.answer) { $0.u64(.question, 1) } == DecodeError.missing(.action).text)
    #expect(error(.answer) { $0.u8(.action, 1) } == DecodeError.missing(.question).text)
    // Blindly it would take with it what somebody else has just added.
    #expect(error(.ruleClear) { _ in } == DecodeError.missing(.generation).text)
    #expect(error(.ruleClear) { $0.u8(.action, 1) } == nil)
    #expect(error(.begin) { $0.flag(.replace) } == DecodeError.missing(.generation).text)
    #expect(error(.begin) { _ in } == nil)
  }

  @Test func eachCommandTakesItsOwnAttributes() {
    #expect(error(.commit) { $0.u16(.prot, 6) } == DecodeError.unexpected(.prot).text)
    #expect(error(.abort) { $0.u64(.generation, 6) } == DecodeError.unexpected(.generation).text)
    #expect(error(.ruleDel) { $0.u8(.action, 1) } == DecodeError.unexpected(.action).text)
    #expect(error(.ruleAdd) { $0.u32(.error, 1) } == DecodeError.unexpected(.error).text)
    // What the command takes, but no lane.
    #expect(
      error(.ruleAdd) {
        $0.u8(.action, 1)
        $0.flag(.direct)
      } == DecodeError.unexpected(.direct).text)
    for type: MessageType in [.claim, .status] {
      #expect(error(type) { _ in } == "a lane takes edits; ask the broker for all else")
    }
  }

  @Test func numbersOfListsAreInThem() {
    for (attribute, values) in [
      (.action, 1...4), (.direction, 1...2), (.programClass, 0...7),
    ] as [(Attribute, ClosedRange<UInt8>)] {
      for value in UInt8(0)...255 {
        let found = error(.ruleAdd) {
          if attribute != .action { $0.u8(.action, 1) }
          $0.u8(attribute, value)
        }
        let isKnown = Words.phrase(list(attribute), value) != nil
        #expect(found == (isKnown ? nil : DecodeError.outOfRange(attribute).text))
        if isKnown { #expect(values.contains(value)) }
      }
    }
    #expect(
      error(.flagSet) {
        $0.u8(.flag, 255)
        $0.u64(.value, 1)
      } == DecodeError.outOfRange(.flag).text)
  }

  private func list(_ attribute: Attribute) -> WordList {
    attribute == .action ? .action : attribute == .direction ? .direction : .programClass
  }

  @Test func editsReadLikeTheSchema() throws {
    let match = Match(prot: 132, path: Array("/bin/a b".utf8))
    let texts: [(Edit, String)] = [
      (.add(.allow, match), "RULE_ADD ACTION=allow PROT=sctp PATH=/bin/a b"),
      (.remove(match), "RULE_DEL PROT=sctp PATH=/bin/a b"),
      (.add(.block, Match(prot: 200)), "RULE_ADD ACTION=block PROT=200"),
      (.add(.block, Match()), "RULE_ADD ACTION=block PROT=any"),
      (
        .add(
          .reject,
          Match(
            isQuick: true, prot: 6, path: Array("/bin/".utf8), direction: .outgoing,
            remote: Network([10, 0, 0, 0], prefix: 8), ports: Ports(80, 443), uid: 1000),
          Terms(forSeconds: 90, comment: Array("the web".utf8))),
        "RULE_ADD ACTION=reject QUICK PROT=tcp PATH=/bin/ DIRECTION=out REMOTE=10.0.0.0 PREFIX=8 "
          + "PORT_FIRST=80 PORT_LAST=443 UID=1000 FOR=90 COMMENT=the web"
      ),
      (
        .remove(
          Match(
            programClass: .foreign, direction: .incoming,
            remote: Network([0x20, 1] + [UInt8](repeating: 0, count: 14), prefix: 16))),
        "RULE_DEL CLASS=foreign DIRECTION=in REMOTE=2001:: PREFIX=16"
      ),
      (.answer(question: 7, .allow, .once), "ANSWER QUESTION=7 ACTION=allow"),
      (
        .answer(question: .max, .block, .always),
        "ANSWER QUESTION=18446744073709551615 ACTION=block ALWAYS"
      ),
      (.set(.askTime, 30), "FLAG_SET FLAG=asktime VALUE=30"),
      (.set(.mode, 2), "FLAG_SET FLAG=mode VALUE=block"),
      (.set(.mode, 9), "FLAG_SET FLAG=mode VALUE=9"),
      (.removeID(5), "RULE_DEL ID=5"),
      (.clear(.block, generation: 8), "RULE_CLEAR ACTION=block GENERATION=8"),
      (.begin(replace: true, generation: 4), "BEGIN REPLACE GENERATION=4"),
      (.commit(confirm: 60), "COMMIT CONFIRM=60"), (.revert, "REVERT"),
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
