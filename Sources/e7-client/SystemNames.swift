// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Rules
import Glibc

/// Users and services as the name service switch of this machine knows them.
///
/// Each is looked up once: a ruleset names few of them, often.
final class SystemNames {
  private var uids: [[UInt8]: UInt32?] = [:]
  private var users: [UInt32: [UInt8]?] = [:]
  private var ports: [Service: UInt16?] = [:]

  private struct Service: Hashable {
    var name: [UInt8]
    var prot: UInt16
  }

  /// The names, for the rule language.
  var names: Names {
    Names(
      uid: { [self] name in
        if let known = uids[name] { return known }
        let text = SystemNames.text(name)
        let uid = unsafe SystemNames.user { unsafe getpwnam_r(text, $0, $1, $2, $3) }?.uid
        uids[name] = .some(uid)
        return uid
      },
      user: { [self] uid in
        if let known = users[uid] { return known }
        let name = unsafe SystemNames.user { unsafe getpwuid_r(uid, $0, $1, $2, $3) }?.name
        users[uid] = .some(name)
        return name
      },
      port: { [self] name, prot in
        let service = Service(name: name, prot: prot)
        if let known = ports[service] { return known }
        let port = SystemNames.port(name, prot)
        ports[service] = .some(port)
        return port
      })
  }

  private typealias Look = (
    UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
    UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
  ) -> Int32

  /// The user that `look` finds, with as much room as it asks for, within reason.
  private static func user(_ look: Look) -> (uid: UInt32, name: [UInt8])? {
    var room = 1024
    while room <= 1 << 20 {
      var entry = unsafe passwd()
      var found: UnsafeMutablePointer<passwd>?
      var buffer = [CChar](repeating: 0, count: room)
      let error = unsafe look(&entry, &buffer, room, &found)
      if error == ERANGE {
        room *= 4
        continue
      }
      guard error == 0, let user = unsafe found?.pointee, let name = unsafe user.pw_name else {
        return nil
      }
      return unsafe (user.pw_uid, bytes(name))
    }
    return nil
  }

  private static func port(_ name: [UInt8], _ prot: UInt16) -> UInt16? {
    // The database has UDP-Lite's services among those of UDP (RFC 3828, 3).
    let of = prot == NamedProtocol.udplite.rawValue ? NamedProtocol.udp.rawValue : prot
    let word =
      of == NamedProtocol.any.rawValue ? nil : Words.word(.namedProtocol, UInt32(of))
    var room = 1024
    while room <= 1 << 20 {
      var entry = unsafe servent()
      var found: UnsafeMutablePointer<servent>?
      var buffer = [CChar](repeating: 0, count: room)
      let error = unsafe getservbyname_r(text(name), word, &entry, &buffer, room, &found)
      if error == ERANGE {
        room *= 4
        continue
      }
      guard error == 0, let service = unsafe found?.pointee else { return nil }
      return unsafe UInt16(truncatingIfNeeded: service.s_port).byteSwapped
    }
    return nil
  }

  /// A word as C has it; one with a NUL in it is none's name.
  private static func text(_ word: [UInt8]) -> [CChar] {
    word.contains(0) ? [0] : word.map { CChar(bitPattern: $0) } + [0]
  }

  private static func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
    var bytes: [UInt8] = []
    var index = 0
    while unsafe text[index] != 0 {
      unsafe bytes.append(UInt8(bitPattern: text[index]))
      index += 1
    }
    return bytes
  }
}
