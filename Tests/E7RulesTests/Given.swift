// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules

/// What the tables of this suite are read with.
enum Given {
  /// Users and services of a machine that does not exist.
  static var names: Names {
    let users: [(String, UInt32)] = [
      ("root", 0), ("alice", 1000), ("al ice", 1001), ("42", 1002), ("bob", 2000), ("twin", 2000),
      ("last", .max - 1), ("nobody's", .max),
    ]
    let services: [(String, UInt16, [NamedProtocol])] = [
      ("ssh", 22, [.tcp]), ("domain", 53, [.tcp, .udp]), ("http", 80, [.tcp]),
      ("ntp", 123, [.udp]), ("https", 443, [.tcp, .udp]), ("http-alt", 8080, [.tcp]),
    ]
    return Names(
      uid: { name in users.first { Array($0.0.utf8) == name }?.1 },
      user: { uid in
        // 3000 has a name that reads back to nobody.
        uid == 3000 ? Array("gone".utf8) : users.first { $0.1 == uid }.map { Array($0.0.utf8) }
      },
      port: { name, prot in
        services.first { service in
          Array(service.0.utf8) == name
            && (prot == NamedProtocol.any.rawValue
              || service.2.contains { $0.rawValue == prot })
        }?.1
      })
  }

  /// The bytes of a network.
  static func net(_ address: [UInt8], _ prefix: UInt8) -> Network {
    Network(address, prefix: prefix)
  }

  /// The network of 16 bytes that begin with these groups.
  static func six(_ groups: [UInt16], _ prefix: UInt8, last: UInt8 = 0) -> Network {
    var address = groups.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
    address += [UInt8](repeating: 0, count: 15 - address.count) + [last]
    return Network(address, prefix: prefix)
  }
}

extension Command {
  /// A command for a single rule.
  static func one(_ action: Action, _ match: Match, _ terms: Terms = Terms()) -> Command {
    .rule(action, [match], terms)
  }

  /// A command that removes a single rule.
  static func removeOne(_ match: Match) -> Command { .remove([match]) }
}

/// The error of a line, or nil where it has none.
func error(of line: String, names: Names? = nil) -> SyntaxError? {
  error(of: Array(line.utf8), names: names)
}

/// The error of a line, or nil where it has none.
func error(of line: [UInt8], names: Names? = nil) -> SyntaxError? {
  do throws(SyntaxError) {
    _ = try Command.parse(line: line, names: names)
    return nil
  } catch {
    return error
  }
}
