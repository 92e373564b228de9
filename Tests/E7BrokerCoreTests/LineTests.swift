// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7BrokerCore
import E7IPC
import Testing

/// A console of lines: what is typed and what comes, as a terminal would show it.
@Suite struct LineTests {
  private func world() -> World {
    let world = World()
    world.kernel.mode = 1
    world.kernel.rules = [
      Rule(id: 4, action: .block, match: Match(prot: 6, path: Array("/usr/bin/curl".utf8))),
      Rule(id: 2, action: .allow, match: Match(path: Array("/usr/lib/a b/".utf8))),
      Rule(id: 9, action: .allow, match: Match(prot: 17, path: [])),
    ]
    return world
  }

  private func answer(_ world: World, _ id: ConsoleID, _ text: String) -> String {
    world.type(id, text)
    world.run()
    return world.text(id)
  }

  @Test(
    arguments: [
      ("get mode\n", "set mode enabled\nok\n"),
      ("get uptime", "# uptime = 42\nok\n"),
      ("stats\n", "# learnt = 7\n# nobody = 18446744073709551615\nok\n"),
      (
        "query\n",
        """
        set mode enabled
        block tcp /usr/bin/curl  # id 4, 0 hits
        allow any "/usr/lib/a b/"  # id 2, 0 hits
        allow udp  # id 9, 0 hits
        ok

        """
      ),
      (
        "query allow\n",
        "allow any \"/usr/lib/a b/\"  # id 2, 0 hits\nallow udp  # id 9, 0 hits\nok\n"
      ),
      ("query tcp\n", "block tcp /usr/bin/curl  # id 4, 0 hits\nok\n"),
      ("query /nowhere\n", "ok\n"),
      (
        "why tcp /usr/bin/curl to 10.1.2.3 port 443\n",
        """
        block tcp /usr/bin/curl  # id 4, 0 hits
        allow any "/usr/lib/a b/"  # id 2, 0 hits
        allow udp  # id 9, 0 hits
        ok

        """
      ),
      (
        "why tcp to 10.1.2.3\n",
        "error: column 20: missing port; expected 'port N', the flow's destination port\n"
      ),
      (
        "load /x\nsave\ncheck -\ndiff -\nwhy --all\n",
        String(
          repeating: "error: e7-client does this, with the rights of whoever calls it; "
            + "a console only looks\n", count: 5)
      ),
      ("\n", "ok\n"),
      ("  # a comment\n", "ok\n"),
      ("get mode\nget fail\n", "set mode enabled\nok\nset fail allow\nok\n"),
      ("disconnect\n", "ok\n"),
      (
        "allow tcp /usr/bin/wget\n",
        "error: edits go over a lane, which e7-client opens; a console only looks\n"
      ),
      (
        "set mode enabled\nclear\nclear id 4\nanswer 7 allow always\n",
        String(
          repeating:
            "error: edits go over a lane, which e7-client opens; a console only looks\n", count: 4)
      ),
      ("get mode", "set mode enabled\nok\n"),
      ("questions\n", "ok\n"),
    ] as [(String, String)])
  func answers(typed: String, shown: String) {
    let world = world()
    #expect(answer(world, world.open(), typed) == shown)
  }

  @Test(
    arguments: [
      (
        "query foreign",
        "block tcp foreign /a  # id 1, 0 hits\nallow any foreign  # id 2, 0 hits\nok\n"
      ),
      ("query foreign /a", "block tcp foreign /a  # id 1, 0 hits\nok\n"),
      ("query /a", "block tcp foreign /a  # id 1, 0 hits\nallow any /a  # id 3, 0 hits\nok\n"),
      ("query allow kernel", "allow udp kernel  # id 4, 0 hits\nok\n"),
      ("query memfd", "ok\n"),
    ] as [(String, String)])
  func rulesAboutClassesAreFound(typed: String, shown: String) {
    let world = World()
    let path = Array("/a".utf8)
    world.kernel.rules = [
      Rule(id: 1, action: .block, match: Match(prot: 6, programClass: .foreign, path: path)),
      Rule(id: 2, action: .allow, match: Match(programClass: .foreign)),
      Rule(id: 3, action: .allow, match: Match(path: path)),
      Rule(id: 4, action: .allow, match: Match(prot: 17, programClass: .kernel)),
    ]
    #expect(answer(world, world.open(), typed) == shown)
  }

