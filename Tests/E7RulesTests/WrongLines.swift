// SPDX-License-Identifier: GPL-2.0-or-later

/// Lines that are no command, each with the whole of its message.
enum WrongLines {
  static let commands =
    "allow, block, reject, ask, enable, clear, set, get, query, why, load, confirm, revert, save, "
    + "check, diff, answer, questions, stats, events, disconnect, bye or quit"
  static let settable =
    "mode, fail, unkproc, unkprot, unkrule, norule, drops, accepts, squelch, rchngq, loopback, "
    + "hold, debug, asktime or askmax"
  static let readable =
    "mode, fail, unkproc, unkprot, unkrule, norule, drops, accepts, squelch, rchngq, loopback, "
    + "hold, debug, asktime, askmax, uptime, qpackets, qdrops, qlost, rules, generation, qheld, lapsed or "
    + "control"
  static let classes = "foreign, deleted, memfd, kernel"
  static let match =
    "quick, a protocol name, a number 0…255, \(classes), an absolute path, in, out, to, from, port, "
    + "user, for or comment"
  static let clauses = "in, out, to, from, port, user, for, comment"
  static let clausesOrEnd = "\(clauses) or the end of the line"
  static let programOrEnd = "\(classes), an absolute path, \(clausesOrEnd)"
  static let pathOrEnd = "an absolute path, \(clausesOrEnd)"
  static let address = "an address or a network of IPv4 or IPv6"
  static let port = "a port 0…65535, a range N-M or the name of a service"
  static let user = "the name of a user or a number 0…4294967294"
  static let duration = "a number and s, m, h or d: 1s…365d"
  static let end = "the end of the line"
  static let seconds = "a number of seconds 1…3600"
  static let ruleNumber = "a number 1…18446744073709551615"
  static let actions = "allow (1), block (2), reject (3) or ask (4)"
  static let modes = "disabled (0), enabled (1) or block (2)"

  static let all: [(line: String, message: String)] =
    common + ranks + addresses + ports + users + durations + comments

