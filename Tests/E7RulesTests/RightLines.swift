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
    ("allow any /bin/", .rule(.allow, Match(path: path("/bin/"))), "allow any /bin/"),
    (
      "allow /usr/lib/firefox/firefox",
      .rule(.allow, Match(path: path("/usr/lib/firefox/firefox"))),
      "allow any /usr/lib/firefox/firefox"
    ),

    ("allow", .set(.mode, 0), "set mode disabled"),
    ("block", .set(.mode, 2), "set mode block"),
    ("block # comment", .set(.mode, 2), "set mode block"),
    ("enable", .set(.mode, 1), "set mode enabled"),
    ("events", .events, "events"),
    ("stats", .statistics, "stats"),
    ("quit", .quit, "quit"),
    ("bye", .disconnect, "disconnect"),

    ("allow tcp", .rule(.allow, Match(prot: 6)), "allow tcp"),
    ("block 6", .rule(.block, Match(prot: 6)), "block tcp"),
    ("block 0", .rule(.block, Match(prot: 0)), "block 0"),
    ("block 1", .rule(.block, Match(prot: 1)), "block icmp"),
    ("allow 255", .rule(.allow, Match(prot: 255)), "allow 255"),
    ("allow icmp6", .rule(.allow, Match(prot: 58)), "allow icmp6"),
    ("allow udplite", .rule(.allow, Match(prot: 136)), "allow udplite"),
    ("block any", .rule(.block, Match()), "block any"),
    ("allow /", .rule(.allow, Match(path: path("/"))), "allow any /"),
    (
      "\tblock  udp \t/usr/bin/dig\t", .rule(.block, Match(prot: 17, path: path("/usr/bin/dig"))),
      "block udp /usr/bin/dig"
    ),
    (
      "allow tcp \"/opt/My App/run\"",
      .rule(.allow, Match(prot: 6, path: path("/opt/My App/run"))),
      "allow tcp \"/opt/My App/run\""
    ),
    (
      "allow tcp /opt/\"My App\"/\"\"run",
      .rule(.allow, Match(prot: 6, path: path("/opt/My App/run"))),
      "allow tcp \"/opt/My App/run\""
    ),
    ("\"allow\" \"tcp\"", .rule(.allow, Match(prot: 6)), "allow tcp"),
    ("allow \"/a#b\"", .rule(.allow, Match(path: path("/a#b"))), "allow any /a#b"),
    ("allow /a#b #c", .rule(.allow, Match(path: path("/a#b"))), "allow any /a#b"),
    ("allow /#", .rule(.allow, Match(path: path("/#"))), "allow any /#"),
    (
      "allow \"/a # b\"", .rule(.allow, Match(path: path("/a # b"))), "allow any \"/a # b\""
    ),
    ("allow /a\\b", .rule(.allow, Match(path: path("/a\\b"))), "allow any /a\\b"),
    ("allow \"/a\\\\b\"", .rule(.allow, Match(path: path("/a\\b"))), "allow any /a\\b"),
    (
      "allow \"/a\\\"b\"", .rule(.allow, Match(path: path("/a\"b"))), "allow any \"/a\\\"b\""
    ),
    (
      "allow \"/a b\\\\c\"", .rule(.allow, Match(path: path("/a b\\c"))),
      "allow any \"/a b\\\\c\""
    ),
    ("allow \"/\\x41\"", .rule(.allow, Match(path: path("/A"))), "allow any /A"),
    (
      "allow \"/\\xfF\\x80\"", .rule(.allow, Match(path: [0x2f, 0xff, 0x80])),
      "allow any \"/\\xff\\x80\""
    ),
    (
      "allow /\u{202e}x", .rule(.allow, Match(path: path("/\u{202e}x"))),
      "allow any \"/\\xe2\\x80\\xaex\""
    ),
    (
      "allow /\u{9b}31m", .rule(.allow, Match(path: path("/\u{9b}31m"))),
      "allow any \"/\\xc2\\x9b31m\""
    ),
    ("allow /müll/日本", .rule(.allow, Match(path: path("/müll/日本"))), "allow any /müll/日本"),
    ("allow /...", .rule(.allow, Match(path: path("/..."))), "allow any /..."),
    ("allow /.a/..b/", .rule(.allow, Match(path: path("/.a/..b/"))), "allow any /.a/..b/"),

    ("allow foreign", .rule(.allow, Match(programClass: .foreign)), "allow any foreign"),
    (
      "block tcp foreign", .rule(.block, Match(prot: 6, programClass: .foreign)),
      "block tcp foreign"
    ),
    (
      "allow foreign /usr/sbin/nginx",
      .rule(.allow, Match(programClass: .foreign, path: path("/usr/sbin/nginx"))),
      "allow any foreign /usr/sbin/nginx"
    ),
    (
      "allow tcp foreign \"/opt/a b/\"  # c",
      .rule(.allow, Match(prot: 6, programClass: .foreign, path: path("/opt/a b/"))),
      "allow tcp foreign \"/opt/a b/\""
    ),
    ("allow udp kernel", .rule(.allow, Match(prot: 17, programClass: .kernel)), "allow udp kernel"),
    ("block memfd", .rule(.block, Match(programClass: .memfd)), "block any memfd"),
    ("block deleted", .rule(.block, Match(programClass: .deleted)), "block any deleted"),
    ("allow /foreign", .rule(.allow, Match(path: path("/foreign"))), "allow any /foreign"),
    ("clear foreign", .remove(Match(programClass: .foreign)), "clear any foreign"),
    (
      "clear foreign /a", .remove(Match(programClass: .foreign, path: path("/a"))),
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
    ("clear any", .remove(Match()), "clear any"),
    ("clear tcp", .remove(Match(prot: 6)), "clear tcp"),
    ("clear /bin/", .remove(Match(path: path("/bin/"))), "clear any /bin/"),
    ("clear 17 /a", .remove(Match(prot: 17, path: path("/a"))), "clear udp /a"),
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
  ]
}
