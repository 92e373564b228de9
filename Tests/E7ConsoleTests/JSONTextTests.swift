// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Console
import E7IPC
import FoundationEssentials
import Testing

@Suite struct JSONTextTests {
  @Test func rules() {
    #expect(
      JSONText.rule(
        Rule(id: 3, action: .block, match: Match(prot: 6, path: Array("/usr/bin/curl".utf8))))
        == #"{"action":"block","hits":0,"id":3,"path":"/usr/bin/curl","protocol":"tcp","type":"rule"}"#
    )
    #expect(
      JSONText.rule(Rule(id: .max, action: .allow, match: Match()))
        == #"{"action":"allow","hits":0,"id":18446744073709551615,"protocol":"any","type":"rule"}"#)
  }

  @Test func rulesWithAllTheyMayHave() {
    let rule = Rule(
      id: 6, action: .reject,
      match: Match(
        isQuick: true, prot: 6, direction: .outgoing, remote: Network([10, 0, 0, 0], prefix: 8),
        ports: Ports(80, 443), uid: 1000),
      terms: Terms(forSeconds: 90, comment: Array("the \"web\"".utf8)), hits: 12, lastHit: 1)
    #expect(
      JSONText.rule(rule)
        == #"{"action":"reject","comment":"the \"web\"","direction":"out","for":90,"hits":12,"#
        + #""id":6,"lastHit":"1970-01-01T00:00:00.000000001Z","ports":{"first":80,"last":443},"#
        + #""protocol":"tcp","quick":true,"remote":"10.0.0.0/8","type":"rule","uid":1000}"#)
  }

  @Test func commentsThatAreNoText() {
    // Whoever has the capability may have told the kernel one.
    let rule = Rule(
      id: 1, action: .allow, match: Match(), terms: Terms(comment: [0x63, 0xff]))
    let text = JSONText.rule(rule)
    #expect(text.contains(#""commentHex":"63ff""#) && !text.contains(#""comment":"#))
  }

  @Test func rulesAboutClasses() {
    #expect(
      JSONText.rule(
        Rule(
          id: 4, action: .allow,
          match: Match(prot: 6, programClass: .foreign, path: Array("/usr/sbin/nginx".utf8))))
        == #"{"action":"allow","class":"foreign","hits":0,"id":4,"path":"/usr/sbin/nginx","#
        + #""protocol":"tcp","type":"rule"}"#)
    #expect(
      JSONText.rule(Rule(id: 5, action: .block, match: Match(programClass: .kernel)))
        == #"{"action":"block","class":"kernel","hits":0,"id":5,"protocol":"any","type":"rule"}"#)
  }

  @Test func pathsThatAreNoText() {
    #expect(
      JSONText.rule(Rule(id: 1, action: .allow, match: Match(prot: 0, path: [0x2f, 0x0a, 0xff])))
        == #"{"action":"allow","hits":0,"id":1,"pathHex":"2f0aff","protocol":"0","type":"rule"}"#)
    #expect(
      JSONText.rule(
        Rule(id: 1, action: .allow, match: Match(prot: 0, path: Array("/\u{1b}\"\\é\n".utf8))))
        == #"{"action":"allow","hits":0,"id":1,"path":"/\u001b\"\\é\n","protocol":"0","type":"rule"}"#
    )
  }

  @Test func flags() {
    #expect(
      JSONText.flag(FlagValue(flag: .mode, value: 2))
        == #"{"flag":"mode","type":"flag","value":2,"word":"block"}"#)
    #expect(
      JSONText.flag(FlagValue(flag: .uptime, value: 42))
        == #"{"flag":"uptime","type":"flag","value":42}"#)
  }

  @Test func flagsThatAreNumbersHaveNoWord() {
    #expect(
      JSONText.flag(FlagValue(flag: .askTime, value: 30))
        == #"{"flag":"asktime","type":"flag","value":30}"#)
  }

  @Test func statistics() {
    #expect(
      JSONText.statistic(StatisticValue(statistic: .noSocket, value: .max))
        == #"{"statistic":"nosocket","type":"statistic","value":18446744073709551615}"#)
  }

  @Test func outcomes() {
    #expect(
      JSONText.outcome(Outcome(generation: 12, id: 3))
        == #"{"error":0,"generation":12,"id":3,"type":"done"}"#)
    #expect(
      JSONText.outcome(Outcome(error: 1, text: Array("n\no".utf8)))
        == #"{"error":1,"text":"n\\x0ao","type":"done"}"#)
  }

  @Test func told() {
    #expect(
      JSONText.told(.event(Samples.drop))
        == #"{"direction":"out","kind":"drop","leftOut":2,"#
        + #""local":{"address":"10.0.0.1","port":40112},"lost":0,"netns":4026531840,"#
        + #""path":"/usr/bin/curl","pid":4711,"protocol":"tcp","reason":"rule","#
        + #""remote":{"address":"10.0.0.2","port":80},"rule":3,"#
        + #""time":"1970-01-01T14:02:11.000000005Z","type":"event","uid":1000,"verdict":"block"}"#)
    #expect(
      JSONText.told(.event(Samples.foreign))
        == #"{"class":"foreign","direction":"out","kind":"drop","leftOut":2,"#
        + #""local":{"address":"10.0.0.1","port":40112},"lost":0,"mntns":4026532289,"#
        + #""netns":4026531840,"path":"/usr/bin/python3","pid":4711,"protocol":"tcp","#
        + #""reason":"rule","remote":{"address":"10.0.0.2","port":80},"rule":3,"#
        + #""script":"./fetch it.py","start":12000000345,"#
        + #""time":"1970-01-01T14:02:11.000000005Z","type":"event","uid":1000,"verdict":"block"}"#)
    #expect(
      JSONText.told(.event(Samples.ask))
        == #"{"direction":"out","kind":"ask","leftOut":0,"#
        + #""local":{"address":"10.0.0.1","port":40112},"lost":0,"netns":4026531840,"#
        + #""path":"/usr/bin/curl","pid":4711,"protocol":"tcp","question":16012345,"#
        + #""reason":"rule","remote":{"address":"10.0.0.2","port":80},"rule":3,"#
        + #""secondsLeft":30,"time":"1970-01-01T14:02:11.000000005Z","type":"event","uid":1000,"#
        + #""verdict":"ask"}"#)
    let asked = JSONText.told(.event(Samples.asked(.block, .late)))
    for member in [
      #""kind":"asked""#, #""question":16012345"#, #""verdict":"block""#, #""reason":"late""#,
    ] { #expect(asked.contains(member)) }
    #expect(!asked.contains("secondsLeft"))
    var unknown = Samples.ping
    unknown.programClass = .unknown
    unknown.statistic = .noSocket
    unknown.script = [0x61, 0xff]
    let text = JSONText.told(.event(unknown))
    #expect(text.contains(#""class":"unknown""#) && text.contains(#""statistic":"nosocket""#))
    #expect(text.contains(#""scriptHex":"61ff""#) && !text.contains(#""script":"#))
    #expect(
      JSONText.told(.notice(.rules(generation: 1)))
        == #"{"generation":1,"kind":"rules","type":"notice"}"#)
    #expect(
      JSONText.told(.notice(.flag(FlagValue(flag: .fail, value: 1))))
        == #"{"flag":"fail","kind":"flag","type":"notice","value":1,"word":"allow"}"#)
    #expect(JSONText.told(.notice(.unload)) == #"{"kind":"unload","type":"notice"}"#)
    let change = RoleChange(role: .view, pid: 7, path: Array("/x".utf8), byForce: true)
    #expect(
      JSONText.told(.notice(.claim(change)))
        == #"{"force":true,"kind":"claim","path":"/x","pid":7,"role":"view","type":"notice"}"#)
    #expect(
      JSONText.told(.notice(.lease(lapsed: true)))
        == #"{"kind":"lease","lapsed":true,"type":"notice"}"#)
    #expect(
      JSONText.told(.notice(.helper(pid: 3)))
        == #"{"kind":"helper","pid":3,"type":"notice"}"#)
    #expect(JSONText.told(.gap(Gap(lost: 7))) == #"{"lost":7,"type":"gap"}"#)
    #expect(JSONText.told(.gap(Gap(lost: nil))) == #"{"type":"gap"}"#)
  }

  @Test(arguments: 0..<50) func everyPathGivesOneLineThatDecodes(seed: Int) throws {
    struct Record: Decodable {
      var path: String?
      var pathHex: String?
    }
    var path: [UInt8] = [0x2f]
    var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
    for _ in 0..<seed {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      // Half of them are text.
      path.append(seed % 2 == 0 ? UInt8(state & 0x7f) : UInt8(state & 0xff))
    }
    let line = JSONText.rule(Rule(id: 1, action: .allow, match: Match(path: path)))
    #expect(!line.contains("\n"))
    let record = try JSONDecoder().decode(Record.self, from: Data(line.utf8))
    if let text = record.path {
      #expect(Array(text.utf8) == path)
    } else {
      let digits = path.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      #expect(record.pathHex == digits && String(validating: path, as: UTF8.self) == nil)
    }
  }
}