  @Test func rulesAreShownWhole() {
    let world = World()
    world.kernel.rules = [
      Rule(
        id: 1, action: .reject,
        match: Match(
          isQuick: true, prot: 6, direction: .outgoing, remote: Network([10, 0, 0, 0], prefix: 8),
          ports: Ports(22, 22), uid: 0),
        terms: Terms(forSeconds: 300, comment: Array("x y".utf8)), hits: 1, lastHit: 0)
    ]
    let shown =
      "reject quick tcp to 10.0.0.0/8 port 22 user 0 for 5m comment \"x y\""
      + "  # id 1, 1 hit, last 1970-01-01T00:00:00Z\nok\n"
    #expect(answer(world, world.open(), "query reject to 10.0.0.0/8 port 22 user 0\n") == shown)
    #expect(answer(world, world.open(), "query port 23\n") == "ok\n")
    // Names are looked up by e7-client, not by a daemon that others wait for.
    #expect(
      answer(world, world.open(), "query user root\n")
        == "error: column 12: 'root' is no user's number; expected a number 0…4294967294\n")
  }

  @Test func getShowsEveryFlag() {
    let world = world()
    let shown = answer(world, world.open(), "get\n").split(separator: "\n")
    #expect(shown.count == Flag.all.count + 1)
    #expect(shown.first == "set mode enabled" && shown.last == "ok")
  }

  @Test(arguments: [
    "frobnicate\n", "get nonsense\n", "query /a/../b\n", "get mode extra\n", "\u{1}\n",
  ])
  func aWrongLineIsOneClearLine(typed: String) {
    let world = world()
    let id = world.open()
    let shown = answer(world, id, typed)
    #expect(shown.hasPrefix("error: column "))
    #expect(shown.hasSuffix("\n") && shown.filter(\.isNewline).count == 1)
    #expect(world.kernel.fetched == 0)
    #expect(answer(world, id, "get mode\n") == "set mode enabled\nok\n")
  }

  @Test(arguments: [Limit.line - 1, Limit.line, Limit.line + 1])
  func aLineHasALimit(count: Int) {
    let world = world()
    let shown = answer(
      world, world.open(), "#" + String(repeating: "x", count: count - 1) + "\n")
    if count <= Limit.line {
      #expect(shown == "ok\n")
    } else {
      #expect(shown.hasPrefix("error: ") && shown.contains("8192"))
    }
  }

  @Test func aDatagramHasALimit() {
    let world = world()
    let id = world.open()
    world.send(id, Array("get mode\n".utf8), truncated: true)
    world.run()
    #expect(world.text(id) == "error: a message has at most 65536 bytes\n")
    #expect(answer(world, id, "get mode\n") == "set mode enabled\nok\n")
  }

  @Test func messagesAndDescriptorsDoNotBelong() {
    let world = world()
    let id = world.open()
    #expect(answer(world, id, "get mode\n") == "set mode enabled\nok\n")
    world.ask(id, .status)
    world.send(id, Array("get mode\n".utf8), passed: .one)
    world.run()
    let refused = "error: expected a line of text and no descriptor\n"
    #expect(world.text(id) == refused + refused)
    #expect(world.isOpen(id))
    world.send(id, Array("get mode\n".utf8), passed: .tooMany)
    world.run()
    #expect(world.text(id) == refused)
    #expect(!world.isOpen(id))
  }

  @Test func quitEndsIt() {
    let world = world()
    let id = world.open()
    #expect(answer(world, id, "get mode\nquit\nget mode\n") == "set mode enabled\nok\nok\n")
    #expect(!world.isOpen(id))
  }

  @Test func theEndOfInputComesAfterTheAnswers() {
    let world = world()
    let id = world.open()
    world.type(id, "get mode\nget mode\n")
    world.send(id, [])
    world.run()
    #expect(world.text(id) == "set mode enabled\nok\nset mode enabled\nok\n")
    #expect(!world.isOpen(id))
  }

  @Test func eventsComeFromTheCommandOn() {
    let world = world()
    let id = world.open(uid: 1000)
    #expect(answer(world, id, "get mode\n") == "set mode enabled\nok\n")
    world.tell([.of(uid: 1000)])
    #expect(answer(world, id, "events\n") == "ok\n")
    var six = Event.of(uid: 1000, path: "")
    six.local = [UInt8](repeating: 0, count: 15) + [1]
    six.remote = six.local
    six.localPort = nil
    six.remotePort = nil
    six.pid = nil
    six.prot = 58
    six.direction = .incoming
    six.kind = .drop
    six.verdict = .block
    six.reason = .rule
    six.rule = 4
    six.leftOut = 2
    six.lost = 1
    var foreign = Event.of(uid: 1000, path: "/usr/bin/python3")
    foreign.programClass = .foreign
    foreign.mntns = 9
    foreign.script = Array("a b".utf8)
    foreign.start = 8
    var unknown = six
    unknown.programClass = .unknown
    unknown.statistic = .nobody
    var deleted = Event.of(uid: 1000, path: "/x (deleted)")
    deleted.programClass = .deleted
    world.tell(
      [
        .of(uid: 1000), .of(uid: 1001), six, .of(uid: 1000, path: "/tmp/\u{1b}[2J x"), foreign,
        unknown, deleted,
      ],
      [
        .rules(generation: 8), .flag(FlagValue(flag: .mode, value: 2)),
        .claim(RoleChange(role: .control, pid: 5, path: Array("/x y".utf8), byForce: true)),
        .release(RoleChange(role: .view, pid: 5, path: [])), .lease(lapsed: true),
        .lease(lapsed: false), .helper(pid: 9), .helper(pid: nil),
      ])
    world.run()
    #expect(
      world.text(id) == #"""
        event norule allow out tcp /usr/bin/curl 192.0.2.1:40000 192.0.2.2:80 uid 1000 pid 77 by unkrule
        event drop block in icmp6 - ::1 ::1 uid 1000 by rule id 4 left-out 2 lost 1
        event norule allow out tcp "/tmp/\x1b[2J x" 192.0.2.1:40000 192.0.2.2:80 uid 1000 pid 77 by unkrule
        event norule allow out tcp foreign /usr/bin/python3 192.0.2.1:40000 192.0.2.2:80 uid 1000 pid 77 start 8 mntns 9 script "a b" by unkrule
        event drop block in icmp6 unknown ::1 ::1 uid 1000 stat nobody by rule id 4 left-out 2 lost 1
        event norule allow out tcp deleted 192.0.2.1:40000 192.0.2.2:80 uid 1000 pid 77 called "/x (deleted)" by unkrule
        notice rules generation 8
        notice flag set mode block
        notice claim control pid 5 path "/x y" force
        notice release view pid 5
        notice lease lapsed
        notice lease holds
        notice helper pid 9
        notice helper none

        """#)
    #expect(answer(world, id, "disconnect\n") == "ok\n")
    world.tell([.of(uid: 1000)], [.unload])
    world.run()
    #expect(world.text(id) == "")
  }

  @Test func gapsAndTheModulesEndAreLines() {
    let world = world()
    let id = world.open(uid: 1000)
    _ = answer(world, id, "events\n")
    world.unblock(id, room: 0)
    for _ in 0..<Limit.outboxMessages + 3 { world.tell([.of(uid: 1000)]) }
    world.run()
    world.unblock(id)
    world.run()
    #expect(world.text(id).hasSuffix("by unkrule\ngap 3\n"))
    world.broker.told([.lost], at: world.now)
    world.tell([], [.unload])
    world.run()
    #expect(world.text(id) == "gap\nnotice unload\n")
    #expect(
      answer(world, id, "query\n")
        == "error: module e7 is not loaded; load it with: modprobe e7\n")
  }

  @Test func aListThatChangedIsNotGivenInHalves() {
    let world = world()
    world.kernel.rulesOfAPart = 1
    world.kernel.interruptions = [0, 0]
    let id = world.open()
    let shown = answer(world, id, "query\n")
    #expect(shown.split(separator: "\n").count == 5)
    world.kernel.interruptions = [1]
    #expect(
      answer(world, id, "query\n").hasSuffix(
        "error: the rules changed while they were listed; ask again\n"))
  }

  @Test func aNewUserOverTheLimitIsTold() {
    let world = world()
    for _ in 0..<Limit.connectionsPerUid { _ = world.open() }
    let id = world.open()
    world.run()
    #expect(world.text(id).contains("32 consoles of user 1000 are open"))
  }
}
