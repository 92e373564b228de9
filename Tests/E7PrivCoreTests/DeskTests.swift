// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
import E7IPC
import E7System
import Testing

@testable import E7PrivCore

/// A kernel that notes what reaches it and answers as it is told.
private final class Kernel {
  var seen: [(Edit, Bool)] = []
  var answer = Outcome(generation: 7, id: 3)
  /// What it says against a rule about port 13 in a transaction.
  var refusal = Array("the ruleset is full".utf8)
  var generation: UInt64? = 6

  var edits: [Edit] { seen.map(\.0) }

  func note(_ edit: LaneEdit, _ collected: Bool) {
    guard let edit = try? edit.edit else {
      Issue.record("the kernel is told what is no edit")
      return
    }
    seen.append((edit, collected))
  }
}

private struct FakeTarget: EditTarget {
  let kernel: Kernel

  mutating func apply(_ edit: LaneEdit, collected: Bool) -> Outcome {
    kernel.note(edit, collected)
    return kernel.answer
  }

  mutating func abort() -> Outcome {
    kernel.seen.append((.abort, true))
    return kernel.answer
  }

  mutating func collect(_ edits: [LaneEdit]) -> [Outcome] {
    edits.map { edit in
      kernel.note(edit, true)
      // Whatever is about port 13 is refused.
      guard case .add(_, let match, _)? = kernel.edits.last, match.ports == Ports(13, 13) else {
        return Outcome()
      }
      return Outcome(error: 28, text: kernel.refusal)
    }
  }

  mutating func generation() -> UInt64? { kernel.generation }
}

/// A log that keeps its lines, or none.
private final class FakeJournal: Journal {
  var lines: [String] = []
  var isBroken = false

  func write(_ lines: [Log.Line]) -> Bool {
    guard !isBroken else { return false }
    self.lines += lines.map { ($0.priority == .warning ? "! " : "") + text($0.text) }
    return true
  }
}

/// A file in memory, whose next step fails when it is told so.
private final class FakeShelf: Shelf {
  var saved: [UInt8] = []
  var begun: [UInt8]?
  var fault: SystemError?

  func begin() throws(SystemError) {
    begun = []
    if let fault { throw fault }
  }
  func write(_ bytes: [UInt8]) throws(SystemError) {
    begun?.append(contentsOf: bytes)
    if let fault { throw fault }
  }
  func end() throws(SystemError) {
    if fault == nil { (saved, begun) = (begun ?? [], nil) }
    if let fault { throw fault }
  }
  func abandon() { begun = nil }
}

private let root = Peer(credentials: Credentials(pid: 100, uid: 0, gid: 0), groups: [])

/// One that only counts.
private final class CountingShelf: Shelf {
  var saved = 0
  private var size = 0

  func begin() throws(SystemError) {
    size = 0
  }
  func write(_ bytes: [UInt8]) throws(SystemError) {
    size += bytes.count
  }
  func end() throws(SystemError) {
    saved = size
  }
  func abandon() {}
}

/// A desk with its fake kernel and a clock that stands still.
private final class Fixture {
  let kernel: Kernel
  let journal = FakeJournal()
  let shelf = FakeShelf()
  var desk: Desk<FakeTarget>
  var now: UInt64 = 1000

  init(adminGroup: UInt32? = 77) {
    kernel = Kernel()
    desk = Desk(
      authority: Authority(adminGroup: adminGroup), target: FakeTarget(kernel: kernel),
      journal: journal, shelf: shelf, now: now)
  }

  func open(_ id: UInt64, _ peer: Peer? = root) -> Bool {
    desk.open(id, maker: peer, now: now)
  }

  func send(
    _ id: UInt64, _ edit: Edit, sequence: UInt32 = 9, from sender: Credentials? = root.credentials
  ) -> Reaction {
    desk.receive(
      id, Message.encode(edit.type, sequence: sequence, edit.write), from: sender,
      truncated: false, now: now)
  }

  func receive(_ id: UInt64, _ datagram: [UInt8], truncated: Bool = false) -> Reaction {
    desk.receive(id, datagram, from: root.credentials, truncated: truncated, now: now)
  }

