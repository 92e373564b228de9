// SPDX-License-Identifier: GPL-2.0-or-later

/// Lines that are no command, each with the whole of its message.
enum WrongLines {
  static let commands =
    "allow, block, enable, clear, set, get, query, stats, events, disconnect, bye or quit"
  static let settable =
    "mode, fail, unkproc, unkprot, unkrule, norule, drops, accepts, squelch, rchngq, loopback, "
    + "hold or debug"
  static let readable =
    "mode, fail, unkproc, unkprot, unkrule, norule, drops, accepts, squelch, rchngq, loopback, "
    + "hold, debug, uptime, qpackets, qdrops, qlost, rules or generation"
  static let classes = "foreign, deleted, memfd, kernel"
  static let match = "a protocol name, a number 0…255, \(classes) or an absolute path"
  static let programOrEnd = "\(classes), an absolute path or the end of the line"
  static let pathOrEnd = "an absolute path or the end of the line"
  static let end = "the end of the line"
  static let ruleNumber = "a number 1…18446744073709551615"
  static let modes = "disabled (0), enabled (1) or block (2)"

  static let all: [(line: String, message: String)] = [
    ("alow", "column 1: unknown command 'alow'; expected \(commands); did you mean 'allow'?"),
    ("Allow tcp", "column 1: unknown command 'Allow'; expected \(commands); did you mean 'allow'?"),
    ("ALLOW", "column 1: unknown command 'ALLOW'; expected \(commands); did you mean 'allow'?"),
    ("enabel", "column 1: unknown command 'enabel'; expected \(commands); did you mean 'enable'?"),
    ("qurey", "column 1: unknown command 'qurey'; expected \(commands); did you mean 'query'?"),
    ("xyzzy", "column 1: unknown command 'xyzzy'; expected \(commands)"),
    ("load /etc/rules", "column 1: unknown command 'load'; expected \(commands)"),
    ("why tcp", "column 1: unknown command 'why'; expected \(commands)"),
    ("help", "column 1: unknown command 'help'; expected \(commands)"),
    ("\"\"", "column 1: unknown command ''; expected \(commands)"),
    ("/usr/bin/curl", "column 1: unknown command '/usr/bin/curl'; expected \(commands)"),
    ("tcp", "column 1: unknown command 'tcp'; expected \(commands)"),
    ("\u{feff}allow tcp", "column 1: unknown command '\\xef\\xbb\\xbfallow'; expected \(commands)"),
    (
      "allow\r",
      "column 1: unknown command 'allow\\x0d'; expected \(commands); did you mean 'allow'?"
    ),
    ("quit now", "column 6: unexpected 'now'; expected \(end)"),
    ("bye bye", "column 5: unexpected 'bye'; expected \(end)"),
    ("disconnect 1", "column 12: unexpected '1'; expected \(end)"),
    ("enable tcp", "column 8: unexpected 'tcp'; expected \(end)"),
    ("allow tpc", "column 7: unknown protocol 'tpc'; expected \(match); did you mean 'tcp'?"),
    ("allow TCP", "column 7: unknown protocol 'TCP'; expected \(match); did you mean 'tcp'?"),
    ("allow 256", "column 7: '256' is no protocol number; expected 0…255"),
    ("allow 300", "column 7: '300' is no protocol number; expected 0…255"),
    (
      "allow 99999999999999999999999",
      "column 7: '99999999999999999999999' is no protocol number; expected 0…255"
    ),
    ("allow -1", "column 7: unknown protocol '-1'; expected \(match)"),
    ("allow 06", "column 7: '06' is no protocol number; expected 0…255"),
    ("allow +6", "column 7: unknown protocol '+6'; expected \(match)"),
    ("allow 6.0", "column 7: unknown protocol '6.0'; expected \(match)"),
    ("allow any any", "column 11: unexpected 'any'; expected \(programOrEnd)"),
    ("allow tcp udp", "column 11: unexpected 'udp'; expected \(programOrEnd)"),
    ("allow tcp 17", "column 11: unexpected '17'; expected \(programOrEnd)"),
    ("allow tcp foo", "column 11: unexpected 'foo'; expected \(programOrEnd)"),
    ("block allow", "column 7: unknown protocol 'allow'; expected \(match)"),
    ("allow \"\"", "column 7: unknown protocol ''; expected \(match)"),
    ("allow tcp \"\"", "column 11: unexpected ''; expected \(programOrEnd)"),
    (
      "allow usr/bin/curl",
      "column 7: the path 'usr/bin/curl' is not absolute; expected a path that begins with '/'"
    ),
    (
      "allow tcp ./curl",
      "column 11: the path './curl' is not absolute; expected a path that begins with '/'"
    ),
    (
      "allow tcp ~/curl",
      "column 11: the path '~/curl' is not absolute; expected a path that begins with '/'"
    ),
    (
      "allow tcp/udp",
      "column 7: the path 'tcp/udp' is not absolute; expected a path that begins with '/'"
    ),
    ("allow //usr", "column 7: the path '//usr' holds '//'; expected one '/' between names"),
    (
      "allow /usr//bin",
      "column 7: the path '/usr//bin' holds '//'; expected one '/' between names"
    ),
    (
      "allow /usr/./bin",
      "column 7: the path '/usr/./bin' holds '/./' or '/../'; expected the path without them"
    ),
    (
      "allow /usr/../bin",
      "column 7: the path '/usr/../bin' holds '/./' or '/../'; expected the path without them"
    ),
    (
      "allow /usr/bin/..",
      "column 7: the path '/usr/bin/..' holds '/./' or '/../'; expected the path without them"
    ),
    ("allow /.", "column 7: the path '/.' holds '/./' or '/../'; expected the path without them"),
    (
      "allow \"/a\\x0ab\"",
      "column 7: the path '/a\\x0ab' holds a control character; expected a path without any"
    ),
    (
      "allow \"/a\tb\"",
      "column 7: the path '/a\\x09b' holds a control character; expected a path without any"
    ),
    (
      "allow /a\u{7F}b",
      "column 7: the path '/a\\x7fb' holds a control character; expected a path without any"
    ),
    ("allow /usr/bin/curl tcp", "column 21: unexpected 'tcp'; expected \(end)"),
    ("allow /a /b", "column 10: unexpected '/b'; expected \(end)"),
    ("allow tcp /usr/bin/curl extra", "column 25: unexpected 'extra'; expected \(end)"),
    ("allow tcp /a b # c", "column 14: unexpected 'b'; expected \(end)"),
    (
      "allow tcp /usr/bin/curl\r",
      "column 11: the path '/usr/bin/curl\\x0d' holds a control character; "
        + "expected a path without any"
    ),
    ("allow tcp \"/a b", "column 11: the quote is not closed; expected another '\"'"),
    ("allow \"tcp", "column 7: the quote is not closed; expected another '\"'"),
    ("allow tcp \"/a\\qb\"", "column 14: unknown escape '\\q'; expected \\\", \\\\ or \\xNN"),
    ("allow tcp \"/a\\", "column 14: nothing follows the backslash; expected \\\", \\\\ or \\xNN"),
    ("allow tcp \"/a\\x4\"", "column 14: unknown escape '\\x'; expected \\\", \\\\ or \\xNN"),
    ("allow tcp \"/a\\é\"", "column 14: unknown escape '\\é'; expected \\\", \\\\ or \\xNN"),
    ("allow tcp port 80", "column 11: unexpected 'port'; expected \(programOrEnd)"),
    ("allow quick tcp", "column 7: unknown protocol 'quick'; expected \(match)"),
    ("allow in", "column 7: unknown protocol 'in'; expected \(match)"),
    ("allow quit", "column 7: unknown protocol 'quit'; expected \(match)"),
    (
      "allow forein",
      "column 7: unknown protocol 'forein'; expected \(match); did you mean 'foreign'?"
    ),
    (
      "block Kernel",
      "column 7: unknown protocol 'Kernel'; expected \(match); did you mean 'kernel'?"
    ),
    (
      "allow tcp memdf",
      "column 11: unexpected 'memdf'; expected \(programOrEnd); did you mean 'memfd'?"
    ),
    (
      "allow host",
      "column 7: rules do not name class 'host'; expected \(classes) or an absolute path"
    ),
    (
      "allow tcp host /usr/bin/curl",
      "column 11: rules do not name class 'host'; expected \(classes) or an absolute path"
    ),
    (
      "query unknown",
      "column 7: rules do not name class 'unknown'; expected \(classes) or an absolute path"
    ),
    ("allow kernel /x", "column 14: class 'kernel' takes no path; expected \(end)"),
    ("block tcp memfd /x", "column 17: class 'memfd' takes no path; expected \(end)"),
    ("clear deleted /x/", "column 15: class 'deleted' takes no path; expected \(end)"),
    ("allow kernel x", "column 14: unexpected 'x'; expected \(end)"),
    ("allow foreign x", "column 15: unexpected 'x'; expected \(pathOrEnd)"),
    ("allow foreign tcp", "column 15: unexpected 'tcp'; expected \(pathOrEnd)"),
    ("allow foreign kernel", "column 15: unexpected 'kernel'; expected \(pathOrEnd)"),
    ("allow foreign /a /b", "column 18: unexpected '/b'; expected \(end)"),
    ("allow /a foreign", "column 10: unexpected 'foreign'; expected \(end)"),
    (
      "allow foreign /a//b",
      "column 15: the path '/a//b' holds '//'; expected one '/' between names"
    ),
    (
      "clear alow",
      "column 7: unknown word 'alow'; expected allow, block, id, \(match); did you mean 'allow'?"
    ),
    ("clear id", "column 9: missing rule number; expected \(ruleNumber)"),
    ("clear id x", "column 10: 'x' is no rule number; expected \(ruleNumber)"),
    ("clear id 0", "column 10: '0' is no rule number; expected \(ruleNumber)"),
    ("clear id 01", "column 10: '01' is no rule number; expected \(ruleNumber)"),
    ("clear id -1", "column 10: '-1' is no rule number; expected \(ruleNumber)"),
    (
      "clear id 18446744073709551616",
      "column 10: '18446744073709551616' is no rule number; expected \(ruleNumber)"
    ),
    ("clear id 1 2", "column 12: unexpected '2'; expected \(end)"),
    ("clear allow tcp", "column 13: unexpected 'tcp'; expected \(end)"),
    (
      "clear usr/bin",
      "column 7: the path 'usr/bin' is not absolute; expected a path that begins with '/'"
    ),
    ("clear 256", "column 7: '256' is no protocol number; expected 0…255"),
    ("clear tcp /a b", "column 14: unexpected 'b'; expected \(end)"),
    (
      "clear idd 4",
      "column 7: unknown word 'idd'; expected allow, block, id, \(match); did you mean 'id'?"
    ),
    ("set", "column 4: missing flag; expected \(settable)"),
    ("set mod", "column 5: unknown flag 'mod'; expected \(settable); did you mean 'mode'?"),
    ("set nosuch 1", "column 5: unknown flag 'nosuch'; expected \(settable)"),
    ("set uptime 3", "column 5: flag 'uptime' is only read; expected \(settable)"),
    ("set mode", "column 9: missing value of flag 'mode'; expected \(modes)"),
    (
      "set mode blok",
      "column 10: 'blok' is no value of flag 'mode'; expected \(modes); did you mean 'block'?"
    ),
    ("set mode 3", "column 10: '3' is no value of flag 'mode'; expected \(modes)"),
    ("set mode 65282", "column 10: '65282' is no value of flag 'mode'; expected \(modes)"),
    ("set mode allow", "column 10: 'allow' is no value of flag 'mode'; expected \(modes)"),
    ("set mode 00", "column 10: '00' is no value of flag 'mode'; expected \(modes)"),
    (
      "set fail disable",
      "column 10: 'disable' is no value of flag 'fail'; expected allow (1) or block (2)"
    ),
    ("set fail 0", "column 10: '0' is no value of flag 'fail'; expected allow (1) or block (2)"),
    (
      "set unkrule reject",
      "column 13: 'reject' is no value of flag 'unkrule'; expected allow (1) or block (2)"
    ),
    (
      "set squelch yes",
      "column 13: 'yes' is no value of flag 'squelch'; expected disabled (0) or enabled (1)"
    ),
    (
      "set loopback block",
      "column 14: 'block' is no value of flag 'loopback'; expected filter (0) or allow (1)"
    ),
    (
      "set debug 2",
      "column 11: '2' is no value of flag 'debug'; expected disabled (0) or enabled (1)"
    ),
    ("set mode enabled now", "column 18: unexpected 'now'; expected \(end)"),
    ("set mode \"\"", "column 10: '' is no value of flag 'mode'; expected \(modes)"),
    (
      "set Mode enabled",
      "column 5: unknown flag 'Mode'; expected \(settable); did you mean 'mode'?"
    ),
    ("get nosuch", "column 5: unknown flag 'nosuch'; expected \(readable)"),
    ("get modes", "column 5: unknown flag 'modes'; expected \(readable); did you mean 'mode'?"),
    ("get mode fail", "column 10: unexpected 'fail'; expected \(end)"),
    (
      "query alow",
      "column 7: unknown word 'alow'; expected allow, block, \(match); did you mean 'allow'?"
    ),
    ("query allow foo", "column 13: unknown protocol 'foo'; expected \(match)"),
    ("query tcp tcp", "column 11: unexpected 'tcp'; expected \(programOrEnd)"),
    ("query id 3", "column 7: unknown word 'id'; expected allow, block, \(match)"),
    ("query reject", "column 7: unknown word 'reject'; expected allow, block, \(match)"),
    ("query usr", "column 7: unknown word 'usr'; expected allow, block, \(match)"),
  ]
}
