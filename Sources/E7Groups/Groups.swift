// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Unix
package import E7Netlink

extension KernelSocket {
  /// Receives what is sent to a group of a family from now on; refused to who lacks the authority.
  package mutating func join(_ group: Phrase, of family: Phrase) throws(NetlinkError) {
    let description = try describe(family)
    guard let number = try Groups.number(of: group, in: description) else { throw .malformed }
    let result = e7_join_group(raw, number)
    guard result >= 0 else {
      throw .system(SystemError("setsockopt NETLINK_ADD_MEMBERSHIP", errno: -result))
    }
  }

  /// A descriptor of this socket, for another process or for who only receives.
  package func descriptor() throws(NetlinkError) -> FileDescriptor {
    let copy = e7_duplicate(raw)
    guard copy >= 0 else { throw .system(SystemError("fcntl", errno: -copy)) }
    return FileDescriptor(owning: copy)
  }

  /// Is told of changes from now on; anybody may be, with the module.
  package mutating func joinNotices() throws(NetlinkError) {
    _ = try resolve()
    let name = Words.phrase(.group, UInt32(EventGroup.notices.rawValue)) ?? ""
    try join(name, of: KernelSocket.name)
  }
}

/// The multicast groups of a family, as the kernel's family `nlctrl` lists them.
enum Groups {
  /// The number of the group of this name, or nil.
  static func number(
    of name: Phrase, in description: NetlinkMessage
  ) throws(NetlinkError) -> UInt32? {
    let all = description.body
    guard let found = try NetlinkMessage.find(CTRL_ATTR_MCAST_GROUPS, in: all) else { return nil }
    let list = Array(all[found])
    // They are numbered from 1.
    for index in 1... {
      guard let found = try NetlinkMessage.find(index, in: list, from: 0) else { return nil }
      let entry = Array(list[found])
      guard let known = try NetlinkMessage.find(CTRL_ATTR_MCAST_GRP_NAME, in: entry, from: 0),
        let number = try NetlinkMessage.value(CTRL_ATTR_MCAST_GRP_ID, in: entry, from: 0)
      else { throw .malformed }
      if entry[known] == name.bytes + [0] { return number }
    }
    return nil
  }
}
