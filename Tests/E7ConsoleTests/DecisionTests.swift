// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Console
import E7IPC
import E7Rules
import Testing

@Suite struct DecisionTests {
  private let flag = FlagValue(flag: .unkrule, value: 2)

  private func rule(_ id: UInt64, _ action: Action, _ ports: Ports? = nil, prot: UInt16 = 6) -> Rule
  {
    Rule(id: id, action: action, match: Match(prot: prot, ports: ports))
  }

  @Test func theRestStandsAsItWouldDecide() {
    // Equal in all fields of the match, so that actions decide, which the kernel's list ignores.
    let all = [
      rule(1, .block, Ports(3, 7)), rule(2, .allow, Ports(1, 5)), rule(3, .reject, Ports(2, 6)),
      rule(4, .allow),
    ]
    let decision = Decision(all, flag: flag, mode: 1)
    #expect(decision.rules.map(\.id) == [1, 3, 2, 4])
    #expect(decision.field == .action)
    #expect(
      decision.lines() == [
        "decides:      block tcp port 3-7  # id 1, 0 hits",
        "decided by:   action",
        "next best:    reject tcp port 2-6  # id 3, 0 hits",
        "also beaten:  allow tcp port 1-5  # id 2, 0 hits",
        "also beaten:  allow tcp  # id 4, 0 hits",
      ])
  }

  @Test func equalsDecideNothing() {
    let all = [rule(1, .allow, Ports(1, 5)), rule(2, .allow, Ports(2, 6))]
    let decision = Decision(all, flag: flag, mode: 1)
    #expect(decision.field == nil)
    #expect(decision.lines()[1] == "decided by:   nothing: the next best does the same")
  }

  @Test func oneRuleHasNoRival() {
    let decision = Decision([rule(1, .allow)], flag: flag, mode: 1)
    #expect(
      decision.lines() == [
        "decides:      allow tcp  # id 1, 0 hits", "decided by:   the only rule that matches",
      ])
    #expect(
      JSONText.decision(decision)
        == #"{"beaten":0,"mode":"enabled","reason":"rule","rule":1,"type":"decision","verdict":"allow"}"#
    )
  }

  @Test func withoutARuleAFlagDecides() {
    let decision = Decision([], flag: flag, mode: 0)
    #expect(
      decision.lines() == [
        "mode:         disabled: let all packets pass; if it were enabled:",
        "decides:      set unkrule block", "decided by:   no rule matches",
      ])
    #expect(
      JSONText.decision(decision)
        == #"{"beaten":0,"mode":"disabled","reason":"unkrule","type":"decision","verdict":"block"}"#
    )
  }

  @Test(
    arguments: [
      (6, nil, .unkrule), (58, .foreign, .unkrule), (136, .memfd, .unkrule), (6, .kernel, .unkproc),
      (47, .kernel, .unkproc), (6, .unknown, .unkproc), (47, nil, .unkprot), (50, nil, .unkprot),
      (255, .deleted, .unkprot),
    ] as [(UInt16, ProgramClass?, Flag)])
  func theFlagIsTheKernels(prot: UInt16, programClass: ProgramClass?, flag: Flag) {
    let flow = Flow(
      prot: prot, programClass: programClass, direction: .outgoing, remote: [10, 0, 0, 1])
    #expect(flow.flag == flag)
  }

  @Test func shadowedRulesStandWithTheirReason() {
    let shadowed = Shadowed(rule: rule(1, .allow), by: rule(2, .block, prot: 256))
    #expect(
      shadowed.lines() == [
        "never:        allow tcp  # id 1, 0 hits", "because of:   block any  # id 2, 0 hits",
      ])
  }
}
