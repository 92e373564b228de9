// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7TestSupport
import Testing

/// The bytes of each message, so that no change of code changes the protocol unseen.
@Suite struct GoldenTests {
  private func expect(
    _ type: MessageType, _ sequence: UInt32, _ write: (inout AttributeWriter) -> Void,
    _ golden: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let bytes = Message.encode(type, sequence: sequence, write)
    #expect(bytes == hex(golden), sourceLocation: sourceLocation)
    let header = try Header(decoding: hex(golden))
    #expect(
      header.type == type && header.sequence == sequence
        && header.minor == UInt8(E7_IPC_MINOR), sourceLocation: sourceLocation)
  }

  @Test func greeting() throws {
    try expect(
      .hello, 0x0102_0304, Hello(role: .admin).write,
      """
      e7004537 01 00 8000   ; magic, version 1.0, HELLO
      00000000 04030201     ; reserved, sequence
      24000000              ; 36 bytes
      0500 4300 00 000000   ; MINOR 0
      0500 4200 03 000000   ; ROLE 3
      """)
  }

  @Test func messagesWithoutAttributes() throws {
    for (type, number) in [
      (MessageType.lane, "8100"), (.subscribe, "8200"), (.unsubscribe, "8300"), (.status, "0100"),
      (.flagGet, "0200"), (.statGet, "0d00"), (.ruleGet, "0400"), (.commit, "0900"),
      (.abort, "0a00"), (.confirm, "1000"), (.revert, "1300"), (.questions, "8c00"),
    ] {
      try expect(type, 1, { _ in }, "e7004537 01 00 \(number) 00000000 01000000 14000000")
    }
  }

  @Test func answers() throws {
    try expect(
      .status, 1, Status(version: 1, instance: 0x1122_3344_5566_7788, generation: 9).write,
      """
      e7004537 01 00 0100 00000000 01000000 34000000
      0800 0200 01000000            ; VERSION 1
      0c00 0300 8877665544332211    ; INSTANCE
      0c00 0400 0900000000000000    ; GENERATION 9
      """)
    try expect(
      .flagGet, 1, FlagValue(flag: .mode, value: 2).write,
      """
      e7004537 01 00 0200 00000000 01000000 28000000
      0500 0500 01 000000           ; FLAG mode
      0c00 0600 0200000000000000    ; VALUE block
      """)
    try expect(
      .statGet, 1, StatisticValue(statistic: .nobody, value: 3).write,
      """
      e7004537 01 00 0d00 00000000 01000000 28000000
      0500 1f00 0a 000000           ; STAT nobody
      0c00 0600 0300000000000000    ; VALUE 3
      """)
    try expect(
      .ruleGet, 1,
      Rule(id: 3, action: .block, match: Match(prot: 6, path: Array("/bin/".utf8))).write,
      """
      e7004537 01 00 0400 00000000 01000000 3c000000
      0c00 0a00 0300000000000000    ; ID 3
      0500 0700 02 000000           ; ACTION block
      0600 0800 0600 0000           ; PROT 6
      0a00 0900 2f62696e2f00 0000   ; PATH "/bin/" and its NUL
      """)
    try expect(
      .ruleGet, 1,
      Rule(
        id: 4, action: .reject,
        match: Match(
          isQuick: true, prot: 17, direction: .incoming, remote: Network([10, 0, 0, 0], prefix: 8),
          ports: Ports(80, 443), uid: 1000),
        terms: Terms(forSeconds: 90, comment: Array("dns".utf8)), hits: 12, lastHit: 7
      ).write,
      """
      e7004537 01 00 0400 00000000 01000000 8c000000
      0c00 0a00 0400000000000000    ; ID 4
      0500 0700 03 000000           ; ACTION reject
      0400 2000                     ; QUICK
      0600 0800 1100 0000           ; PROT 17
      0500 0f00 01 000000           ; DIRECTION in
      0800 1100 0a000000            ; REMOTE 10.0.0.0
      0500 2100 08 000000           ; PREFIX 8
      0600 2200 5000 0000           ; PORT_FIRST 80
      0600 2300 bb01 0000           ; PORT_LAST 443
      0800 1400 e8030000            ; UID 1000
      0800 2400 5a000000            ; FOR 90
      0800 2500 646e7300            ; COMMENT "dns"
      0c00 2600 0c00000000000000    ; HITS 12
      0c00 2700 0700000000000000    ; LAST_HIT
      """)
    try expect(
      .done, 1, Outcome(error: 1, text: Array("no".utf8), generation: 4, id: 5).write,
      """
      e7004537 01 00 8400 00000000 01000000 3c000000
      0800 4000 01000000            ; ERROR EPERM
      0700 4100 6e6f00 00           ; TEXT "no"
      0c00 0400 0400000000000000    ; GENERATION 4
      0c00 0a00 0500000000000000    ; ID 5
      """)
  }

  @Test func edits() throws {
    func edit(_ edit: Edit, _ golden: String) throws {
      try expect(edit.type, 7, edit.write, golden)
    }
    try edit(
      .add(.allow, Match(prot: 17, path: Array("/a".utf8))),
      """
      e7004537 01 00 0500 00000000 07000000 2c000000
      0500 0700 01 000000           ; ACTION allow
      0600 0800 1100 0000           ; PROT 17
      0700 0900 2f6100 00           ; PATH "/a"
      """)
    try edit(
      .add(.block, Match()),
      """
      e7004537 01 00 0500 00000000 07000000 24000000
      0500 0700 02 000000           ; ACTION block
      0600 0800 0001 0000           ; PROT 256: any
      """)
    try edit(
      .add(.block, Match(programClass: .kernel)),
      """
      e7004537 01 00 0500 00000000 07000000 24000000
      0500 0700 02 000000           ; ACTION block
      0500 1b00 05 000000           ; CLASS kernel
      """)
    try edit(
      .add(
        .reject,
        Match(
          direction: .outgoing,
          remote: Network([0x20, 1, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 12), prefix: 32)),
        Terms(forSeconds: 1)),
      """
      e7004537 01 00 0500 00000000 07000000 50000000
      0500 0700 03 000000           ; ACTION reject
      0600 0800 0001 0000           ; PROT 256: any
      0500 0f00 02 000000           ; DIRECTION out
      1400 1100 20010db8000000000000000000000000    ; REMOTE 2001:db8::
      0500 2100 20 000000           ; PREFIX 32
      0800 2400 01000000            ; FOR 1
      """)
    try edit(
      .remove(Match(isQuick: true, ports: Ports(0, .max))),
      """
      e7004537 01 00 0600 00000000 07000000 30000000
      0400 2000                     ; QUICK
      0600 0800 0001 0000           ; PROT 256: any
      0600 2200 0000 0000           ; PORT_FIRST 0
      0600 2300 ffff 0000           ; PORT_LAST 65535
      """)
    try edit(
      .remove(Match(prot: 6, programClass: .foreign, path: Array("/a".utf8))),
      """
      e7004537 01 00 0600 00000000 07000000 2c000000
      0600 0800 0600 0000           ; PROT 6
      0500 1b00 02 000000           ; CLASS foreign
      0700 0900 2f6100 00           ; PATH "/a"
      """)
    try edit(
      .remove(Match(path: Array("/".utf8))),
      """
      e7004537 01 00 0600 00000000 07000000 1c000000
      0600 0900 2f00 0000           ; PATH "/"
      """)
    try edit(
      .removeID(.max),
      """
      e7004537 01 00 0600 00000000 07000000 20000000
      0c00 0a00 ffffffffffffffff    ; ID
      """)
    try edit(
      .clear(.block, generation: 2),
      """
      e7004537 01 00 0700 00000000 07000000 28000000
      0500 0700 02 000000           ; ACTION block
      0c00 0400 0200000000000000    ; GENERATION 2
      """)
    try edit(.clear(nil, generation: nil), "e7004537 01 00 0700 00000000 07000000 14000000")
    try edit(
      .set(.debug, 1),
      """
      e7004537 01 00 0300 00000000 07000000 28000000
      0500 0500 0c 000000           ; FLAG debug
      0c00 0600 0100000000000000    ; VALUE enabled
      """)
    try edit(
      .begin(replace: true, generation: 1),
      """
      e7004537 01 00 0800 00000000 07000000 24000000
      0400 0b00                     ; REPLACE
      0c00 0400 0100000000000000    ; GENERATION 1
      """)
    try edit(
      .commit(confirm: 60),
      """
      e7004537 01 00 0900 00000000 07000000 1c000000
      0800 2e00 3c000000            ; CONFIRM 60
      """)
  }

  @Test func answersToQuestions() throws {
    func edit(_ edit: Edit, _ golden: String) throws {
      try expect(edit.type, 7, edit.write, golden)
    }
    try edit(
      .answer(question: 16_012_345, .allow, .once),
      """
      e7004537 01 00 0f00 00000000 07000000 28000000
      0c00 2800 3954f40000000000    ; QUESTION 16012345
      0500 0700 01 000000           ; ACTION allow
      """)
    try edit(
      .answer(question: 1, .reject, .seconds(90)),
      """
      e7004537 01 00 0f00 00000000 07000000 30000000
      0c00 2800 0100000000000000    ; QUESTION 1
      0500 0700 03 000000           ; ACTION reject
      0800 2400 5a000000            ; FOR 90
      """)
    try edit(
      .answer(question: .max, .block, .always),
      """
      e7004537 01 00 0f00 00000000 07000000 2c000000
      0c00 2800 ffffffffffffffff    ; QUESTION
      0500 0700 02 000000           ; ACTION block
      0400 2900                     ; ALWAYS
      """)
  }

  @Test func eventOfAQuestion() throws {
    var event = SeededGenerator.plainEvent
    (event.kind, event.verdict, event.reason) = (.ask, .ask, .rule)
    event.rule = 3
    event.question = 7
    event.secondsLeft = 30
    try expect(
      .event, 0, event.write,
      """
      e7004537 01 00 0b00 00000000 00000000 80000000
      0500 0c00 04 000000           ; KIND ask
      0500 0d00 04 000000           ; VERDICT ask
      0500 0e00 01 000000           ; REASON rule
      0500 0f00 02 000000           ; DIRECTION out
      0600 0800 0600 0000           ; PROT 6
      0800 1000 0a000001            ; LOCAL 10.0.0.1
      0800 1100 0a000002            ; REMOTE 10.0.0.2
      0800 1600 01000000            ; NETNS
      0c00 1800 0200000000000000    ; TIME
      0c00 0a00 0300000000000000    ; ID 3
      0c00 2800 0700000000000000    ; QUESTION 7
      0800 2a00 1e000000            ; LEFT 30
      """)
    (event.kind, event.verdict, event.reason) = (.asked, .allow, .answer)
    event.rule = nil
    event.secondsLeft = nil
    try expect(
      .event, 0, event.write,
      """
      e7004537 01 00 0b00 00000000 00000000 6c000000
      0500 0c00 05 000000           ; KIND asked
      0500 0d00 01 000000           ; VERDICT allow
      0500 0e00 07 000000           ; REASON answer
      0500 0f00 02 000000           ; DIRECTION out
      0600 0800 0600 0000           ; PROT 6
      0800 1000 0a000001            ; LOCAL 10.0.0.1
      0800 1100 0a000002            ; REMOTE 10.0.0.2
      0800 1600 01000000            ; NETNS
      0c00 1800 0200000000000000    ; TIME
      0c00 2800 0700000000000000    ; QUESTION 7
      """)
  }

  @Test func event() throws {
    var event = Event(
      kind: .drop, verdict: .block, reason: .rule, direction: .outgoing, prot: 6,
      local: [10, 0, 0, 1], remote: [10, 0, 0, 2], netns: 0xf000_0001,
      time: 0x0102_0304_0506_0708)
    event.path = Array("/c".utf8)
    event.localPort = 40112
    event.remotePort = 80
    event.uid = 1000
    event.pid = 4711
    event.cgroup = 5
    event.leftOut = 2
    event.lost = 1
    event.rule = 3
    try expect(
      .event, 0, event.write,
      """
      e7004537 01 00 0b00 00000000 00000000 b8000000
      0500 0c00 02 000000           ; KIND drop
      0500 0d00 02 000000           ; VERDICT block
      0500 0e00 01 000000           ; REASON rule
      0500 0f00 02 000000           ; DIRECTION out
      0600 0800 0600 0000           ; PROT 6
      0800 1000 0a000001            ; LOCAL 10.0.0.1
      0800 1100 0a000002            ; REMOTE 10.0.0.2
      0800 1600 010000f0            ; NETNS
      0c00 1800 0807060504030201    ; TIME
      0700 0900 2f6300 00           ; PATH "/c"
      0600 1200 b09c 0000           ; LPORT 40112
      0600 1300 5000 0000           ; RPORT 80
      0800 1400 e8030000            ; UID 1000
      0800 1500 67120000            ; PID 4711
      0c00 1700 0500000000000000    ; CGROUP 5
      0c00 1900 0200000000000000    ; LEFTOUT 2
      0c00 1a00 0100000000000000    ; LOST 1
      0c00 0a00 0300000000000000    ; ID 3
      """)
  }

  @Test func eventOfAForeignScript() throws {
    var event = SeededGenerator.plainEvent
    event.programClass = .foreign
    event.statistic = .searching
    event.path = Array("/p".utf8)
    event.mntns = 0xf000_0002
    event.script = Array("x".utf8)
    event.pid = 1
    event.start = 7
    try expect(
      .event, 0, event.write,
      """
      e7004537 01 00 0b00 00000000 00000000 9c000000
      0500 0c00 01 000000           ; KIND norule
      0500 0d00 01 000000           ; VERDICT allow
      0500 0e00 02 000000           ; REASON unkrule
      0500 0f00 02 000000           ; DIRECTION out
      0600 0800 0600 0000           ; PROT 6
      0800 1000 0a000001            ; LOCAL 10.0.0.1
      0800 1100 0a000002            ; REMOTE 10.0.0.2
      0800 1600 01000000            ; NETNS
      0c00 1800 0200000000000000    ; TIME
      0500 1b00 02 000000           ; CLASS foreign
      0500 1f00 09 000000           ; STAT searching
      0700 0900 2f7000 00           ; PATH "/p"
      0800 1e00 020000f0            ; MNTNS
      0600 1c00 7800 0000           ; SCRIPT "x"
      0800 1500 01000000            ; PID 1
      0c00 1d00 0700000000000000    ; START
      """)
  }

  @Test func notices() throws {
    try expect(
      .notice, 0, Notice.rules(generation: 6).write,
      """
      e7004537 01 00 0c00 00000000 00000000 28000000
      0500 0c00 01 000000           ; KIND rules
      0c00 0400 0600000000000000    ; GENERATION 6
      """)
    try expect(
      .notice, 0, Notice.flag(FlagValue(flag: .fail, value: 2)).write,
      """
      e7004537 01 00 0c00 00000000 00000000 30000000
      0500 0c00 02 000000           ; KIND flag
      0500 0500 02 000000           ; FLAG fail
      0c00 0600 0200000000000000    ; VALUE block
      """)
    try expect(
      .notice, 0, Notice.unload.write,
      """
      e7004537 01 00 0c00 00000000 00000000 1c000000
      0500 0c00 03 000000           ; KIND unload
      """)
    try expect(
      .notice, 0,
      Notice.release(RoleChange(role: .control, pid: 7, path: [0x2f], byForce: true)).write,
      """
      e7004537 01 00 0c00 00000000 00000000 38000000
      0500 0c00 09 000000           ; KIND release
      0500 3000 01 000000           ; SOCKET_ROLE control
      0800 1500 07000000            ; PID 7
      0600 0900 2f00 0000           ; PATH "/"
      0400 3100                     ; FORCE
      """)
    try expect(
      .notice, 0, Notice.lease(lapsed: true).write,
      """
      e7004537 01 00 0c00 00000000 00000000 30000000
      0500 0c00 0a 000000           ; KIND lease
      0500 0500 28 000000           ; FLAG lapsed
      0c00 0600 0100000000000000    ; VALUE
      """)
    try expect(
      .notice, 0, Notice.helper(pid: nil).write,
      """
      e7004537 01 00 0c00 00000000 00000000 1c000000
      0500 0c00 0b 000000           ; KIND helper
      """)
    try expect(
      .gap, 0, Gap(lost: 12).write,
      """
      e7004537 01 00 8500 00000000 00000000 20000000
      0c00 1a00 0c00000000000000    ; LOST 12
      """)
  }
}
