// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Unix
package import E7System

/// Who made a socket's other end, frozen when it connected or made the pair.
package struct Peer: Sendable {
  /// Effective ids: SO_PEERCRED.
  package let credentials: Credentials
  /// Supplementary groups: SO_PEERGROUPS.
  package let groups: [UInt32]
}

extension SequencedSocket {
  /// Who connected, or made the pair, with all groups.
  package static func peer(_ socket: borrowing FileDescriptor) throws(SystemError) -> Peer {
    let credentials = try maker(socket)
    var capacity = 32
    while true {
      var groups = [UInt32](repeating: 0, count: capacity)
      let count = Int(unsafe e7_peer_groups(socket.raw, &groups, capacity))
      guard count >= 0 else {
        throw SystemError("getsockopt SO_PEERGROUPS", errno: Int32(truncatingIfNeeded: -count))
      }
      if count <= capacity {
        return Peer(credentials: credentials, groups: Array(groups.prefix(count)))
      }
      capacity = count
    }
  }
}
