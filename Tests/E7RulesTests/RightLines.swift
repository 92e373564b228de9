// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules

/// Lines, what they mean, and how that prints.
enum RightLines {
  static func path(_ text: String) -> [UInt8] { Array(text.utf8) }

  static let all: [(line: String, command: Command?, printed: String?)] = [
    ("", nil, nil),
    (" \t ", nil, nil),
    ("# comment", nil, nil),
    ("#allow tcp", nil, nil),
    ("\t# \"open", nil, nil),

    // Documented by the system that this one succeeds.
    ("set mode disable", .set(.mode, 0), "set mode disabled"),
    ("set mode disabled", .set(.mode, 0), "set mode disabled"),
    ("query allow", .query(Filter(action: .allow)), "query allow"),
    ("query block", .query(Filter(action: .block)), "query block"),
    ("clear allow", .clear(.allow), "clear allow"),
    ("disconnect", .disconnect, "disconnect"),
    ("allow any /bin/", .one(.allow, Match(path: path("/bin/"))), "allow any /bin/"),
    (
      "allow /usr/lib/firefox/firefox",
      .one(.allow, Match(path: path("/usr/lib/firefox/firefox"))),
      "allow any /usr/lib/firefox/firefox"
    ),

    ("allow", .set(.mode, 0), "set mode disabled"),
    ("block", .set(.mode, 2), "set mode block"),
    ("block # comment", .set(.mode, 2), "set mode block"),
    ("enable", .set(.mode, 1), "set mode enabled"),
    ("events", .events, "events"),
    ("stats", .statistics, "stats"),
    ("quit", .quit, "quit"),
    ("load /etc/e7/rules", .load(path("/etc/e7/rules")), "load /etc/e7/rules"),
    ("load -", .load(path("-")), "load -"),
    (
      "load --confirm 60 my.rules", .load(path("my.rules"), confirm: 60),
      "load --confirm 60 my.rules"
    ),
    ("load my.rules --confirm 1", .load(path("my.rules"), confirm: 1), "load --confirm 1 my.rules"),
    ("load --confirm 3600 -", .load(path("-"), confirm: 3600), "load --confirm 3600 -"),
    ("confirm", .confirm, "confirm"),
    ("revert # all of it", .revert, "revert"),
    ("save", .save(nil), "save"),
    ("save \"a b\"", .save(path("a b")), "save \"a b\""),
    ("check rules # comment", .check(path("rules")), "check rules"),
    ("diff \"#1\"", .diff(path("#1")), "diff \"#1\""),
    ("why --all", .whyAll, "why --all"),
    (
      "why tcp /usr/bin/curl port 443 user 77 to 10.1.2.3",
      .why(
        Flow(
          prot: 6, path: path("/usr/bin/curl"), direction: .outgoing, remote: [10, 1, 2, 3],
          port: 443, uid: 77)),
      "why tcp /usr/bin/curl to 10.1.2.3 port 443 user 77"
    ),
    (
      "why 58 unknown in from ::",
      .why(
        Flow(
          prot: 58, programClass: .unknown, direction: .incoming,
          remote: [UInt8](repeating: 0, count: 16))),
      "why icmp6 unknown from ::"
    ),
    ("bye", .disconnect, "disconnect"),

    ("allow tcp", .one(.allow, Match(prot: 6)), "allow tcp"),
    ("block 6", .one(.block, Match(prot: 6)), "block tcp"),
    ("block 0", .one(.block, Match(prot: 0)), "block 0"),
    ("block 1", .one(.block, Match(prot: 1)), "block icmp"),
    ("allow 255", .one(.allow, Match(prot: 255)), "allow 255"),
    ("allow icmp6", .one(.allow, Match(prot: 58)), "allow icmp6"),
    ("allow udplite", .one(.allow, Match(prot: 136)), "allow udplite"),
    ("block any", .one(.block, Match()), "block any"),
    ("allow /", .one(.allow, Match(path: path("/"))), "allow any /"),
    (
      "\tblock  udp \t/usr/bin/dig\t", .one(.block, Match(prot: 17, path: path("/usr/bin/dig"))),
      "block udp /usr/bin/dig"
    ),
    (
      "allow tcp \"/opt/My App/run\"",
      .one(.allow, Match(prot: 6, path: path("/opt/My App/run"))),
      "allow tcp \"/opt/My App/run\""
    ),
    (
      "allow tcp /opt/\"My App\"/\"\"run",
      .one(.allow, Match(prot: 6, path: path("/opt/My App/run"))),
      "allow tcp \"/opt/My App/run\""
    ),
    ("\"allow\" \"tcp\"", .one(.allow, Match(prot: 6)), "allow tcp"),
    ("allow \"/a#b\"", .one(.allow, Match(path: path("/a#b"))), "allow any /a#b"),
    ("allow /a#b #c", .one(.allow, Match(path: path("/a#b"))), "allow any /a#b"),
    ("allow /#", .one(.allow, Match(path: path("/#"))), "allow any /#"),
    (
      "allow \"/a # b\"", .one(.allow, Match(path: path("/a # b"))), "allow any \"/a # b\""
    ),
    ("allow /a\\b", .one(.allow, Match(path: path("/a\\b"))), "allow any /a\\b"),
    ("allow \"/a\\\\b\"", .one(.allow, Match(path: path("/a\\b"))), "allow any /a\\b"),
    (
      "allow \"/a\\\"b\"", .one(.allow, Match(path: path("/a\"b"))), "allow any \"/a\\\"b\""
    ),
    (
      "allow \"/a b\\\\c\"", .one(.allow, Match(path: path("/a b\\c"))),
      "allow any \"/a b\\\\c\""
    ),
    ("allow \"/\\x41\"", .one(.allow, Match(path: path("/A"))), "allow any /A"),
    (
      "allow \"/\\xfF\\x80\"", .one(.allow, Match(path: [0x2f, 0xff, 0x80])),
      "allow any \"/\\xff\\x80\""
    ),
    (
      "allow /\u{202e}x", .one(.allow, Match(path: path("/\u{202e}x"))),
      "allow any \"/\\xe2\\x80\\xaex\""
    ),
    (
      "allow /\u{9b}31m", .one(.allow, Match(path: path("/\u{9b}31m"))),
      "allow any \"/\\xc2\\x9b31m\""
    ),
    ("allow /müll/日本", .one(.allow, Match(path: path("/müll/日本"))), "allow any /müll/日本"),
    ("allow /...", .one(.allow, Match(path: path("/..."))), "allow any /..."),
    ("allow /.a/..b/", .one(.allow, Match(path: path("/.a/..b/"))), "allow any /.a/..b/"),

    ("allow foreign", .one(.allow, Match(programClass: .foreign)), "allow any foreign"),
    (
      "block tcp foreign", .one(.block, Match(prot: 6, programClass: .foreign)),
      "block tcp foreign"
    ),
    (
      "allow foreign /usr/sbin/nginx",
      .one(.allow, Match(programClass: .foreign, path: path("/usr/sbin/nginx"))),
      "allow any foreign /usr/sbin/nginx"
    ),
    (
      "allow tcp foreign \"/opt/a b/\"  # c",
      .one(.allow, Match(prot: 6, programClass: .foreign, path: path("/opt/a b/"))),
      "allow tcp foreign \"/opt/a b/\""
    ),
    ("allow udp kernel", .one(.allow, Match(prot: 17, programClass: .kernel)), "allow udp kernel"),
    ("block memfd", .one(.block, Match(programClass: .memfd)), "block any memfd"),
    ("block deleted", .one(.block, Match(programClass: .deleted)), "block any deleted"),
    ("allow /foreign", .one(.allow, Match(path: path("/foreign"))), "allow any /foreign"),
    ("clear foreign", .removeOne(Match(programClass: .foreign)), "clear any foreign"),
    (
      "clear foreign /a", .removeOne(Match(programClass: .foreign, path: path("/a"))),
      "clear any foreign /a"
    ),
    ("query foreign", .query(Filter(programClass: .foreign)), "query foreign"),
    (
      "query block tcp foreign /a",
      .query(Filter(action: .block, prot: 6, programClass: .foreign, path: path("/a"))),
      "query block tcp foreign /a"
    ),
    ("set hold enable", .set(.hold, 1), "set hold enabled"),

    ("clear", .clear(nil), "clear"),
    ("clear block", .clear(.block), "clear block"),
    ("clear any", .removeOne(Match()), "clear any"),
    ("clear tcp", .removeOne(Match(prot: 6)), "clear tcp"),
    ("clear /bin/", .removeOne(Match(path: path("/bin/"))), "clear any /bin/"),
    ("clear 17 /a", .removeOne(Match(prot: 17, path: path("/a"))), "clear udp /a"),
    ("clear id 1", .removeID(1), "clear id 1"),
    (
      "clear id 18446744073709551615", .removeID(.max), "clear id 18446744073709551615"
    ),

    ("set mode 2", .set(.mode, 2), "set mode block"),
    ("set mode enable", .set(.mode, 1), "set mode enabled"),
    ("set fail block", .set(.fail, 2), "set fail block"),
    ("set unkrule 1", .set(.unkrule, 1), "set unkrule allow"),
    ("set squelch disable", .set(.squelch, 0), "set squelch disabled"),
    ("set loopback allow", .set(.loopback, 1), "set loopback allow"),

    ("get", .get(nil), "get"),
    ("get uptime", .get(.uptime), "get uptime"),
    ("query", .query(Filter()), "query"),
    ("query tcp", .query(Filter(prot: 6)), "query tcp"),
    ("query any", .query(Filter(prot: 256)), "query any"),
    ("query /bin/", .query(Filter(path: path("/bin/"))), "query /bin/"),
    (
      "query block udp /a", .query(Filter(action: .block, prot: 17, path: path("/a"))),
      "query block udp /a"
    ),

    ("reject tcp", .one(.reject, Match(prot: 6)), "reject tcp"),
    ("clear reject", .clear(.reject), "clear reject"),
    ("query reject", .query(Filter(action: .reject)), "query reject"),
    ("set unkrule reject", .set(.unkrule, 3), "set unkrule reject"),
    ("set unkproc 3", .set(.unkproc, 3), "set unkproc reject"),

    ("ask tcp", .one(.ask, Match(prot: 6)), "ask tcp"),
    (
      "ask quick /bin/ for 1h",
      .one(.ask, Match(isQuick: true, path: path("/bin/")), Terms(forSeconds: 3600)),
      "ask quick any /bin/ for 1h"
    ),
    ("clear ask", .clear(.ask), "clear ask"),
    ("query ask", .query(Filter(action: .ask)), "query ask"),
    ("query ask tcp", .query(Filter(action: .ask, prot: 6)), "query ask tcp"),
    ("set unkrule ask", .set(.unkrule, 4), "set unkrule ask"),
    ("set unkprot 4", .set(.unkprot, 4), "set unkprot ask"),
    ("set asktime 1", .set(.askTime, 1), "set asktime 1"),
    ("set asktime 3600", .set(.askTime, 3600), "set asktime 3600"),
    ("set askmax 4096", .set(.askMost, 4096), "set askmax 4096"),
    ("get asktime", .get(.askTime), "get asktime"),
    ("get qheld", .get(.qheld), "get qheld"),
    ("questions", .questions, "questions"),
    ("answer 1 allow", .answer(1, .allow, .once), "answer 1 allow"),
    ("answer 16012345 block once", .answer(16_012_345, .block, .once), "answer 16012345 block"),
    ("answer 7 reject always # it", .answer(7, .reject, .always), "answer 7 reject always"),
    ("answer 7 allow for 90s", .answer(7, .allow, .seconds(90)), "answer 7 allow for 90s"),
    (
      "answer 7 allow for 365d", .answer(7, .allow, .seconds(31_536_000)), "answer 7 allow for 365d"
    ),
    (
      "answer 18446744073709551615 allow for 60s", .answer(.max, .allow, .seconds(60)),
      "answer 18446744073709551615 allow for 1m"
    ),

    ("allow quick", .one(.allow, Match(isQuick: true)), "allow quick any"),
    ("block quick udp", .one(.block, Match(isQuick: true, prot: 17)), "block quick udp"),
    (
      "block quick /bin/", .one(.block, Match(isQuick: true, path: path("/bin/"))),
      "block quick any /bin/"
    ),
    ("clear quick", .removeOne(Match(isQuick: true)), "clear quick any"),

    ("allow in", .one(.allow, Match(direction: .incoming)), "allow any in"),
    ("allow tcp out", .one(.allow, Match(prot: 6, direction: .outgoing)), "allow tcp out"),
    (
      "allow kernel out", .one(.allow, Match(programClass: .kernel, direction: .outgoing)),
      "allow any kernel out"
    ),
    (
      "allow to 10.0.0.0/8", .one(.allow, to(Given.net([10, 0, 0, 0], 8))),
      "allow any to 10.0.0.0/8"
    ),
    (
      "allow out to 10.0.0.1", .one(.allow, to(Given.net([10, 0, 0, 1], 32))),
      "allow any to 10.0.0.1"
    ),
    (
      "allow to 10.0.0.1/32 out", .one(.allow, to(Given.net([10, 0, 0, 1], 32))),
      "allow any to 10.0.0.1"
    ),
    (
      "allow to 0.0.0.0/0", .one(.allow, to(Given.net([0, 0, 0, 0], 0))), "allow any to 0.0.0.0/0"
    ),
    ("allow to ::/0", .one(.allow, to(Given.six([], 0))), "allow any to ::/0"),
    (
      "allow to 255.255.255.255", .one(.allow, to(Given.net([255, 255, 255, 255], 32))),
      "allow any to 255.255.255.255"
    ),
    (
      "allow to 2001:DB8:0:0:0::/32", .one(.allow, to(Given.six([0x2001, 0xdb8], 32))),
      "allow any to 2001:db8::/32"
    ),
    (
      "allow to 0:0:0:0:0:0:0:1", .one(.allow, to(Given.six([], 128, last: 1))), "allow any to ::1"
    ),
    (
      "allow to 64:ff9b::192.0.2.1/128",
      .one(
        .allow, to(Given.net([0, 0x64, 0xff, 0x9b] + [0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1], 128))),
      "allow any to 64:ff9b::c000:201"
    ),
    (
      "allow icmp6 from fe80::/10",
      .one(
        .allow, Match(prot: 58, direction: .incoming, remote: Given.six([0xfe80], 10))),
      "allow icmp6 from fe80::/10"
    ),
    (
      "allow icmp in from 10.0.0.0/8",
      .one(
        .allow,
        Match(prot: 1, direction: .incoming, remote: Given.net([10, 0, 0, 0], 8))),
      "allow icmp from 10.0.0.0/8"
    ),

    ("allow port 80", .one(.allow, Match(ports: Ports(80, 80))), "allow any port 80"),
    ("allow port 0", .one(.allow, Match(ports: Ports(0, 0))), "allow any port 0"),
    (
      "allow tcp port 80-80", .one(.allow, Match(prot: 6, ports: Ports(80, 80))),
      "allow tcp port 80"
    ),
    (
      "allow 136 port 0-65535", .one(.allow, Match(prot: 136, ports: Ports(0, 65535))),
      "allow udplite port 0-65535"
    ),
    ("allow 33 port 1", .one(.allow, Match(prot: 33, ports: Ports(1, 1))), "allow dccp port 1"),
    ("allow sctp port 9", .one(.allow, Match(prot: 132, ports: Ports(9, 9))), "allow sctp port 9"),
    ("allow tcp port ssh", .one(.allow, Match(prot: 6, ports: Ports(22, 22))), "allow tcp port 22"),
    ("allow port ntp", .one(.allow, Match(ports: Ports(123, 123))), "allow any port 123"),
    (
      "allow port http-alt", .one(.allow, Match(ports: Ports(8080, 8080))), "allow any port 8080"
    ),
    (
      "allow tcp port 80,https,6000-6063",
      .rule(
        .allow,
        [Ports(80, 80), Ports(443, 443), Ports(6000, 6063)].map { Match(prot: 6, ports: $0) }),
      "allow tcp port 80,443,6000-6063"
    ),
    (
      "clear port 80,443 user alice",
      .remove([Ports(80, 80), Ports(443, 443)].map { Match(ports: $0, uid: 1000) }),
      "clear any port 80,443 user alice"
    ),
    ("allow port 80,http,80-80", .one(.allow, Match(ports: Ports(80, 80))), "allow any port 80"),

    ("allow user alice", .one(.allow, Match(uid: 1000)), "allow any user alice"),
    ("allow user 1000", .one(.allow, Match(uid: 1000)), "allow any user alice"),
    ("allow user root", .one(.allow, Match(uid: 0)), "allow any user root"),
    ("allow user \"al ice\"", .one(.allow, Match(uid: 1001)), "allow any user \"al ice\""),
    // A number is never a name, also where somebody is called so.
    ("allow user 42", .one(.allow, Match(uid: 42)), "allow any user 42"),
    ("allow user 1002", .one(.allow, Match(uid: 1002)), "allow any user 1002"),
    ("allow user twin", .one(.allow, Match(uid: 2000)), "allow any user bob"),
    ("allow user 3000", .one(.allow, Match(uid: 3000)), "allow any user 3000"),
    ("allow user 4294967294", .one(.allow, Match(uid: .max - 1)), "allow any user last"),
    ("allow user 77", .one(.allow, Match(uid: 77)), "allow any user 77"),

    ("allow tcp for 1s", .one(.allow, Match(prot: 6), Terms(forSeconds: 1)), "allow tcp for 1s"),
    ("allow tcp for 90s", .one(.allow, Match(prot: 6), Terms(forSeconds: 90)), "allow tcp for 90s"),
    ("allow tcp for 60s", .one(.allow, Match(prot: 6), Terms(forSeconds: 60)), "allow tcp for 1m"),
    (
      "allow tcp for 120m", .one(.allow, Match(prot: 6), Terms(forSeconds: 7200)),
      "allow tcp for 2h"
    ),
    (
      "allow tcp for 168h", .one(.allow, Match(prot: 6), Terms(forSeconds: 604800)),
      "allow tcp for 7d"
    ),
    (
      "allow tcp for 31536000s", .one(.allow, Match(prot: 6), Terms(forSeconds: 31_536_000)),
      "allow tcp for 365d"
    ),
    (
      "allow tcp for 31535999s", .one(.allow, Match(prot: 6), Terms(forSeconds: 31_535_999)),
      "allow tcp for 31535999s"
    ),
    (
      "allow tcp comment \"the \\\"web\\\" # all\"",
      .one(.allow, Match(prot: 6), Terms(comment: path("the \"web\" # all"))),
      "allow tcp comment \"the \\\"web\\\" # all\""
    ),
    (
      "allow tcp comment web", .one(.allow, Match(prot: 6), Terms(comment: path("web"))),
      "allow tcp comment \"web\""
    ),
    ("allow tcp comment \"\"", .one(.allow, Match(prot: 6)), "allow tcp"),
    (
      "allow tcp comment \u{202e}", .one(.allow, Match(prot: 6), Terms(comment: path("\u{202e}"))),
      "allow tcp comment \"\\xe2\\x80\\xae\""
    ),
    (
      "allow tcp comment \(String(repeating: "é", count: 64))",
      .one(.allow, Match(prot: 6), Terms(comment: path(String(repeating: "é", count: 64)))),
      "allow tcp comment \"\(String(repeating: "é", count: 64))\""
    ),

    // Any order in, one order out.
    (
      "block quick tcp foreign /a comment c for 1h user alice port 22 to 10.0.0.1 out", everything,
      "block quick tcp foreign /a to 10.0.0.1 port 22 user alice for 1h comment \"c\""
    ),
    (
      "block quick tcp foreign /a out for 60m port 22 to 10.0.0.1 comment \"c\" user 1000",
      everything,
      "block quick tcp foreign /a to 10.0.0.1 port 22 user alice for 1h comment \"c\""
    ),
    // What is no part of the match tells no rule from another.
    ("clear tcp for 5m comment c", .removeOne(Match(prot: 6)), "clear tcp"),
    (
      "query in", .query(filter { $0.direction = .incoming }), "query in"
    ),
    (
      "query quick port 80,443",
      .query(
        filter {
          $0.isQuick = true
          $0.ports = [Ports(80, 80), Ports(443, 443)]
        }), "query quick port 80,443"
    ),
    (
      "query block to 10.0.0.0/8 user alice for 1h comment \"\"",
      .query(
        filter {
          $0.action = .block
          $0.direction = .outgoing
          $0.remote = Given.net([10, 0, 0, 0], 8)
          $0.uid = 1000
          $0.forSeconds = 3600
          $0.comment = []
        }), "query block to 10.0.0.0/8 user alice for 1h comment \"\""
    ),
  ]

  private static func to(_ network: Network) -> Match {
    Match(direction: .outgoing, remote: network)
  }

  private static func filter(_ change: (inout Filter) -> Void) -> Filter {
    var filter = Filter()
    change(&filter)
    return filter
  }

  private static let everything = Command.one(
    .block,
    Match(
      isQuick: true, prot: 6, programClass: .foreign, path: path("/a"), direction: .outgoing,
      remote: Given.net([10, 0, 0, 1], 32), ports: Ports(22, 22), uid: 1000),
    Terms(forSeconds: 3600, comment: path("c")))
}
