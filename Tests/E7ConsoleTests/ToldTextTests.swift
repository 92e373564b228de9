// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Console
import E7IPC
import Testing

@Suite struct ToldTextTests {
  private func line(_ told: Told) -> String {
    var text = ToldText(utcOffset: 0)
    return text.lines(told, now: 3_600_000_000_000).joined(separator: "\n")
  }

  @Test func events() {
    #expect(
      line(.event(Samples.drop))
        == "14:02:11 drop tcp out /usr/bin/curl pid 4711 uid 1000 10.0.0.1:40112 > 10.0.0.2:80 "
        + "by rule 3: block (2 more left out)")
    #expect(
      line(.event(Samples.ping))
        == "00:00:00 norule icmp6 in unknown fe80::2 > ::1 id 77 by unkrule: allow")
  }

  @Test func questions() {
    let flow = "tcp out /usr/bin/curl pid 4711 uid 1000 10.0.0.1:40112 > 10.0.0.2:80"
    #expect(
      line(.event(Samples.ask))
        == "14:02:11 ask 16012345 \(flow) by rule 3: held for 30 s "
        + "(answer 16012345 allow|block|reject)")
    var event = Samples.ask
    event.secondsLeft = nil
    (event.reason, event.rule) = (.unkrule, nil)
    #expect(line(.event(event)).contains("by unkrule: held (answer"))
    #expect(
      line(.event(Samples.asked(.allow, .answer)))
        == "14:02:11 asked 16012345 \(flow): allow by answer")
    #expect(line(.event(Samples.asked(.block, .late))).hasSuffix(": block by late"))
    #expect(line(.event(Samples.asked(.block, .rule))).hasSuffix(": block by rule 3"))
    // It never was held.
    event = Samples.asked(.allow, .full)
    event.question = nil
    #expect(line(.event(event)) == "14:02:11 asked \(flow): allow by full")
  }

  @Test func programsAreNamedAsRulesNameThem() {
    func program(
      _ programClass: ProgramClass?, _ path: String = "", _ change: (inout Event) -> Void = { _ in }
    ) -> String {
      var event = Samples.ping
      event.programClass = programClass
      event.path = Array(path.utf8)
      change(&event)
      let words = line(.event(event)).dropFirst("00:00:00 norule icmp6 in ".count)
      return String(words.dropLast(" fe80::2 > ::1 id 77 by unkrule: allow".count))
    }
    #expect(program(.host, "/usr/bin/curl") == "/usr/bin/curl")
    #expect(
      program(.host, "/usr/bin/python3") { $0.script = Array("./fetch.py".utf8) }
        == "/usr/bin/python3 (script ./fetch.py)")
    #expect(
      program(.host, "/bin/sh") { $0.script = Array("a b\n".utf8) }
        == "/bin/sh (script \"a b\\x0a\")")
    #expect(
      program(.foreign, "/usr/bin/curl") { $0.mntns = 4_026_532_289 }
        == "foreign /usr/bin/curl (mnt 4026532289)")
    #expect(program(.foreign) { $0.mntns = 7 } == "foreign (mnt 7)")
    #expect(program(.deleted) == "deleted")
    #expect(program(.memfd) == "memfd")
    #expect(
      program(.memfd, "/memfd:x (deleted)") == "memfd (called \"/memfd:x (deleted)\")")
    #expect(program(.kernel, "/x") == "kernel (called /x)")
    #expect(program(.kernel) == "kernel")
    #expect(program(.unknown) { $0.statistic = .searching } == "unknown (searching)")
    #expect(program(.unknown) == "unknown")
    #expect(program(nil) == "unknown")
    #expect(
      line(.event(Samples.foreign))
        == "14:02:11 drop tcp out foreign /usr/bin/python3 (mnt 4026532289, script "
        + "\"./fetch it.py\") pid 4711 uid 1000 10.0.0.1:40112 > 10.0.0.2:80 "
        + "by rule 3: block (2 more left out)")
  }

  @Test func incomingPacketsPointHere() {
    var event = Samples.drop
    event.direction = .incoming
    event.prot = 200
    event.rule = nil
    event.leftOut = 0
    #expect(
      line(.event(event))
        == "14:02:11 drop 200 in /usr/bin/curl pid 4711 uid 1000 10.0.0.2:80 > 10.0.0.1:40112 "
        + "by rule: block")
  }

  @Test func aVerdictIsAnAction() {
    var event = Samples.ping
    event.verdict = .reject
    #expect(line(.event(event)).hasSuffix("by unkrule: reject"))
    #expect(JSONText.told(.event(event)).contains(#""verdict":"reject""#))
  }

  @Test func pathsObeyNoTerminal() {
    var event = Samples.ping
    event.path = Array("/a b\u{1b}[31m\u{202e}\u{9b}\n".utf8) + [0xff]
    #expect(
      line(.event(event))
        == "00:00:00 norule icmp6 in \"/a b\\x1b[31m\\xe2\\x80\\xae\\xc2\\x9b\\x0a\\xff\" "
        + "fe80::2 > ::1 id 77 by unkrule: allow")
  }

  @Test func lossesAreToldOnce() {
    var text = ToldText(utcOffset: 0)
    func lines(_ lost: UInt64) -> Int {
      var event = Samples.ping
      event.lost = lost
      return text.lines(.event(event), now: 0).count
    }
    #expect([5, 5, 8, 8, 0, 1].map(lines) == [1, 1, 2, 1, 1, 2])
    var event = Samples.ping
    event.lost = 4
    #expect(
      text.lines(.event(event), now: 0).first
        == "00:00:00 lost 3 events: the kernel had no room for them")
  }

  @Test func noticesAndGaps() {
    #expect(line(.notice(.rules(generation: 12))) == "01:00:00 rules changed, generation 12")
    #expect(
      line(.notice(.flag(FlagValue(flag: .mode, value: 2)))) == "01:00:00 flag mode is block")
    #expect(
      line(.notice(.trial(seconds: 60, generation: 3)))
        == "01:00:00 a load is on trial for 60 s, generation 3")
    #expect(
      line(.notice(.settled(reverted: true, generation: 4)))
        == "01:00:00 the load went back, generation 4")
    #expect(
      line(.notice(.settled(reverted: false, generation: 3)))
        == "01:00:00 the load was confirmed, generation 3")
    #expect(line(.notice(.unload)) == "01:00:00 the module is being unloaded")
    var change = RoleChange(role: .control, pid: 7, path: Array("/bin/a b".utf8))
    #expect(
      line(.notice(.claim(change))) == "01:00:00 \"/bin/a b\", pid 7, claimed the role control")
    (change.byForce, change.path) = (true, [])
    #expect(
      line(.notice(.release(change)))
        == "01:00:00 a program, pid 7, was deprived of the role control")
    #expect(
      line(.notice(.lease(lapsed: true)))
        == "01:00:00 the lease has run out: flag fail decides in the rules' place")
    #expect(
      line(.notice(.lease(lapsed: false)))
        == "01:00:00 the lease holds again: the rules decide")
    #expect(line(.notice(.helper(pid: 3))) == "01:00:00 the helper was started again, pid 3")
    #expect(line(.notice(.helper(pid: nil))) == "01:00:00 the helper could not be started")
    #expect(line(.gap(Gap(lost: 1))) == "01:00:00 gap: 1 event is missing here")
    #expect(line(.gap(Gap(lost: 2))) == "01:00:00 gap: 2 events are missing here")
    #expect(line(.gap(Gap(lost: nil))) == "01:00:00 gap: events may be missing here")
  }

  @Test func onlyThreeTypesAreTold() throws {
    func told(_ type: MessageType, _ write: (inout AttributeWriter) -> Void = { _ in }) throws
      -> Told?
    {
      try Told(try Message(decoding: Message.encode(type, sequence: 0, write)))
    }
    #expect(try told(.event, Samples.drop.write) == .event(Samples.drop))
    #expect(try told(.notice, Notice.unload.write) == .notice(.unload))
    #expect(try told(.gap, Gap(lost: 3).write) == .gap(Gap(lost: 3)))
    #expect(try told(.status) == nil)
    #expect(throws: DecodeError.missing(.kind)) { try told(.event) }
  }
}