  func expired(at now: UInt64) -> [UInt64] { desk.expired(now: now) }

  func close(_ id: UInt64) { desk.close(id, now: now) }

  func save(_ id: UInt64, _ part: SavePart) throws -> Outcome {
    try done(receive(id, Message.encode(.save, sequence: 9, part.write)))
  }

  func outcome(_ id: UInt64, _ edit: Edit) throws -> Outcome {
    try done(send(id, edit))
  }
}

private func done(_ reaction: Reaction, sequence: UInt32 = 9) throws -> Outcome {
  var message = try Message(decoding: try #require(reaction.replies.last))
  #expect(message.header.type == .done && message.header.sequence == sequence)
  return try Outcome(&message.attributes)
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

private let curl = Edit.add(
  .block, Match(prot: NamedProtocol.tcp.rawValue, path: Array("/usr/bin/curl".utf8)))

struct DeskTests {
  @Test func anEditReachesTheKernelAndItsOutcomeTheAsker() throws {
    let fixture = Fixture()
    #expect(fixture.open(1))
    let reaction = fixture.send(1, curl)
    let outcome = try done(reaction)
    #expect(outcome == Outcome(generation: 7, id: 3))
    #expect(!reaction.closes)
    let who = "uid=0 ruid=0 gid=0 pid=100"
    #expect(
      fixture.journal.lines == [
        "\(who) lane opened: done",
        "\(who) RULE_ADD ACTION=block PROT=tcp PATH=/usr/bin/curl: begins generation=6",
        "\(who) RULE_ADD ACTION=block PROT=tcp PATH=/usr/bin/curl: done id=3 before=6 generation=7",
      ])
    #expect(fixture.kernel.edits == [curl])
    #expect(fixture.kernel.seen.allSatisfy { !$0.1 })
  }

  @Test func theKernelsRefusalReachesTheAskerAndTheLog() throws {
    let fixture = Fixture()
    _ = fixture.open(1)
    fixture.kernel.answer = Outcome(error: 28, text: Array("the ruleset is full".utf8))
    let reaction = fixture.send(1, curl)
    #expect(try done(reaction) == fixture.kernel.answer)
    #expect(!reaction.closes)
    #expect(
      fixture.journal.lines.last
        == "! uid=0 ruid=0 gid=0 pid=100 RULE_ADD ACTION=block PROT=tcp PATH=/usr/bin/curl: refused: ENOSPC the ruleset is "
        + "full before=6")
  }

  @Test func answersAreCheckedBeforeTheKernelSeesThem() throws {
    let fixture = Fixture()
    _ = fixture.open(1)
    for lasting: Lasting in [.seconds(0), .seconds(UInt32(Limit.forSeconds) + 1)] {
      let reaction = fixture.send(1, .answer(question: 7, .allow, lasting))
      #expect(try done(reaction).error == UInt32(EINVAL))
    }
    let unknown = Message.encode(.answer, sequence: 9) {
      $0.u64(.question, 7)
      $0.u8(.action, 9)
    }
    #expect(try done(fixture.receive(1, unknown)).error == UInt32(EINVAL))
    #expect(fixture.kernel.edits.isEmpty)
    fixture.kernel.answer = Outcome(error: 2, text: Array("no such question".utf8))
    let reaction = fixture.send(1, .answer(question: 7, .reject, .seconds(90)))
    #expect(try done(reaction) == fixture.kernel.answer)
    #expect(
      fixture.journal.lines.last
        == "! uid=0 ruid=0 gid=0 pid=100 ANSWER QUESTION=7 ACTION=reject FOR=90: refused: ENOENT no such question before=6"
    )
  }

  @Test func aGreetingIsAnswered() throws {
    let fixture = Fixture()
    _ = fixture.open(1)
    let reaction = fixture.receive(1, Message.encode(.hello, sequence: 4) { Hello().write(&$0) })
    #expect(reaction.replies.count == 2 && !reaction.closes)
    var hello = try Message(decoding: reaction.replies[0])
    #expect(try Hello(&hello.attributes) == Hello(role: .admin))
    #expect(try done(reaction, sequence: 4) == Outcome())
  }

  @Test(arguments: [
    nil,
    Credentials(pid: 101, uid: 0, gid: 0), Credentials(pid: 100, uid: 1000, gid: 0),
    Credentials(pid: 0, uid: 0, gid: 0),
  ])
  func aMessageOfSomebodyElseEndsTheLane(sender: Credentials?) throws {
    let fixture = Fixture()
    _ = fixture.open(1)
    let reaction = fixture.send(1, curl, from: sender)
    #expect(try done(reaction).error == UInt32(EPERM))
    #expect(reaction.closes && fixture.kernel.edits.isEmpty)
  }

  @Test func whoMayNotEditIsToldSoOnceAndNothingElse() throws {
    let fixture = Fixture()
    let alice = Peer(credentials: Credentials(pid: 5, uid: 1000, gid: 1000), groups: [1001])
    #expect(fixture.open(1, alice))
    #expect(
      fixture.journal.lines[0].hasPrefix(
        "! uid=1000 ruid=1000 gid=1000 pid=5 lane: refused: EPERM"))
    let reaction = fixture.send(1, curl, from: alice.credentials)
    #expect(try done(reaction).error == UInt32(EPERM))
    #expect(reaction.closes && fixture.kernel.edits.isEmpty)
  }

  @Test func aLaneThatIsRefusedDoesNotStayForEver() {
    let fixture = Fixture()
    _ = fixture.open(1)
    _ = fixture.open(2, nil)
    let limit = UInt64(Limit.helloMilliseconds)
    #expect(fixture.expired(at: 1000 + limit - 1) == [])
    #expect(fixture.expired(at: 1000 + limit) == [2])
    #expect(fixture.expired(at: 1000 + limit + 1) == [2])
  }

  @Test func bytesThatAreNoMessageEndTheLane() throws {
    let fixture = Fixture()
    _ = fixture.open(1)
    let whole = Message.encode(curl.type, sequence: 9, curl.write)
    for count in 1..<whole.count {
      let reaction = fixture.receive(1, Array(whole[..<count]))
      #expect(reaction.closes)
      #expect(try done(reaction, sequence: 0).error == UInt32(EBADMSG))
    }
    let reaction = fixture.receive(1, whole, truncated: true)
    #expect(reaction.closes && fixture.kernel.edits.isEmpty)
  }

  @Test(arguments: [MessageType.status, .ruleGet, .event, .lane, .done, .subscribe])
  func aLaneTakesNothingButEdits(type: MessageType) throws {
    let fixture = Fixture()
    _ = fixture.open(1)
    let reaction = fixture.receive(1, Message.encode(type, sequence: 9))
    #expect(try done(reaction).error == UInt32(EOPNOTSUPP))
    #expect(fixture.kernel.edits.isEmpty)
  }

  @Test func anAttributeTooManyIsRefusedByName() throws {
    let fixture = Fixture()
    _ = fixture.open(1)
    let datagram = Message.encode(.commit, sequence: 9) { $0.u64(.id, 4) }
    let outcome = try done(
      fixture.receive(1, datagram))
    #expect(outcome.error == UInt32(EINVAL))
    #expect(text(outcome.text).contains("ID"))
  }

  @Test func lanesAreCountedByUserAndInAll() throws {
    let fixture = Fixture()
    func peer(_ uid: UInt32) -> Peer {
      Peer(credentials: Credentials(pid: 1, uid: uid, gid: 77), groups: [])
    }
    func isServed(_ id: UInt64, _ uid: UInt32) -> Bool {
      #expect(fixture.open(id, peer(uid)))
      fixture.now += 1000
      return fixture.journal.lines.last?.hasSuffix("lane opened: done") == true
    }
    for id in 0..<UInt64(Limit.lanesPerUid) { #expect(isServed(id, 1)) }
    #expect(!isServed(90, 1))
    for id in UInt64(Limit.lanesPerUid)..<UInt64(Limit.lanes) {
      #expect(isServed(id, UInt32(id)))
    }
    #expect(!isServed(91, 500))
    #expect(fixture.journal.lines.last?.contains("EUSERS") == true)
    fixture.close(0)
    #expect(isServed(92, 500))
    // Refused ones are counted on their own, so that nobody fills the memory with them.
    var id: UInt64 = 100
    while fixture.open(id, nil) { id += 1 }
    #expect(id - 100 == UInt64(Limit.lanes) - 2)
  }

  @Test func editsHaveAPaceAndTransactionsHaveNone() throws {
    let fixture = Fixture()
    _ = fixture.open(1)
    for _ in 0..<Limit.laneMessagesPerSecond { #expect(try fixture.outcome(1, curl).error == 0) }
    #expect(try fixture.outcome(1, curl).error == UInt32(EAGAIN))
    #expect(fixture.kernel.edits.count == Int(Limit.laneMessagesPerSecond))
    fixture.now += 1000
    #expect(try fixture.outcome(1, .begin(replace: true, generation: 6)).error == 0)
    for _ in 0..<2 * Limit.laneMessagesPerSecond {
      #expect(try fixture.outcome(1, curl).error == 0)
    }
  }
}

struct TransactionTests {
  private let begin = Edit.begin(replace: false, generation: nil)

  private func fixture() -> Fixture {
    let fixture = Fixture()
    _ = fixture.open(1)
    _ = fixture.open(2)
    return fixture
  }

  @Test func editsOfTheOwnerAreCollectedAndOthersAreNot() throws {
    let fixture = fixture()
    _ = try fixture.outcome(1, begin)
    _ = try fixture.outcome(2, curl)
    _ = try fixture.outcome(1, curl)
    _ = try fixture.outcome(1, .commit())
    _ = try fixture.outcome(1, curl)
    #expect(fixture.kernel.edits == [begin, curl, curl, .commit(), curl])
    #expect(fixture.kernel.seen.map(\.1) == [true, false, true, true, false])
  }

  @Test func anAnswerWaitsForNoTransaction() throws {
    let fixture = fixture()
    let answer = Edit.answer(question: 7, .allow, .always)
    _ = try fixture.outcome(1, begin)
    _ = try fixture.outcome(1, answer)
    _ = try fixture.outcome(2, answer)
    #expect(fixture.kernel.edits == [begin, answer, answer])
    #expect(fixture.kernel.seen.map(\.1) == [true, false, false])
  }

  @Test func thereIsOneTransactionAtATime() throws {
    let fixture = fixture()
    _ = try fixture.outcome(1, begin)
    let other = try fixture.outcome(2, begin)
    #expect(other.error == UInt32(EBUSY))
    #expect(text(other.text).contains("process 100 of user 0"))
    #expect(try fixture.outcome(1, begin).error == UInt32(EBUSY))
    #expect(try fixture.outcome(2, .commit()).error == UInt32(EINVAL))
    #expect(try fixture.outcome(2, .abort).error == UInt32(EINVAL))
    #expect(fixture.kernel.edits == [begin])
    #expect(try fixture.outcome(1, .abort).error == 0)
    #expect(try fixture.outcome(2, begin).error == 0)
  }

  @Test func aBeginThatTheKernelRefusesOpensNothing() throws {
    let fixture = fixture()
    fixture.kernel.answer = Outcome(error: UInt32(EBUSY))
    _ = try fixture.outcome(1, begin)
    fixture.kernel.answer = Outcome()
    #expect(try fixture.outcome(1, .commit()).error == UInt32(EINVAL))
    #expect(try fixture.outcome(2, begin).error == 0)
  }

  @Test func aLaneThatClosesTakesItsTransactionAlong() throws {
    let fixture = fixture()
    _ = try fixture.outcome(1, begin)
    fixture.close(1)
    #expect(fixture.journal.lines.last?.contains("abort, since its lane was closed") == true)
    #expect(fixture.kernel.edits == [begin, .abort])
    #expect(fixture.kernel.seen.last?.1 == true)
    #expect(try fixture.outcome(2, begin).error == 0)
  }

  @Test func aLaneThatClosesWithoutOneDisturbsNobodys() throws {
    let fixture = fixture()
    _ = try fixture.outcome(1, begin)
    fixture.close(2)
    #expect(try fixture.outcome(1, .commit()).error == 0)
    #expect(fixture.kernel.edits == [begin, .commit()])
  }
}

/// Edits that come several in a datagram.
struct BundleTests {
  private static func port(_ number: UInt16) -> Edit {
    .add(.block, Match(prot: 6, ports: Ports(number, number)))
  }

  private static func bytes(_ edits: [Edit]) -> [UInt8] {
    edits.enumerated().flatMap { index, edit in
      Message.encode(edit.type, sequence: 100 + UInt32(index), edit.write)
    }
  }

  /// Sequence and outcome of each answer.
  private static func outcomes(_ reaction: Reaction) throws -> [(UInt32, Outcome)] {
    try reaction.replies.flatMap { datagram in
      #expect(datagram.count <= Limit.message)
      return try Message.bundle(datagram).map { bytes in
        var message = try Message(decoding: bytes)
        return (message.header.sequence, try Outcome(&message.attributes))
      }
    }
  }

  private func begun() throws -> Fixture {
    let fixture = Fixture()
    _ = fixture.open(1)
    _ = try fixture.outcome(1, .begin(replace: true, generation: 6))
    return fixture
  }

  @Test func eachIsJudgedAnsweredAndLogged() throws {
    let fixture = try begun()
    let wrong = Edit.add(.block, Match(path: Array("usr".utf8)))
    let reaction = fixture.receive(
      1, BundleTests.bytes([BundleTests.port(1), wrong, BundleTests.port(13), .removeID(4)]))
    let answers = try BundleTests.outcomes(reaction)
    try #require(answers.count == 4)
    #expect(answers.map(\.0) == [100, 101, 102, 103])
    #expect(answers.map(\.1.error) == [0, UInt32(EINVAL), 28, 0])
    #expect(text(answers[1].1.text).contains("PATH is not absolute"))
    #expect(
      fixture.kernel.edits.dropFirst() == [BundleTests.port(1), BundleTests.port(13), .removeID(4)])
    #expect(fixture.kernel.seen.allSatisfy { $0.1 })
    #expect(!reaction.closes)
    let who = "uid=0 ruid=0 gid=0 pid=100"
    let lines = fixture.journal.lines.suffix(7)
    #expect(
      lines.map { $0.hasSuffix(": begins") } == [true, true, true, false, false, false, false])
    #expect(lines.suffix(4).map { $0.hasPrefix("! ") } == [false, true, true, false])
    #expect(lines.last == "\(who) RULE_DEL ID=4: done")
  }

  @Test func outsideATransactionNothingHappens() throws {
    let fixture = Fixture()
    _ = fixture.open(1)
    let answers = try BundleTests.outcomes(
      fixture.receive(1, BundleTests.bytes([BundleTests.port(1), BundleTests.port(2)])))
    #expect(answers.allSatisfy { $0.1.error == UInt32(EINVAL) } && answers.count == 2)
    #expect(fixture.kernel.edits.isEmpty)
  }

  @Test func theTransactionOfAnotherLaneIsNotTaken() throws {
    let fixture = try begun()
    _ = fixture.open(2)
    let answers = try BundleTests.outcomes(
      fixture.receive(2, BundleTests.bytes([BundleTests.port(1), BundleTests.port(2)])))
    #expect(answers.allSatisfy { $0.1.error == UInt32(EINVAL) })
    #expect(fixture.kernel.edits.count == 1)
  }

  @Test func nothingButRulesComesInOne() throws {
    for edit in [
      Edit.set(.mode, 1), .begin(replace: false, generation: nil), .commit(), .abort, .confirm,
      .revert,
    ] {
      let fixture = try begun()
      let answers = try BundleTests.outcomes(
        fixture.receive(1, BundleTests.bytes([BundleTests.port(1), edit])))
      #expect(answers.map(\.1.error) == [0, UInt32(EINVAL)])
      #expect(fixture.kernel.edits.count == 2)
    }
  }

  @Test func thereIsALimit() throws {
    for (count, isTaken) in [
      (Limit.bundle - 1, true), (Limit.bundle, true), (Limit.bundle + 1, false),
    ] {
      let fixture = try begun()
      let edits = (0..<count).map { BundleTests.port(UInt16($0) + 100) }
      let reaction = fixture.receive(1, BundleTests.bytes(edits))
      #expect(reaction.closes == !isTaken)
      #expect(fixture.kernel.edits.count == (isTaken ? count + 1 : 1))
      if !isTaken {
        let outcome = try #require(try BundleTests.outcomes(reaction).last)
        #expect(outcome.0 == 100 && outcome.1.error == UInt32(EBADMSG))
      }
    }
  }

  @Test func anIllFormedOneEndsTheLaneBeforeAnyIsDone() throws {
    let good = BundleTests.bytes([BundleTests.port(1), BundleTests.port(2)])
    for wrong: [UInt8] in [
      good.dropLast(), good + [0], good + good.prefix(20), good.prefix(good.count / 2) + [7],
    ] {
      let fixture = try begun()
      let reaction = fixture.receive(1, wrong)
      #expect(reaction.closes)
      #expect(fixture.kernel.edits.count == 1)
    }
  }

  @Test func longAnswersGoInSeveralDatagrams() throws {
    let fixture = try begun()
    fixture.kernel.refusal = [UInt8](repeating: 97, count: Limit.text)
    let edits = (0..<Limit.bundle).map { _ in BundleTests.port(13) }
    let reaction = fixture.receive(1, BundleTests.bytes(edits))
    #expect(reaction.replies.count == 2)
    let count = try BundleTests.outcomes(reaction).count
    #expect(count == Limit.bundle)
  }
}

