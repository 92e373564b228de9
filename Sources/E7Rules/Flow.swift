// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Schema
package import E7IPC

/// One flow, as far as rules ask about it: what `why` is about.
package struct Flow: Equatable, Sendable {
  /// An IP protocol, 0…255.
  package var prot: UInt16
  /// What stands behind it; without one a program of the host's.
  package var programClass: ProgramClass?
  /// The executable, empty for a program that no rule names by a path.
  package var path: [UInt8]
  /// Who began it.
  package var direction: Direction
  /// The other end's address, 4 or 16 bytes in network order.
  package var remote: [UInt8]
  /// The destination port, where the protocol has ports.
  package var port: UInt16?
  /// The socket's owner; without one rules about users do not match.
  package var uid: UInt32?

  /// A flow.
  package init(
    prot: UInt16, programClass: ProgramClass? = nil, path: [UInt8] = [], direction: Direction,
    remote: [UInt8], port: UInt16? = nil, uid: UInt32? = nil
  ) {
    self.prot = prot
    self.programClass = programClass
    self.path = path
    self.direction = direction
    self.remote = remote
    self.port = port
    self.uid = uid
  }

  /// Reads the attributes of `MessageType.why`.
  package init(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let prot = reader.u16(.prot) else { throw .missing(.prot) }
    guard prot < NamedProtocol.any.rawValue else { throw .outOfRange(.prot) }
    guard let number = reader.u8(.direction) else { throw .missing(.direction) }
    guard let direction = Direction(wire: number) else { throw .outOfRange(.direction) }
    guard let remote = reader.address(.remote) else { throw .missing(.remote) }
    self.init(prot: prot, direction: direction, remote: remote)
    if let number = reader.u8(.programClass) {
      guard let known = ProgramClass(wire: number) else { throw .outOfRange(.programClass) }
      programClass = known
    }
    if let path = reader.string(.path) {
      guard PathFault.of(path) == nil, programClass?.isNamedByPath ?? true else {
        throw .outOfRange(.path)
      }
      self.path = path
    }
    port = reader.u16(.portFirst)
    uid = reader.u32(.uid)
    try reader.finish()
  }

  /// Writes the attributes of `MessageType.why`.
  package func write(_ writer: inout AttributeWriter) {
    writer.u16(.prot, prot)
    if let programClass { writer.u8(.programClass, UInt8(programClass.rawValue)) }
    if !path.isEmpty { writer.string(.path, path) }
    writer.u8(.direction, UInt8(direction.rawValue))
    writer.address(.remote, remote)
    if let port { writer.u16(.portFirst, port) }
    if let uid { writer.u32(.uid, uid) }
  }

  /// The flag that decides about this flow where no rule does.
  package var flag: Flag {
    switch programClass {
    case .kernel, .unknown: .unkproc
    default: Flow.isUnderstood(prot) ? .unkrule : .unkprot
    }
  }

  /// Whether the module has more than a number for this protocol.
  private static func isUnderstood(_ prot: UInt16) -> Bool {
    Ports.exist(in: prot) || prot == NamedProtocol.icmp.rawValue
      || prot == NamedProtocol.icmp6.rawValue
  }
}
