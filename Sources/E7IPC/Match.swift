// SPDX-License-Identifier: GPL-2.0-or-later
public import CE7Schema
public import E7Lane

/// What a rule matches; two rules with an equal match are the same rule.
public struct Match: Equatable, Hashable, Sendable {
  /// Whether the rule is looked at before all that are not quick.
  public var isQuick: Bool
  /// An IP protocol 0…255, or `NamedProtocol.any`.
  public var prot: UInt16
  /// A class of programs; without one a path is the host's, and no path means every program.
  public var programClass: ProgramClass?
  /// An executable, or with a final slash a folder at any depth; empty for every program of the
  /// class.
  public var path: [UInt8]
  /// Who began the flow: someone else, or this machine.
  public var direction: Direction?
  /// Where the other end is; stands with a direction.
  public var remote: Network?
  /// The flow's destination port.
  public var ports: Ports?
  /// The socket's owner, in the initial user namespace.
  public var uid: UInt32?

  /// A match; what is not given stands for everything.
  public init(
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
  public init(_ reader: inout AttributeReader) throws(DecodeError) {
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
public struct Network: Equatable, Hashable, Sendable {
  /// The first of them, 4 or 16 bytes in network order.
  public var address: [UInt8]
  /// How many leading bits they share.
  public var prefix: UInt8

  /// A network, in whatever form: see `masked`.
  public init(_ address: [UInt8], prefix: UInt8) {
    self.address = address
    self.prefix = prefix
  }

  init?(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let address = reader.address(.remote) else { return nil }
    guard let prefix = reader.u8(.prefix) else { throw .missing(.prefix) }
    self.init(address, prefix: prefix)
  }

  /// Bits of an address of its family: the longest prefix.
  public var bits: Int { address.count * 8 }

  /// The same without the bits behind the prefix, which is the one form that a rule may have.
  public var masked: Network {
    var address = address
    for index in address.indices {
      let kept = max(0, min(8, Int(prefix) - 8 * index))
      address[index] &= UInt8(truncatingIfNeeded: 0xff00 >> kept)
    }
    return Network(address, prefix: prefix)
  }

  /// Whether packets of this IP protocol can have an address of this family.
  public func carries(_ prot: UInt16) -> Bool {
    let other: NamedProtocol = address.count == 4 ? .icmp6 : .icmp
    return prot != other.rawValue
  }
}

/// Ports, both ends included.
public struct Ports: Equatable, Hashable, Sendable {
  /// The lowest.
  public var first: UInt16
  /// The highest.
  public var last: UInt16

  /// All ports from `first` to `last`.
  public init(_ first: UInt16, _ last: UInt16) {
    self.first = first
    self.last = last
  }

  init?(_ reader: inout AttributeReader) throws(DecodeError) {
    guard let first = reader.u16(.portFirst) else { return nil }
    guard let last = reader.u16(.portLast) else { throw .missing(.portLast) }
    self.init(first, last)
  }

  /// Whether packets of this IP protocol, or of some where it is any, have ports.
  public static func exist(in prot: UInt16) -> Bool {
    NamedProtocol.hasPorts(prot)
  }
}