struct AuditTests {
  @Test func whatCannotBeToldIsNotDone() throws {
    let fixture = Fixture()
    _ = fixture.open(1)
    fixture.journal.isBroken = true
    #expect(try fixture.outcome(1, curl).error == UInt32(EIO))
    let part = SavePart(Array("block\n".utf8), generation: 6)
    #expect(try fixture.save(1, part).error == UInt32(EIO))
    #expect(fixture.kernel.edits.isEmpty && fixture.shelf.saved.isEmpty)
    fixture.journal.isBroken = false
    #expect(try fixture.outcome(1, curl).error == 0)
  }

  @Test func refusalsBeyondSoManyASecondAreCounted() throws {
    let fixture = Fixture()
    _ = fixture.open(1)
    let most = Int(Limit.refusalsPerSecond)
    let before = fixture.journal.lines.count
    for _ in 0..<most + 3 { _ = try fixture.outcome(1, .commit(confirm: 0)) }
    #expect(fixture.journal.lines.count == before + most)
    fixture.now += 1000
    _ = fixture.expired(at: fixture.now)
    #expect(fixture.journal.lines.last == "! 3 more refusals were left out")
    _ = fixture.expired(at: fixture.now)
    #expect(fixture.journal.lines.count == before + most + 1)
  }

  @Test func whatTakesAllRulesAwayMeansAGeneration() throws {
    let fixture = Fixture()
    _ = fixture.open(1)
    for edit in [Edit.clear(nil, generation: nil), .begin(replace: true, generation: nil)] {
      let outcome = try fixture.outcome(1, edit)
      #expect(outcome.error == UInt32(EINVAL))
      #expect(text(outcome.text).contains("GENERATION is missing"))
    }
    #expect(fixture.kernel.edits.isEmpty)
    #expect(try fixture.outcome(1, .clear(nil, generation: 6)).error == 0)
    #expect(try fixture.outcome(1, .clear(.block, generation: nil)).error == 0)
  }
}

