// SPDX-License-Identifier: GPL-2.0-or-later
public import CE7Schema
import E7Lane
public import E7System
import E7Text

/// What an edit brought about.
public struct EditResult: Equatable, Sendable {
  /// The rule that was added or changed.
  public var id: UInt64?
  /// The ruleset generation after it.
  public var generation: UInt64?
}

/// A socket that asks family `e7` of generic netlink, and edits where it or the process may.
///
/// Everything waits for the kernel's answer, at most `timeout`.  The family is looked up before
/// the first request, and for questions again when the kernel no longer knows it: another load of
/// the module has another number, and may have another version.  It knows of no role of this
/// socket either, so an edit is then `NetlinkError.reloaded`.
public struct KernelSocket: ~Copyable {
  /// Milliseconds until the kernel is given up on; a large COMMIT takes seconds on a slow machine.
  static let timeout: Int32 = 10000

  /// E7_GENL_NAME, which Swift sees as a String.
  static var name: Phrase { "e7" }

  private enum Transaction {
    case none
    case open
    case lost
  }

  private var socket: GenericSocket
  private var transaction = Transaction.none
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

  private mutating func current() throws(NetlinkError) -> Family {
    guard let family else { return try resolve() }
    return family
  }

  /// Receives the messages of a group; refused to who lacks the authority.
  public mutating func join(_ group: EventGroup) throws(NetlinkError) {
    let known = try current()
    guard let name = Words.phrase(.group, UInt32(group.rawValue)), let number = known.group(name)
    else { throw .malformed }
    try socket.join(number)
  }

  /// A descriptor of this socket, for a process that receives its events.
  public func descriptor() throws(NetlinkError) -> FileDescriptor { try socket.descriptor() }

  /// The module's load and the generation of its rules.
  public mutating func status() throws(NetlinkError) -> (instance: UInt64, generation: UInt64) {
    var instance: UInt64?
    var generation: UInt64?
    try ask(.status, [], mayReload: true) { reader throws(DecodeError) in
      instance = reader.u64(.instance)
      generation = reader.u64(.generation)
    }
    guard let instance, let generation else { throw .malformed }
    return (instance, generation)
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
    try ask(.claim, writer.payload(), mayReload: false) { _ throws(DecodeError) in }
  }

  /// Tells the module that this process is the helper it has started; the module watches this
  /// socket from then on.
  public mutating func answerAsHelper(_ token: UInt64) throws(NetlinkError) {
    var writer = AttributeWriter()
    writer.u64(.token, token)
    try ask(.helper, writer.payload(), mayReload: false) { _ throws(DecodeError) in }
  }

  /// Sends an edit and waits for the kernel's yes.
  ///
  /// One that is not `collected` takes effect at once, whether a transaction is open or not. Between BEGIN and COMMIT, a module that was unloaded, loaded again or silent makes all that
  /// follows `NetlinkError.reloaded`: what was collected is gone, and nothing of the rest must take
  /// effect on its own.
  public mutating func apply(
    _ edit: KernelEdit, collected: Bool = true
  ) throws(NetlinkError) -> EditResult {
    switch edit.type {
    case .begin:
      transaction = .none
      let result = try send(edit)
      transaction = .open
      return result
    case .commit, .abort:
      defer { transaction = .none }
      if transaction == .lost {
        _ = try? send(KernelEdit(.abort))
        guard edit.type == .abort else { throw .reloaded }
        return EditResult()
      }
      do throws(NetlinkError) {
        return try send(edit)
      } catch {
        // Whatever made it fail, the kernel must not keep a draft that nobody knows of.
        if edit.type != .abort { _ = try? send(KernelEdit(.abort)) }
        throw error
      }
    case _ where !collected:
      return try send(edit, direct: transaction != .none)
    default:
      guard transaction != .lost else { throw .reloaded }
      do throws(NetlinkError) {
        return try send(edit)
      } catch {
        if case .refused = error { throw error }
        if transaction == .open { transaction = .lost }
        throw error
      }
    }
  }

  /// Adds edits of rules to the transaction that is open, many in a datagram; for each what the
  /// kernel says against it, or nil.
  public mutating func collect(_ edits: [KernelEdit]) throws(NetlinkError) -> [Refusal?] {
    guard transaction == .open, let family else { throw .reloaded }
    let requests = edits.map { edit in
      GenericRequest(
        family: family.id, version: UInt8(E7_GENL_VERSION),
        command: UInt8(truncatingIfNeeded: edit.type.rawValue), attributes: edit.attributes)
    }
    do throws(NetlinkError) {
      let refusals = try socket.exchange(
        together: requests, timeoutMilliseconds: KernelSocket.timeout)
      // As for one: a family that is gone is ENOENT, its number in other hands EOPNOTSUPP.
      let isGone = refusals.contains {
        $0?.errno == Errno.noEntry || $0?.errno == Errno.notSupported
      }
      if isGone, try resolve() != family { throw .reloaded }
      return refusals
    } catch {
      transaction = .lost
      throw error
    }
  }

  private mutating func send(
    _ edit: KernelEdit, direct: Bool = false
  ) throws(NetlinkError) -> EditResult {
    var writer = AttributeWriter()
    if direct && edit.isOfRules { writer.flag(.direct) }
    var result = EditResult()
    try ask(edit.type, edit.attributes + writer.payload(), mayReload: false) {
      reader throws(DecodeError) in
      result.id = reader.u64(.id) ?? result.id
      result.generation = reader.u64(.generation) ?? result.generation
    }
    return result
  }

  private mutating func ask(
    _ type: MessageType, _ attributes: [UInt8], mayReload: Bool,
    _ take: (inout AttributeReader) throws(DecodeError) -> Void
  ) throws(NetlinkError) {
    let known = try current()
    do throws(NetlinkError) {
      try exchange(known, type, attributes, take)
    } catch {
      // A family that is gone is ENOENT; its number in other hands may say EOPNOTSUPP.
      guard case .refused(let refusal) = error,
        refusal.errno == Errno.noEntry || refusal.errno == Errno.notSupported
      else { throw error }
      let found = try resolve()
      if found == known { throw error }
      guard mayReload else { throw .reloaded }
      try exchange(found, type, attributes, take)
    }
  }

  private mutating func exchange(
    _ family: Family, _ type: MessageType, _ attributes: [UInt8],
    _ take: (inout AttributeReader) throws(DecodeError) -> Void
  ) throws(NetlinkError) {
    let request = GenericRequest(
      family: family.id, version: UInt8(E7_GENL_VERSION),
      command: UInt8(truncatingIfNeeded: type.rawValue), attributes: attributes)
    _ = try socket.exchange(request, timeoutMilliseconds: KernelSocket.timeout) {
      answer throws(NetlinkError) in
      try answer.read(type, of: family, take)
    }
  }
}

/// An edit for the kernel.
public struct KernelEdit: Sendable {
  /// The command that carries it.
  let type: MessageType
  /// Its attributes.
  let attributes: [UInt8]

  /// The edit of a command with these attributes.
  public init(_ type: MessageType, _ attributes: [UInt8] = []) {
    self.type = type
    self.attributes = attributes
  }

  /// Whether it is one that a transaction collects, or would be in the way of.
  fileprivate var isOfRules: Bool {
    type == .ruleAdd || type == .ruleDel || type == .ruleClear || type == .answer
  }
}