  private static let common: [(line: String, message: String)] = [
    ("alow", "column 1: unknown command 'alow'; expected \(commands); did you mean 'allow'?"),
    ("Allow tcp", "column 1: unknown command 'Allow'; expected \(commands); did you mean 'allow'?"),
    ("ALLOW", "column 1: unknown command 'ALLOW'; expected \(commands); did you mean 'allow'?"),
    ("enabel", "column 1: unknown command 'enabel'; expected \(commands); did you mean 'enable'?"),
    ("qurey", "column 1: unknown command 'qurey'; expected \(commands); did you mean 'query'?"),
    ("xyzzy", "column 1: unknown command 'xyzzy'; expected \(commands)"),
    ("load", "column 5: missing file; expected the name of a file"),
    ("load --confirm", "column 15: missing number of seconds; expected \(seconds)"),
    ("load --confirm 60", "column 18: missing file; expected the name of a file"),
    (
      "load --confirm my.rules",
      "column 16: 'my.rules' is no time to confirm in; expected \(seconds)"
    ),
    ("load --confirm 0 a", "column 16: '0' is no time to confirm in; expected \(seconds)"),
    ("load --confirm 3601 a", "column 16: '3601' is no time to confirm in; expected \(seconds)"),
    ("load --confirm 60s a", "column 16: '60s' is no time to confirm in; expected \(seconds)"),
    ("load a --confirm -1", "column 18: '-1' is no time to confirm in; expected \(seconds)"),
    ("load a --confirm 1 b", "column 20: unexpected 'b'; expected \(end)"),
    (
      "load --confirm 1 a --confirm 2",
      "column 20: unexpected '--confirm'; expected \(end)"
    ),
    (
      "load a --confrim 2",
      "column 8: unexpected '--confrim'; expected --confirm or \(end); did you mean '--confirm'?"
    ),
    ("confirm 60", "column 9: unexpected '60'; expected \(end)"),
    ("revert id 3", "column 8: unexpected 'id'; expected \(end)"),
    (
      "confrim",
      "column 1: unknown command 'confrim'; expected \(commands); did you mean 'confirm'?"
    ),
    ("save \"\"", "column 6: '' is no name of a file; expected the name of a file"),
    (
      "check \"a\\x00\"",
      "column 7: 'a\\x00' is no name of a file; expected the name of a file"
    ),
    ("diff a b", "column 8: unexpected 'b'; expected \(end)"),
    (
      "why", "column 4: missing protocol; expected a protocol's name or a number 0…255 behind 'why'"
    ),
    ("why --all tcp", "column 11: unexpected 'tcp'; expected \(end)"),
    (
      "why user 7 to 10.0.0.0/8",
      "column 5: no protocol before 'user'; expected a protocol's name or a number 0…255 behind "
        + "'why'"
    ),
    (
      "why tcp user 7 to 10.0.0.0/8 port 1",
      "column 19: '10.0.0.0/8' is a network; expected one address"
    ),
    (
      "why tcp to 10.0.0.1 port 1-65535",
      "column 26: '1-65535' is more than one port; expected 'port N', the flow's destination port"
    ),
    (
      "why udp unknown /x to ::1 port 1",
      "column 17: class 'unknown' takes no path; expected in, out, to, from, port, user, for, "
        + "comment or \(end)"
    ),
    (
      "why tcp to ::1 port 1 comment x",
      "column 31: a flow has no 'comment'; expected a flow without"
    ),
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
    ("allow /usr/bin/curl tcp", "column 21: unexpected 'tcp'; expected \(clausesOrEnd)"),
    ("allow /a /b", "column 10: unexpected '/b'; expected \(clausesOrEnd)"),
    ("allow tcp /usr/bin/curl extra", "column 25: unexpected 'extra'; expected \(clausesOrEnd)"),
    ("allow tcp /a b # c", "column 14: unexpected 'b'; expected \(clausesOrEnd)"),
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
    ("allow quit", "column 7: unknown protocol 'quit'; expected \(match); did you mean 'quick'?"),
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
    ("allow kernel /x", "column 14: class 'kernel' takes no path; expected \(clausesOrEnd)"),
    ("block tcp memfd /x", "column 17: class 'memfd' takes no path; expected \(clausesOrEnd)"),
    ("clear deleted /x/", "column 15: class 'deleted' takes no path; expected \(clausesOrEnd)"),
    ("allow kernel x", "column 14: unexpected 'x'; expected \(clausesOrEnd)"),
    ("allow foreign x", "column 15: unexpected 'x'; expected \(pathOrEnd)"),
    ("allow foreign tcp", "column 15: unexpected 'tcp'; expected \(pathOrEnd)"),
    ("allow foreign kernel", "column 15: unexpected 'kernel'; expected \(pathOrEnd)"),
    ("allow foreign /a /b", "column 18: unexpected '/b'; expected \(clausesOrEnd)"),
    ("allow /a foreign", "column 10: unexpected 'foreign'; expected \(clausesOrEnd)"),
    (
      "allow foreign /a//b",
      "column 15: the path '/a//b' holds '//'; expected one '/' between names"
    ),
    (
      "clear alow",
      "column 7: unknown word 'alow'; expected allow, block, reject, ask, id, \(match); did you mean 'allow'?"
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
    ("clear tcp /a b", "column 14: unexpected 'b'; expected \(clausesOrEnd)"),
    (
      "clear idd 4",
      "column 7: unknown word 'idd'; expected allow, block, reject, ask, id, \(match); did you mean 'id'?"
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
      "set fail reject",
      "column 10: 'reject' is no value of flag 'fail'; expected allow (1) or block (2)"
    ),
    (
      "set unkrule 5",
      "column 13: '5' is no value of flag 'unkrule'; expected \(actions)"
    ),
    (
      "set unkproc rejekt",
      "column 13: 'rejekt' is no value of flag 'unkproc'; expected \(actions); did you mean 'reject'?"
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
      "column 7: unknown word 'alow'; expected allow, block, reject, ask, \(match); did you mean 'allow'?"
    ),
    (
      "query allow foo", "column 13: unknown protocol 'foo'; expected \(match); did you mean 'for'?"
    ),
    ("query tcp tcp", "column 11: unexpected 'tcp'; expected \(programOrEnd)"),
    ("query id 3", "column 7: unknown word 'id'; expected allow, block, reject, ask, \(match)"),
    (
      "query usr",
      "column 7: unknown word 'usr'; expected allow, block, reject, ask, \(match); did you mean 'user'?"
    ),
  ]

  private static let ranks: [(line: String, message: String)] = [
    ("reject", "column 7: 'reject' alone is no mode; expected \(match)"),
    ("reject   # it", "column 10: 'reject' alone is no mode; expected \(match)"),
    (
      "rejct tcp", "column 1: unknown command 'rejct'; expected \(commands); did you mean 'reject'?"
    ),
    ("ask", "column 4: 'ask' alone is no mode; expected \(match)"),
    ("ask tpc", "column 5: unknown protocol 'tpc'; expected \(match); did you mean 'tcp'?"),
    ("aks tcp", "column 1: unknown command 'aks'; expected \(commands); did you mean 'ask'?"),
    ("clear ask tcp", "column 11: unexpected 'tcp'; expected \(end)"),
    (
      "set fail ask", "column 10: 'ask' is no value of flag 'fail'; expected allow (1) or block (2)"
    ),
    ("set asktime", "column 12: missing value of flag 'asktime'; expected a number 1…3600"),
    ("set asktime 0", "column 13: '0' is no value of flag 'asktime'; expected a number 1…3600"),
    (
      "set asktime 3601",
      "column 13: '3601' is no value of flag 'asktime'; expected a number 1…3600"
    ),
    ("set asktime 030", "column 13: '030' is no value of flag 'asktime'; expected a number 1…3600"),
    ("set asktime 30s", "column 13: '30s' is no value of flag 'asktime'; expected a number 1…3600"),
    ("set askmax 0", "column 12: '0' is no value of flag 'askmax'; expected a number 1…4096"),
    ("set askmax 4097", "column 12: '4097' is no value of flag 'askmax'; expected a number 1…4096"),
    (
      "set askmax enabled",
      "column 12: 'enabled' is no value of flag 'askmax'; expected a number 1…4096"
    ),
    ("set askmax 1 2", "column 14: unexpected '2'; expected \(end)"),
    ("set qheld 1", "column 5: flag 'qheld' is only read; expected \(settable)"),
    ("questions 7", "column 11: unexpected '7'; expected \(end)"),
    ("answer", "column 7: missing number of a question; expected \(ruleNumber)"),
    ("answer allow", "column 8: 'allow' is no number of a question; expected \(ruleNumber)"),
    ("answer 0 allow", "column 8: '0' is no number of a question; expected \(ruleNumber)"),
    (
      "answer 18446744073709551616 allow",
      "column 8: '18446744073709551616' is no number of a question; expected \(ruleNumber)"
    ),
    ("answer 7", "column 9: missing answer; expected allow, block or reject"),
    ("answer 7 ask", "column 10: 'ask' is no answer; expected allow, block or reject"),
    (
      "answer 7 alow",
      "column 10: 'alow' is no answer; expected allow, block or reject; did you mean 'allow'?"
    ),
    ("answer 7 once", "column 10: 'once' is no answer; expected allow, block or reject"),
    (
      "answer 7 allow tcp", "column 16: unexpected 'tcp'; expected once, for, always or \(end)"
    ),
    (
      "answer 7 allow allways",
      "column 16: unexpected 'allways'; expected once, for, always or \(end); did you mean 'always'?"
    ),
    ("answer 7 allow for", "column 19: missing duration; expected \(duration)"),
    ("answer 7 allow for 0s", "column 20: '0s' is no duration; expected \(duration)"),
    ("answer 7 allow for 366d", "column 20: '366d' is no duration; expected \(duration)"),
    ("answer 7 allow for 1m always", "column 23: unexpected 'always'; expected \(end)"),
    ("answer 7 allow always 1", "column 23: unexpected '1'; expected \(end)"),
    ("answer 7 allow once once", "column 21: unexpected 'once'; expected \(end)"),
    (
      "quick allow tcp",
      "column 1: unknown command 'quick'; expected \(commands); did you mean 'quit'?"
    ),
    ("allow quik", "column 7: unknown protocol 'quik'; expected \(match); did you mean 'quick'?"),
    ("allow QUICK", "column 7: unknown protocol 'QUICK'; expected \(match); did you mean 'quick'?"),
    (
      "allow quick quick",
      "column 13: unexpected 'quick'; expected a protocol name, a number 0…255, \(programOrEnd)"
    ),
    ("allow tcp quick", "column 11: unexpected 'quick'; expected \(programOrEnd)"),
    ("allow /a quick", "column 10: unexpected 'quick'; expected \(clausesOrEnd)"),
    (
      "query quick allow",
      "column 13: unexpected 'allow'; expected a protocol name, a number 0…255, \(programOrEnd)"
    ),
    (
      "clear quick id 4",
      "column 13: unexpected 'id'; expected a protocol name, a number 0…255, \(programOrEnd)"
    ),
    (
      "allow quick 256",
      "column 13: '256' is no protocol number; expected 0…255"
    ),
    ("clear reject tcp", "column 14: unexpected 'tcp'; expected \(end)"),
    (
      "query rejekt",
      "column 7: unknown word 'rejekt'; expected allow, block, reject, ask, \(match); did you mean 'reject'?"
    ),

    // Who began.
    ("allow IN", "column 7: unknown protocol 'IN'; expected \(match); did you mean 'in'?"),
    ("allow input", "column 7: unknown protocol 'input'; expected \(match)"),
    ("allow ou", "column 7: unknown protocol 'ou'; expected \(match); did you mean 'out'?"),
    (
      "allow tcp in in",
      "column 14: 'in' comes twice; expected from, port, user, for, comment or \(end)"
    ),
    (
      "allow tcp out out",
      "column 15: 'out' comes twice; expected to, port, user, for, comment or \(end)"
    ),
    (
      "allow tcp in out",
      "column 14: 'out' contradicts 'in'; expected from, port, user, for, comment or \(end)"
    ),
    (
      "allow tcp out in",
      "column 15: 'in' contradicts 'out'; expected to, port, user, for, comment or \(end)"
    ),
    (
      "allow tcp in to 10.0.0.1",
      "column 14: 'to' contradicts 'in'; expected from, port, user, for, comment or \(end)"
    ),
    (
      "allow tcp out from 10.0.0.1",
      "column 15: 'from' contradicts 'out'; expected to, port, user, for, comment or \(end)"
    ),
    (
      "allow to 10.0.0.1 in",
      "column 19: 'in' contradicts 'to'; expected out, port, user, for, comment or \(end)"
    ),
    (
      "allow from 10.0.0.1 out",
      "column 21: 'out' contradicts 'from'; expected in, port, user, for, comment or \(end)"
    ),
    (
      "allow to 10.0.0.1 from 10.0.0.2",
      "column 19: 'from' contradicts 'to'; expected out, port, user, for, comment or \(end)"
    ),
    (
      "allow from ::1 port 80 to ::1",
      "column 24: 'to' contradicts 'from'; expected in, user, for, comment or \(end)"
    ),
    (
      "allow to 10.0.0.1 to 10.0.0.2",
      "column 19: 'to' comes twice; expected out, port, user, for, comment or \(end)"
    ),
    (
      "allow in from ::1 port 1 user 0 for 1s comment c in",
      "column 50: 'in' comes twice; expected \(end)"
    ),
    (
      "allow icmp in in",
      "column 15: 'in' comes twice; expected from, user, for, comment or \(end)"
    ),
    (
      "allow in tcp",
      "column 10: unexpected 'tcp'; expected from, port, user, for, comment or \(end)"
    ),
    (
      "allow in /a", "column 10: unexpected '/a'; expected from, port, user, for, comment or \(end)"
    ),
    (
      "allow in foreign",
      "column 10: unexpected 'foreign'; expected from, port, user, for, comment or \(end)"
    ),
    (
      "allow in quick",
      "column 10: unexpected 'quick'; expected from, port, user, for, comment or \(end)"
    ),
    ("allow out 80", "column 11: unexpected '80'; expected to, port, user, for, comment or \(end)"),
    (
      "allow out prot 80",
      "column 11: unexpected 'prot'; expected to, port, user, for, comment or \(end); "
        + "did you mean 'port'?"
    ),
    ("allow tcp foo", "column 11: unexpected 'foo'; expected \(programOrEnd); did you mean 'for'?"),
    ("allow inn", "column 7: unknown protocol 'inn'; expected \(match); did you mean 'in'?"),
  ]

  private static let addresses: [(line: String, message: String)] = [
    ("allow to", "column 9: missing address; expected \(address)"),
    ("allow tcp from   # whom", "column 18: missing address; expected \(address)"),
    ("allow to tcp", "column 10: 'tcp' is no address; expected \(address)"),
    ("allow to port 80", "column 10: 'port' is no address; expected \(address)"),
    ("allow to example.org", "column 10: 'example.org' is no address; expected \(address)"),
    ("allow to localhost", "column 10: 'localhost' is no address; expected \(address)"),
    ("allow to any", "column 10: 'any' is no address; expected \(address)"),
    ("allow to \"\"", "column 10: '' is no address; expected \(address)"),
    ("allow to 10", "column 10: '10' is no address; expected \(address)"),
    ("allow to 10.0.0", "column 10: '10.0.0' is no address; expected \(address)"),
    ("allow to 10.0.0/24", "column 10: '10.0.0/24' is no address; expected \(address)"),
    ("allow to 10.0.0.0.0", "column 10: '10.0.0.0.0' is no address; expected \(address)"),
    ("allow to 10.0.0.256", "column 10: '10.0.0.256' is no address; expected \(address)"),
    ("allow to 10.0.0.01", "column 10: '10.0.0.01' is no address; expected \(address)"),
    ("allow to 10.0.0.-1", "column 10: '10.0.0.-1' is no address; expected \(address)"),
    ("allow to 10..0.1", "column 10: '10..0.1' is no address; expected \(address)"),
    ("allow to 10.0.0.1.", "column 10: '10.0.0.1.' is no address; expected \(address)"),
    ("allow to 0x0a.0.0.1", "column 10: '0x0a.0.0.1' is no address; expected \(address)"),
    ("allow to 10.0.0.1:80", "column 10: '10.0.0.1:80' is no address; expected \(address)"),
    ("allow to \"10.0.0.1 \"", "column 10: '10.0.0.1 ' is no address; expected \(address)"),
    (
      "allow to 10.0.0.1,10.0.0.2",
      "column 10: '10.0.0.1,10.0.0.2' is no address; expected \(address)"
    ),
    (
      "allow to 10.0.0.1-10.0.0.9",
      "column 10: '10.0.0.1-10.0.0.9' is no address; expected \(address)"
    ),
    ("allow to !10.0.0.1", "column 10: '!10.0.0.1' is no address; expected \(address)"),
    ("allow to /8", "column 10: '/8' is no address; expected \(address)"),
    ("allow to :", "column 10: ':' is no address; expected \(address)"),
    ("allow to :::", "column 10: ':::' is no address; expected \(address)"),
    ("allow to 1::2::3", "column 10: '1::2::3' is no address; expected \(address)"),
    ("allow to :1:2:3:4:5:6:7", "column 10: ':1:2:3:4:5:6:7' is no address; expected \(address)"),
    ("allow to 1:2:3:4:5:6:7", "column 10: '1:2:3:4:5:6:7' is no address; expected \(address)"),
    ("allow to 1:2:3:4:5:6:7:", "column 10: '1:2:3:4:5:6:7:' is no address; expected \(address)"),
    (
      "allow to 1:2:3:4:5:6:7:8:9",
      "column 10: '1:2:3:4:5:6:7:8:9' is no address; expected \(address)"
    ),
    (
      "allow to 1::2:3:4:5:6:7:8",
      "column 10: '1::2:3:4:5:6:7:8' is no address; expected \(address)"
    ),
    ("allow to 2001:db8::12345", "column 10: '2001:db8::12345' is no address; expected \(address)"),
    ("allow to 2001:db8::g", "column 10: '2001:db8::g' is no address; expected \(address)"),
    ("allow to [::1]", "column 10: '[::1]' is no address; expected \(address)"),
    ("allow to ::1.2.3", "column 10: '::1.2.3' is no address; expected \(address)"),
    ("allow to 1.2.3.4::", "column 10: '1.2.3.4::' is no address; expected \(address)"),
    (
      "allow to 1:2:3:4:5:6:7:1.2.3.4",
      "column 10: '1:2:3:4:5:6:7:1.2.3.4' is no address; expected \(address)"
    ),

    ("allow to 10.0.0.0/", "column 10: '' is no prefix of IPv4; expected 0…32"),
    ("allow to 10.0.0.0/33", "column 10: '33' is no prefix of IPv4; expected 0…32"),
    ("allow to 10.0.0.0/08", "column 10: '08' is no prefix of IPv4; expected 0…32"),
    ("allow to 10.0.0.0/-1", "column 10: '-1' is no prefix of IPv4; expected 0…32"),
    ("allow to 10.0.0.0/8/8", "column 10: '8/8' is no prefix of IPv4; expected 0…32"),
    (
      "allow to 10.0.0.0/255.0.0.0",
      "column 10: '255.0.0.0' is no prefix of IPv4; expected 0…32"
    ),
    ("allow from 2001:db8::/129", "column 12: '129' is no prefix of IPv6; expected 0…128"),
    ("allow from 2001:db8::/x", "column 12: 'x' is no prefix of IPv6; expected 0…128"),

    (
      "allow to 10.1.2.3/8",
      "column 10: '10.1.2.3/8' has bits set behind its prefix; expected 10.0.0.0/8"
    ),
    (
      "allow to 10.0.0.1/31",
      "column 10: '10.0.0.1/31' has bits set behind its prefix; expected 10.0.0.0/31"
    ),
    (
      "allow to 1.2.3.4/0",
      "column 10: '1.2.3.4/0' has bits set behind its prefix; expected 0.0.0.0/0"
    ),
    (
      "allow to 192.168.77.0/20",
      "column 10: '192.168.77.0/20' has bits set behind its prefix; expected 192.168.64.0/20"
    ),
    (
      "allow from 2001:db8::1/32",
      "column 12: '2001:db8::1/32' has bits set behind its prefix; expected 2001:db8::/32"
    ),
    (
      "allow from 2001:DB8::3/127",
      "column 12: '2001:DB8::3/127' has bits set behind its prefix; expected 2001:db8::2/127"
    ),
    ("allow from ::1/0", "column 12: '::1/0' has bits set behind its prefix; expected ::/0"),
    (
      "allow from ::ffff:0:0/95",
      "column 12: '::ffff:0:0/95' has bits set behind its prefix; expected ::fffe:0:0/95"
    ),

    (
      "allow to fe80::1%eth0",
      "column 10: the address 'fe80::1%eth0' has a scope; expected an address without; "
        + "did you mean 'fe80::1'?"
    ),
    (
      "allow from fe80::%2/64",
      "column 12: the address 'fe80::%2/64' has a scope; expected an address without; "
        + "did you mean 'fe80::'?"
    ),
    ("allow from %eth0", "column 12: '%eth0' is no address; expected \(address)"),
    (
      "allow to ::ffff:10.0.0.1",
      "column 10: '::ffff:10.0.0.1' is IPv4 in IPv6's form; expected the form of IPv4; "
        + "did you mean '10.0.0.1'?"
    ),
    (
      "allow to ::FFFF:a00:1",
      "column 10: '::FFFF:a00:1' is IPv4 in IPv6's form; expected the form of IPv4; "
        + "did you mean '10.0.0.1'?"
    ),
    (
      "allow to ::ffff:10.1.2.3/104",
      "column 10: '::ffff:10.1.2.3/104' is IPv4 in IPv6's form; expected the form of IPv4; "
        + "did you mean '10.0.0.0/8'?"
    ),
    (
      "allow to ::ffff:0:0/96",
      "column 10: '::ffff:0:0/96' is IPv4 in IPv6's form; expected the form of IPv4; "
        + "did you mean '0.0.0.0/0'?"
    ),
    (
      "allow icmp6 to 10.0.0.0/8",
      "column 16: '10.0.0.0/8' is of IPv4, icmp6 is not; expected an address or a network of IPv6"
    ),
    (
      "block 58 from 10.0.0.1",
      "column 15: '10.0.0.1' is of IPv4, icmp6 is not; expected an address or a network of IPv6"
    ),
    (
      "allow icmp to 2001:db8::/32",
      "column 15: '2001:db8::/32' is of IPv6, icmp is not; expected an address or a network of IPv4"
    ),
    (
      "clear 1 from ::/0",
      "column 14: '::/0' is of IPv6, icmp is not; expected an address or a network of IPv4"
    ),
    (
      "query to 10.0.0.1/8",
      "column 10: '10.0.0.1/8' has bits set behind its prefix; expected 10.0.0.0/8"
    ),
    ("clear from", "column 11: missing address; expected \(address)"),
  ]

  private static let ports: [(line: String, message: String)] = [
    ("allow port", "column 11: missing port; expected \(port)"),
    ("allow tcp port in", "column 16: unknown service 'in' of tcp; expected \(port)"),
    ("allow port 65536", "column 12: '65536' is no port; expected \(port)"),
    (
      "allow port 99999999999999999999",
      "column 12: '99999999999999999999' is no port; expected \(port)"
    ),
    ("allow port 080", "column 12: '080' is no port; expected \(port)"),
    ("allow port -80", "column 12: '-80' is no port; expected \(port)"),
    ("allow port 80-", "column 12: '80-' is no port; expected \(port)"),
    ("allow port 80--90", "column 12: '80--90' is no port; expected \(port)"),
    ("allow port 80-90-100", "column 12: '80-90-100' is no port; expected \(port)"),
    ("allow port 80-65536", "column 12: '80-65536' is no port; expected \(port)"),
    ("allow port -", "column 12: unknown service '-'; expected \(port)"),
    ("allow port 80:90", "column 12: unknown service '80:90'; expected \(port)"),
    ("allow port +80", "column 12: unknown service '+80'; expected \(port)"),
    ("allow port 0x50", "column 12: unknown service '0x50'; expected \(port)"),
    ("allow port any", "column 12: unknown service 'any'; expected \(port)"),
    ("allow port *", "column 12: unknown service '*'; expected \(port)"),
    ("allow port 90-80", "column 12: the range '90-80' is reversed; expected 80-90"),
    ("allow port 65535-0", "column 12: the range '65535-0' is reversed; expected 0-65535"),
    ("allow port 80,90-81", "column 12: the range '90-81' is reversed; expected 81-90"),
    ("allow port \"\"", "column 12: a port is missing in ''; expected \(port)"),
    ("allow port ,", "column 12: a port is missing in ','; expected \(port)"),
    ("allow port 80,", "column 12: a port is missing in '80,'; expected \(port)"),
    ("allow port ,80", "column 12: a port is missing in ',80'; expected \(port)"),
    ("allow port 80,,443", "column 12: a port is missing in '80,,443'; expected \(port)"),
    ("allow port 80, 443", "column 12: a port is missing in '80,'; expected \(port)"),
    (
      "allow port 80 443",
      "column 15: unexpected '443'; expected in, out, to, from, user, for, comment or \(end)"
    ),
    ("allow port 80,65536", "column 12: '65536' is no port; expected \(port)"),
    ("allow port htpp", "column 12: unknown service 'htpp'; expected \(port)"),
    ("allow port SSH", "column 12: unknown service 'SSH'; expected \(port)"),
    ("allow tcp port ntp", "column 16: unknown service 'ntp' of tcp; expected \(port)"),
    ("allow udp port 53,ssh", "column 16: unknown service 'ssh' of udp; expected \(port)"),
    ("allow sctp port http", "column 17: unknown service 'http' of sctp; expected \(port)"),
    ("allow port http-", "column 12: unknown service 'http-'; expected \(port)"),
    ("allow port ssh-http", "column 12: unknown service 'ssh-http'; expected \(port)"),
    ("allow port \"ss h\"", "column 12: unknown service 'ss h'; expected \(port)"),
    (
      "allow port 80 port 443",
      "column 15: 'port' comes twice; expected in, out, to, from, user, for, comment or \(end)"
    ),
    (
      "allow icmp port 5",
      "column 12: protocol 'icmp' has no ports; expected tcp, udp, sctp, dccp, udplite or any "
        + "before 'port'"
    ),
    (
      "allow icmp6 port 5",
      "column 13: protocol 'icmp6' has no ports; expected tcp, udp, sctp, dccp, udplite or any "
        + "before 'port'"
    ),
    (
      "block gre out port 5",
      "column 15: protocol 'gre' has no ports; expected tcp, udp, sctp, dccp, udplite or any "
        + "before 'port'"
    ),
    (
      "block 50 port 5",
      "column 10: protocol 'esp' has no ports; expected tcp, udp, sctp, dccp, udplite or any "
        + "before 'port'"
    ),
    (
      "query 200 port 5",
      "column 11: protocol '200' has no ports; expected tcp, udp, sctp, dccp, udplite or any "
        + "before 'port'"
    ),
    (
      "clear 0 port x",
      "column 9: protocol '0' has no ports; expected tcp, udp, sctp, dccp, udplite or any "
        + "before 'port'"
    ),
    (
      "allow ports 80",
      "column 7: unknown protocol 'ports'; expected \(match); did you mean 'port'?"
    ),
    (
      "allow icmp prot 80",
      "column 12: unexpected 'prot'; expected \(classes), an absolute path, in, out, to, from, "
        + "user, for, comment or \(end)"
    ),
  ]

  private static let users: [(line: String, message: String)] = [
    ("allow user", "column 11: missing user; expected \(user)"),
    ("allow user alise", "column 12: unknown user 'alise'; expected \(user)"),
    ("allow user Alice", "column 12: unknown user 'Alice'; expected \(user)"),
    ("allow user \"\"", "column 12: unknown user ''; expected \(user)"),
    ("allow user -1", "column 12: unknown user '-1'; expected \(user)"),
    ("allow user +1", "column 12: unknown user '+1'; expected \(user)"),
    ("allow user gone", "column 12: unknown user 'gone'; expected \(user)"),
    ("allow user nobody's", "column 12: unknown user 'nobody's'; expected \(user)"),
    ("allow user alice,bob", "column 12: unknown user 'alice,bob'; expected \(user)"),
    ("allow user 4294967295", "column 12: '4294967295' is no user's number; expected \(user)"),
    ("allow user 4294967296", "column 12: '4294967296' is no user's number; expected \(user)"),
    (
      "allow user 99999999999999999999",
      "column 12: '99999999999999999999' is no user's number; expected \(user)"
    ),
    ("allow user 0042", "column 12: '0042' is no user's number; expected \(user)"),
    (
      "allow user alice user bob",
      "column 18: 'user' comes twice; expected in, out, to, from, port, for, comment or \(end)"
    ),
    (
      "allow usr alice", "column 7: unknown protocol 'usr'; expected \(match); did you mean 'user'?"
    ),
    (
      "allow user alice bob",
      "column 18: unexpected 'bob'; expected in, out, to, from, port, for, comment or \(end)"
    ),
    ("clear user", "column 11: missing user; expected \(user)"),
  ]

  private static let durations: [(line: String, message: String)] = [
    ("allow tcp for", "column 14: missing duration; expected \(duration)"),
    ("allow tcp for 90", "column 15: '90' is no duration; expected \(duration)"),
    ("allow tcp for s", "column 15: 's' is no duration; expected \(duration)"),
    ("allow tcp for 0s", "column 15: '0s' is no duration; expected \(duration)"),
    ("allow tcp for 0d", "column 15: '0d' is no duration; expected \(duration)"),
    ("allow tcp for 05m", "column 15: '05m' is no duration; expected \(duration)"),
    ("allow tcp for -5m", "column 15: '-5m' is no duration; expected \(duration)"),
    ("allow tcp for 1.5h", "column 15: '1.5h' is no duration; expected \(duration)"),
    ("allow tcp for 1h30m", "column 15: '1h30m' is no duration; expected \(duration)"),
    ("allow tcp for 5M", "column 15: '5M' is no duration; expected \(duration)"),
    ("allow tcp for 5w", "column 15: '5w' is no duration; expected \(duration)"),
    ("allow tcp for 5 m", "column 15: '5' is no duration; expected \(duration)"),
    ("allow tcp for \"5 m\"", "column 15: '5 m' is no duration; expected \(duration)"),
    ("allow tcp for \"\"", "column 15: '' is no duration; expected \(duration)"),
    ("allow tcp for ever", "column 15: 'ever' is no duration; expected \(duration)"),
    ("allow tcp for 31536001s", "column 15: '31536001s' is no duration; expected \(duration)"),
    ("allow tcp for 525601m", "column 15: '525601m' is no duration; expected \(duration)"),
    ("allow tcp for 8761h", "column 15: '8761h' is no duration; expected \(duration)"),
    ("allow tcp for 366d", "column 15: '366d' is no duration; expected \(duration)"),
    (
      "allow tcp for 99999999999999999999d",
      "column 15: '99999999999999999999d' is no duration; expected \(duration)"
    ),
    (
      "allow tcp for 5m for 6m",
      "column 18: 'for' comes twice; expected in, out, to, from, port, user, comment or \(end)"
    ),
    ("query for 1y", "column 11: '1y' is no duration; expected \(duration)"),
  ]

  private static let comments: [(line: String, message: String)] = [
    ("allow tcp comment", "column 18: missing comment; expected words in quotes"),
    ("allow tcp comment # c", "column 19: missing comment; expected words in quotes"),
    (
      "allow tcp comment a b",
      "column 21: unexpected 'b'; expected in, out, to, from, port, user, for or \(end)"
    ),
    (
      "allow tcp comment a comment b",
      "column 21: 'comment' comes twice; expected in, out, to, from, port, user, for or \(end)"
    ),
    (
      "allow tcp comment \"a\\x00\"",
      "column 19: the comment 'a\\x00' holds a control character; expected a comment without any"
    ),
    (
      "allow tcp comment \"a\\x0ab\"",
      "column 19: the comment 'a\\x0ab' holds a control character; expected a comment without any"
    ),
    (
      "allow tcp comment \"a\tb\"",
      "column 19: the comment 'a\\x09b' holds a control character; expected a comment without any"
    ),
    (
      "allow tcp comment \u{7f}",
      "column 19: the comment '\\x7f' holds a control character; expected a comment without any"
    ),
    (
      "allow tcp comment \u{9b}31m",
      "column 19: the comment '\\xc2\\x9b31m' holds a control character; expected a comment without "
        + "any"
    ),
    (
      "allow tcp comment \"\\xff\"",
      "column 19: the comment '\\xff' is not UTF-8; expected UTF-8"
    ),
    (
      "allow tcp comment \"\\xed\\xa0\\x80\"",
      "column 19: the comment '\\xed\\xa0\\x80' is not UTF-8; expected UTF-8"
    ),
    (
      "allow tcp comment \(String(repeating: "c", count: 129))",
      "column 19: the comment '\(String(repeating: "c", count: 60))…' is too long; "
        + "expected at most 128 bytes"
    ),
    (
      "allow tcp comment \(String(repeating: "é", count: 64))c",
      "column 19: the comment '\(String(repeating: "é", count: 30))…' is too long; "
        + "expected at most 128 bytes"
    ),
    ("allow tcp comment \"open", "column 19: the quote is not closed; expected another '\"'"),
    (
      "allow coment x",
      "column 7: unknown protocol 'coment'; expected \(match); did you mean 'comment'?"
    ),
  ]

  /// Lines of a console that looks up no names.
  static let withoutNames: [(line: String, message: String)] = [
    ("query user alice", "column 12: 'alice' is no user's number; expected a number 0…4294967294"),
    ("query user", "column 11: missing user; expected a number 0…4294967294"),
    ("query user -1", "column 12: '-1' is no user's number; expected a number 0…4294967294"),
    ("query port ssh", "column 12: 'ssh' is no port; expected a port 0…65535 or a range N-M"),
    ("query port 22,ssh", "column 12: 'ssh' is no port; expected a port 0…65535 or a range N-M"),
    ("query port", "column 11: missing port; expected a port 0…65535 or a range N-M"),
  ]
}