struct SaveTests {
  private func part(_ text: String, _ generation: UInt64? = nil) -> SavePart {
    SavePart(Array(text.utf8), generation: generation)
  }

  private func fixture() -> Fixture {
    let fixture = Fixture()
    fixture.shelf.saved = Array("old".utf8)
    _ = fixture.open(1)
    _ = fixture.open(2)
    return fixture
  }

  @Test func partsBecomeOneFile() throws {
    let fixture = fixture()
    #expect(try fixture.save(1, part("allow\n")) == Outcome())
    #expect(text(fixture.shelf.saved) == "old")
    #expect(try fixture.save(1, part("block\n", 6)) == Outcome(generation: 6))
    #expect(text(fixture.shelf.saved) == "allow\nblock\n")
    #expect(fixture.kernel.edits.isEmpty)
    let who = "uid=0 ruid=0 gid=0 pid=100 save"
    #expect(
      fixture.journal.lines.suffix(2) == [
        "\(who): begins", "\(who) of 12 bytes: done generation=6",
      ])
  }

  @Test func aTextOfOtherRulesIsStale() throws {
    let fixture = fixture()
    for generation in [5 as UInt64, 7] {
      #expect(try fixture.save(1, part("x", generation)).error == UInt32(ESTALE))
    }
    fixture.kernel.generation = nil
    #expect(try fixture.save(1, part("x", 6)).error == UInt32(ESTALE))
    #expect(text(fixture.shelf.saved) == "old" && fixture.shelf.begun == nil)
  }

  @Test func oneSavesAtATimeAndWhoGoesGivesUp() throws {
    let fixture = fixture()
    _ = try fixture.save(1, part("a"))
    #expect(try fixture.save(2, part("b", 6)).error == UInt32(EBUSY))
    fixture.close(1)
    #expect(fixture.shelf.begun == nil)
    #expect(try fixture.save(2, part("b", 6)).error == 0)
    #expect(text(fixture.shelf.saved) == "b")
  }

  @Test func aFaultOfTheDiskIsToldAndNothingIsLost() throws {
    let fixture = fixture()
    fixture.shelf.fault = SystemError("pwrite", errno: 28)
    let outcome = try fixture.save(1, part("a", 6))
    #expect(outcome.error == 28 && text(outcome.text).contains("is as it was"))
    #expect(text(fixture.shelf.saved) == "old")
    fixture.shelf.fault = nil
    #expect(try fixture.save(1, part("b", 6)).error == 0)
  }

  @Test func theFileHasASize() {
    // Without a lane: so many bytes take a while to be made messages of.
    let shelf = CountingShelf()
    var vault = Vault(shelf)
    let most = SavePart(Array(repeating: 97, count: Int(Limit.part)))
    func fill() {
      for _ in 0..<Int(Limit.saved / Limit.part) {
        #expect(vault.take(most, from: 1) { 6 } == nil)
      }
    }
    fill()
    #expect(vault.take(SavePart([], generation: 6), from: 1) { 6 } == Outcome(generation: 6))
    #expect(shelf.saved == Int(Limit.saved))
    fill()
    let end = vault.take(SavePart([97], generation: 6), from: 1) { 6 }
    #expect(end?.error == UInt32(EFBIG) && vault.owner == nil)
  }

  @Test func aPartHasASizeAndAForm() throws {
    let fixture = fixture()
    let long = SavePart(Array(repeating: 97, count: Int(Limit.part) + 1))
    let tooLong = fixture.receive(1, Message.encode(.save, sequence: 9, long.write))
    #expect(tooLong.closes)
    let none = try done(fixture.receive(2, Message.encode(.save, sequence: 9)))
    #expect(none.error == UInt32(EINVAL) && text(none.text).contains("PART"))
    let blind = Message.encode(.save, sequence: 9) {
      $0.string(.part, [97])
      $0.flag(.last)
    }
    #expect(text(try done(fixture.receive(2, blind)).text).contains("GENERATION"))
    #expect(text(fixture.shelf.saved) == "old")
  }
}

extension Vault {
  fileprivate mutating func take(
    _ part: SavePart, from lane: UInt64, generation: () -> UInt64?
  ) -> Outcome? {
    take(part.text, of: part.generation, from: lane, generation())
  }
}
