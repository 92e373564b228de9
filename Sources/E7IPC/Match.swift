// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Schema
package import E7Lane

/// What a rule matches; two rules with an equal match are the same rule.
package struct Match: Equatable, Hashable, Sendable {
  /// Whether the rule is looked at before all that are not quick.
  package var isQuick: Bool
  /// An IP protocol 0…255, or `NamedProtocol.any`.
  package var prot: UInt16
  /// A class of programs; without one a path is the host's, and no path means every program.
  package var programClass: ProgramClass?
  /// An executable, or with a final slash a folder at any depth; empty for every program of the
  /// class.
  package var path: [UInt8]
  /// Who began the flow: someone else, or this machine.
  package var direction: Direction?
  /// Where the other end is; stands with a direction.
  package var remote: Network?
  /// The flow's destination port.
  package var ports: Ports?
  /// The socket's owner, in the initial user namespace.
  package var uid: UInt32?

  /// A match; what is not given stands for everything.
  package init(
    isQuick: Bool = false, prot: UInt16 = NamedProtocol.any.rawValue,
    programClass: ProgramClass? = nil, path: [UInt8] = [], direction: Direction? = nil,
    remote: Network? = nil, ports: Ports? = nil, uid: UInt32? = nil
  ) {
    self.isQuick = isQuick
    self.prot = prot
    self.programClass = programClass
    self.path = path
    self.direction = direction
    self.remote = remote
    self.ports = ports
    self.uid = uid
  }

  /// Reads the attributes of a match.
  package init(_ reader: inout AttributeReader) throws(DecodeError) {
    isQuick = reader.flag(.quick)
    prot = reader.u16(.prot) ?? NamedProtocol.any.rawValue
    programClass = try reader.programClass()
    path = reader.string(.path) ?? []
    direction = try reader.direction()
    remote = try Network(&reader)
    ports = try Ports(&reader)
    uid = reader.u32(.uid)
  }

  func write(_ writer: inout AttributeWriter) {
    if isQuick { writer.flag(.quick) }
    let isAny = prot == NamedProtocol.any.rawValue
    if !isAny || programClass == nil && path.isEmpty { writer.u16(.prot, prot) }
    if let programClass { writer.u8(.programClass, UInt8(programClass.rawValue)) }
    if !path.isEmpty { writer.string(.path, path) }
    if let direction { writer.u8(.direction, UInt8(direction.rawValue)) }
    if let remote {
      writer.address(.remote, remote.address)
      writer.u8(.prefix, remote.prefix)
    }
    if let ports {
      writer.u16(.portFirst, ports.first)
      writer.u16(.portLast, ports.last)
    }
    if let uid { writer.u32(.uid, uid) }
  }
}

/// The addresses of one family that begin with the same bits.
package struct Network: Equatable, Hashable, Sendable {
  /// The first of them, 4 or 16 bytes in network order.
  package var address: [UInt8]
  /// How many leading bits they share.
  package var prefix: UInt8

  /// A network, in whatever form: see `masked`.
  package init(_ address: [UInt8], prefix: UInt8) {
    self.address = address
    self.prefix = prefix
  }

  init?(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let address = reader.address(.remote) else { return nil }
    guard let prefix = reader.u8(.prefix) else { throw .missing(.prefix) }
    self.init(address, prefix: prefix)
  }

  /// Bits of an address of its family: the longest prefix.
  package var bits: Int { address.count * 8 }

  /// The same without the bits behind the prefix, which is the one form that a rule may have.
  package var masked: Network {
    var address = address
    for index in address.indices {
      let kept = max(0, min(8, Int(prefix) - 8 * index))
      address[index] &= UInt8(truncatingIfNeeded: 0xff00 >> kept)
    }
    return Network(address, prefix: prefix)
  }

  /// Whether packets of this IP protocol can have an address of this family.
  package func carries(_ prot: UInt16) -> Bool {
    let other: NamedProtocol = address.count == 4 ? .icmp6 : .icmp
    return prot != other.rawValue
  }
}

/// Ports, both ends included.
package struct Ports: Equatable, Hashable, Sendable {
  /// The lowest.
  package var first: UInt16
  /// The highest.
  package var last: UInt16

  /// All ports from `first` to `last`.
  package init(_ first: UInt16, _ last: UInt16) {
    self.first = first
    self.last = last
  }

  init?(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let first = reader.u16(.portFirst) else { return nil }
    guard let last = reader.u16(.portLast) else { throw .missing(.portLast) }
    self.init(first, last)
  }

  /// Whether packets of this IP protocol, or of some where it is any, have ports.
  package static func exist(in prot: UInt16) -> Bool {
    NamedProtocol.hasPorts(prot)
  }
}
