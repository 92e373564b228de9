// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
import CE7Unix
import CNetlink
import E7Lane
public import E7Netlink
public import E7System
public import E7Text

extension GenericSocket {
  /// Receives what is sent to a group of a family from now on; refused to who lacks the authority.
  public mutating func join(_ group: Phrase, of family: Phrase) throws(NetlinkError) {
    let description = try describe(family, timeoutMilliseconds: KernelSocket.timeout)
    guard let number = try Groups.number(of: group, in: description) else { throw .malformed }
    let result = e7_set_option(
      raw, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, Int32(bitPattern: number))
    guard result >= 0 else {
      throw .system(SystemError("setsockopt NETLINK_ADD_MEMBERSHIP", errno: -result))
    }
  }

  /// A descriptor of this socket, for another process or for who only receives.
  public func descriptor() throws(NetlinkError) -> FileDescriptor {
    let copy = e7_duplicate(raw)
    guard copy >= 0 else { throw .system(SystemError("fcntl", errno: -copy)) }
    return FileDescriptor(owning: copy)
  }
}

extension KernelSocket {
  /// Is told of changes from now on; anybody may be, with the module.
  public mutating func joinNotices() throws(NetlinkError) {
    _ = try resolve()
    let name = Words.phrase(.group, UInt32(EventGroup.notices.rawValue)) ?? ""
    try socket.join(name, of: KernelSocket.name)
  }

  /// A descriptor of this socket, for a process that receives its events.
  public func descriptor() throws(NetlinkError) -> FileDescriptor { try socket.descriptor() }
}

/// The multicast groups of a family, as the kernel's family `nlctrl` lists them.
enum Groups {
  /// The number of the group of this name, or nil.
  static func number(
    of name: Phrase, in description: GenericMessage
  ) throws(NetlinkError) -> UInt32? {
    guard let list = try description.raw(CTRL_ATTR_MCAST_GROUPS)?.payload else { return nil }
    var index = 0
    while let entry = try RawAttribute.next(list, &index)?.payload {
      guard let found = try RawAttribute.find(CTRL_ATTR_MCAST_GRP_NAME, in: entry, from: 0)?.text,
        let number = try RawAttribute.find(CTRL_ATTR_MCAST_GRP_ID, in: entry, from: 0)?.value
      else { throw .malformed }
      if found == name.bytes { return number }
    }
    return nil
  }
}
