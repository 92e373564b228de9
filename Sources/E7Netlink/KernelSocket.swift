// SPDX-License-Identifier: GPL-2.0-or-later

/// A socket that asks family `e7` of generic netlink, and edits where it or the process may.
///
/// Everything waits for the kernel's answer, at most `GenericSocket.patience`.  The family is looked
/// up before the first request, and again when the kernel no longer knows it: another load of the
/// module has another number, may have another version, and knows of no role of this socket, so what
/// was asked of the one before is then `NetlinkError.reloaded`.
package struct KernelSocket: ~Copyable {
  /// E7_GENL_NAME, which Swift sees as a String.
  package static var name: Phrase { "e7" }

  package var socket: GenericSocket
  private var family: Family?

  /// Opens a socket, or takes one over; the module need not be there yet.
  package init(_ handed: consuming FileDescriptor? = nil) throws(NetlinkError) {
    socket = try GenericSocket(handed)
  }

  /// Looks the family up and checks its version.
  @discardableResult package mutating func resolve() throws(NetlinkError) -> Family {
    family = nil
    let found = try socket.resolve(KernelSocket.name)
    guard found.version == E7_GENL_VERSION else { throw .version(found.version) }
    family = found
    return found
  }

  /// The module's load and the generation of its rules.
  package mutating func status() throws(NetlinkError) -> (instance: UInt64, generation: UInt64) {
    var answer = try ask(.status)
    return (try read(.instance, &answer), try read(.generation, &answer))
  }

  @inline(never) private func read(
    _ attribute: Attribute, _ answer: inout AttributeReader?
  ) throws(NetlinkError) -> UInt64 {
    guard let number = answer?.u64(attribute) else { throw .malformed }
    return number
  }

  /// The process with the role control, in the initial pid namespace; 0 where none has it.
  package mutating func controller() throws(NetlinkError) -> UInt64 {
    var writer = AttributeWriter()
    writer.u8(.flag, UInt8(Flag.control.rawValue))
    var answer = try ask(.flagGet, writer.bytes)
    return try read(.value, &answer)
  }

  /// Claims a role for this socket, or for the one at `descriptor`, until it is closed.
  ///
  /// With `listens` a view is told of packets from then on, and with `user` that user may list as
  /// long as it lives. Refused with EBUSY while another socket has the control, and to who has it
  /// already it is granted again.
  package mutating func claim(
    _ role: SocketRole, listens: Bool = false, user: UInt32? = nil, descriptor: Int32? = nil
  ) throws(NetlinkError) {
    var writer = AttributeWriter()
    writer.u8(.socketRole, UInt8(role.rawValue))
    if let descriptor { writer.u32(.descriptor, UInt32(bitPattern: descriptor)) }
    if listens { writer.flag(.listen) }
    if let user { writer.u32(.uid, user) }
    _ = try ask(.claim, writer.bytes)
  }

  /// Asks with these attributes, and waits for the kernel's yes: the attributes of the answer, where
  /// there are any.
  package mutating func ask(
    _ type: MessageType, _ attributes: [UInt8] = []
  ) throws(NetlinkError) -> AttributeReader? {
    let family = if let family { family } else { try resolve() }
    do throws(NetlinkError) {
      let request = genericRequest(
        family: family.id, version: UInt8(E7_GENL_VERSION),
        command: UInt8(truncatingIfNeeded: type.rawValue), attributes: attributes)
      return try socket.ask(request)?.attributes(of: type, in: family)
    } catch {
      if error.saysNoFamily, try resolve() != family { throw .reloaded }
      throw error
    }
  }
}
