// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
public import CE7Schema
public import E7Lane
public import E7System
package import E7Text

/// A socket that asks family `e7` of generic netlink, and edits where it or the process may.
///
/// Everything waits for the kernel's answer, at most `timeout`.  The family is looked up before
/// the first request, and again when the kernel no longer knows it: another load of the module has
/// another number, may have another version, and knows of no role of this socket, so what was asked
/// of the one before is then `NetlinkError.reloaded`.
public struct KernelSocket: ~Copyable {
  /// Milliseconds until the kernel is given up on; a large COMMIT takes seconds on a slow machine.
  package static let timeout: Int32 = 10000

  /// E7_GENL_NAME, which Swift sees as a String.
  package static var name: Phrase { "e7" }

  package var socket: GenericSocket
  private var family: Family?

  /// Opens a socket, or takes one over; the module need not be there yet.
  public init(_ handed: consuming FileDescriptor? = nil) throws(NetlinkError) {
    socket = try GenericSocket(handed)
  }

  /// Looks the family up and checks its version.
  public mutating func resolve() throws(NetlinkError) -> Family {
    family = nil
    let found = try socket.resolve(KernelSocket.name, timeoutMilliseconds: KernelSocket.timeout)
    let spoken = UInt32(E7_GENL_VERSION)
    guard found.version == spoken else { throw .version(found: found.version, spoken: spoken) }
    family = found
    return found
  }

  /// The module's load and the generation of its rules.
  public mutating func status() throws(NetlinkError) -> (instance: UInt64, generation: UInt64) {
    var answer = try ask(.status, [])
    guard let instance = answer?.u64(.instance), let generation = answer?.u64(.generation) else {
      throw .malformed
    }
    return (instance, generation)
  }

  /// The process with the role control, in the initial pid namespace; 0 where none has it.
  public mutating func controller() throws(NetlinkError) -> UInt64 {
    var writer = AttributeWriter()
    writer.u8(.flag, UInt8(Flag.control.rawValue))
    var answer = try ask(.flagGet, writer.payload())
    guard let value = answer?.u64(.value) else { throw .malformed }
    return value
  }

  /// Claims a role for this socket, or for the one at `descriptor`, until it is closed.
  ///
  /// With `listens` a view is told of packets from then on, and with `user` that user may list as
  /// long as it lives. Refused with EBUSY while another socket
  /// has the control, and to who has it already it is granted again.
  public mutating func claim(
    _ role: SocketRole, listens: Bool = false, user: UInt32? = nil, descriptor: Int32? = nil
  ) throws(NetlinkError) {
    var writer = AttributeWriter()
    writer.u8(.socketRole, UInt8(role.rawValue))
    if let descriptor { writer.u32(.descriptor, UInt32(bitPattern: descriptor)) }
    if listens { writer.flag(.listen) }
    if let user { writer.u32(.uid, user) }
    _ = try ask(.claim, writer.payload())
  }

  /// Asks with these attributes, and waits for the kernel's yes: the attributes of the answer, where
  /// there are any.
  public mutating func ask(
    _ type: MessageType, _ attributes: [UInt8] = []
  ) throws(NetlinkError) -> AttributeReader? {
    let request = try request(type, attributes)
    guard let family else { throw .noFamily }
    do throws(NetlinkError) {
      let answers = try socket.ask([request], timeoutMilliseconds: KernelSocket.timeout).messages
      return try answers.last?.attributes(of: type, in: family)
    } catch {
      if case .refused(let refusal) = error { try checkFamily(refusal) }
      throw error
    }
  }

  /// Asks several in a datagram; for each what the kernel says against it, or nil.
  public mutating func ask(_ requests: [[UInt8]]) throws(NetlinkError) -> [Refusal?] {
    let end = try socket.ask(requests, timeoutMilliseconds: KernelSocket.timeout).end
    for case .some(let refusal) in end.refusals { try checkFamily(refusal) }
    return end.refusals
  }

  /// A request with these attributes, to the family as it is known.
  @inline(never) public mutating func request(
    _ type: MessageType, _ attributes: [UInt8]
  ) throws(NetlinkError) -> [UInt8] {
    if family == nil { _ = try resolve() }
    guard let family else { throw .noFamily }
    return genericRequest(
      family: family.id, version: UInt8(E7_GENL_VERSION),
      command: UInt8(truncatingIfNeeded: type.rawValue), attributes: attributes)
  }

  /// A family that is gone is ENOENT; its number in other hands may say EOPNOTSUPP.
  @inline(never) private mutating func checkFamily(_ refusal: Refusal) throws(NetlinkError) {
    guard refusal.errno == ENOENT || refusal.errno == EOPNOTSUPP else { return }
    let known = family
    if try resolve() != known { throw .reloaded }
  }
}
