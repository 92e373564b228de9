// SPDX-License-Identifier: GPL-2.0-or-later
// What this module speaks of comes with it.
@_exported public import E7Lane
@_exported public import E7System

/// A socket of generic netlink that asks family `e7`, and edits where it or the process may.
///
/// Everything waits for the kernel's answer, at most `patience`.  The family is looked up before the
/// first request, and again when the kernel no longer knows it: another load of the module has
/// another number and knows of no role of this socket, so that is `NetlinkError.reloaded`.
package struct KernelSocket: ~Copyable {
  /// Milliseconds until the kernel is given up on; a large COMMIT takes seconds on a slow machine.
  package static let patience: UInt64 = 10000
  /// E7_GENL_NAME, which Swift sees as a String.
  package static var name: Phrase { "e7" }

  private let socket: FileDescriptor
  private var sequence: UInt32 = 0
  private var family: Family?

  package var raw: Int32 { socket.raw }

  /// Opens a socket, or takes one over; the module need not be there yet.
  package init(_ handed: consuming FileDescriptor? = nil) throws(NetlinkError) {
    let raw = e7_netlink_open(handed.take()?.release() ?? -1)
    guard raw >= 0 else { throw .system(SystemError("socket", errno: -raw)) }
    socket = FileDescriptor(owning: raw)
  }

  /// Looks the family up and checks its version.
  @discardableResult package mutating func resolve() throws(NetlinkError) -> Family {
    family = nil
    let found = try resolve(KernelSocket.name)
    guard found.version == E7_GENL_VERSION else { throw .version(found.version) }
    family = found
    return found
  }

  package mutating func resolve(_ name: Phrase) throws(NetlinkError) -> Family {
    try Family(try describe(name))
  }

  /// What the kernel says of the family of this name; `NetlinkError.noFamily` where none has it.
  package mutating func describe(_ name: Phrase) throws(NetlinkError) -> NetlinkMessage {
    var writer = AttributeWriter()
    writer.put(number: UInt16(CTRL_ATTR_FAMILY_NAME), name.bytes + [0])
    do throws(NetlinkError) {
      let answer = try ask(
        genericRequest(
          family: UInt16(GENL_ID_CTRL), version: 1, command: UInt8(CTRL_CMD_GETFAMILY),
          attributes: writer.bytes))
      guard let answer, answer.type == UInt16(GENL_ID_CTRL) else { throw .malformed }
      return answer
    } catch { throw error.kind == .refused && error.errno == ENOENT ? .noFamily : error }
  }

  /// The module's load and the generation of its rules.
  package mutating func status() throws(NetlinkError) -> (instance: UInt64, generation: UInt64) {
    var answer = try ask(.status)
    return (try read(.instance, &answer), try read(.generation, &answer))
  }

  /// The process with the role control, in the initial pid namespace; 0 where none has it.
  package mutating func controller() throws(NetlinkError) -> UInt64 {
    var writer = AttributeWriter()
    writer.u8(.flag, UInt8(Flag.control.rawValue))
    var answer = try ask(.flagGet, writer.bytes)
    return try read(.value, &answer)
  }

  @inline(never) private func read(
    _ attribute: Attribute, _ answer: inout AttributeReader?
  ) throws(NetlinkError) -> UInt64 {
    guard let number = answer?.u64(attribute) else { throw .malformed }
    return number
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

  /// Asks with these attributes, and waits for the kernel's yes: the attributes of its answer, if any.
  package mutating func ask(
    _ type: MessageType, _ attributes: [UInt8] = []
  ) throws(NetlinkError) -> AttributeReader? {
    let family = if let family { family } else { try resolve() }
    do throws(NetlinkError) {
      let request = genericRequest(
        family: family.id, version: UInt8(E7_GENL_VERSION),
        command: UInt8(truncatingIfNeeded: type.rawValue), attributes: attributes)
      return try ask(request)?.attributes(of: type, in: family)
    } catch {
      if error.saysNoFamily, try resolve() != family { throw .reloaded }
      throw error
    }
  }

  /// Sends a request and waits for the kernel's yes: the last message of the answer, if it has any.
  package mutating func ask(_ request: [UInt8]) throws(NetlinkError) -> NetlinkMessage? {
    var exchange = try begin(request)
    var answer: NetlinkMessage?
    while !exchange.isOver {
      let (datagram, port) = try receive()
      var index = 0
      while let message = try exchange.next(datagram, port: port, &index) { answer = message }
    }
    return answer
  }

  /// Sends a request, whose answer is then taken with what is returned: a list, or an acknowledgement.
  package mutating func begin(_ request: [UInt8]) throws(NetlinkError) -> Exchange {
    // None is 0, which multicast messages carry.
    sequence = sequence == .max ? 1 : sequence + 1
    var request = request
    request.set(Int(sequence), at: 8)
    if request.hostU16(at: 6) & UInt16(NLM_F_DUMP) == 0 { request[6] |= UInt8(NLM_F_ACK) }
    var sent: Int64
    repeat {
      sent = unsafe e7_send(raw, request, request.count)
    } while sent == -Int64(EINTR)
    guard sent >= 0 else { throw .system(SystemError("sendmsg", errno: Int32(-sent))) }
    return Exchange(request, sequence: sequence)
  }

  /// The next datagram and its sender's port; `timedOut` where none comes in so many milliseconds.
  package func receive(
    within patience: UInt64 = KernelSocket.patience
  ) throws(NetlinkError) -> ([UInt8], UInt32) {
    var deadline: UInt64?
    while true {
      if let received = try KernelSocket.receive(socket) { return received }
      let now = monotonicMilliseconds()
      let end = deadline ?? now + patience
      deadline = end
      guard now <= end else { throw .timedOut }
      do throws(SystemError) {
        _ = try pollfd.input(raw).wait(milliseconds: Int32(clamping: end - now))
      } catch { throw .system(error) }
    }
  }

  /// One datagram and its sender's port, or nil when none waits; `lost` where some were.
  package static func receive(
    _ socket: borrowing FileDescriptor
  ) throws(NetlinkError) -> ([UInt8], UInt32)? {
    do throws(SystemError) {
      // The kernel makes no datagram larger than 32 KiB.
      guard let datagram = try SequencedSocket.receive(socket) else { return nil }
      guard !datagram.truncated else { throw SystemError("recvmsg", errno: EMSGSIZE) }
      return (datagram.bytes, datagram.port)
    } catch {
      // Without memory for a moment: what waits is still there, and may say that it was done.
      if error.errno == ENOMEM { return nil }
      throw error.errno == ENOBUFS ? .lost : .system(error)
    }
  }
}
