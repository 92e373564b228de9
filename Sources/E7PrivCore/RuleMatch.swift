// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
import E7Lane
import E7Text

/// What a rule of an edit's matches: `Match` of E7IPC, as far as it is judged and told here.
struct RuleMatch {
  private let isQuick: Bool
  private let prot: UInt16
  private let programClass: ProgramClass?
  private let path: [UInt8]
  private let direction: Direction?
  private let remote: [UInt8]?
  private let prefix: UInt8
  private let ports: (first: UInt16, last: UInt16)?
  private let uid: UInt32?

  init(_ reader: inout AttributeReader) throws(DecodeError) {
    isQuick = reader.flag(.quick)
    prot = reader.u16(.prot) ?? NamedProtocol.any.rawValue
    programClass = try reader.programClass()
    path = reader.string(.path) ?? []
    direction = try reader.direction()
    remote = reader.address(.remote)
    let prefix = remote == nil ? 0 : reader.u8(.prefix)
    let first = reader.u16(.portFirst)
    let last = first == nil ? 0 : reader.u16(.portLast)
    uid = reader.u32(.uid)
    guard let prefix else { throw .missing(.prefix) }
    guard let last else { throw .missing(.portLast) }
    self.prefix = prefix
    ports = first.map { ($0, last) }
  }

  /// What is wrong with it and what was expected, or nil.
  var fault: Phrase? {
    if prot > NamedProtocol.any.rawValue {
      return "PROT \(prot) does not exist; expected 0 to 255, or 256 for any"
    }
    if let fault = programFault { return fault }
    if let remote, let fault = fault(of: remote) { return fault }
    if let ports {
      if !NamedProtocol.hasPorts(prot) {
        return
          "PORT_FIRST: protocol \(prot) has no ports; expected it without PORT_FIRST and PORT_LAST"
      }
      if ports.first > ports.last {
        return "PORT_FIRST \(ports.first) is over PORT_LAST \(ports.last); expected them swapped"
      }
    }
    return uid == .max ? "UID \(UInt32.max) is nobody; expected 0 to \(UInt32.max - 1)" : nil
  }

  private var programFault: Phrase? {
    if let programClass {
      if !ProgramClass.ofRules.contains(programClass) {
        var words: Phrase = ""
        for known in ProgramClass.ofRules { words += "\(known.phrase), " }
        return
          "CLASS: rules do not name class \(programClass.phrase); expected \(words)or a path alone"
      }
      if !path.isEmpty && !programClass.takesPath {
        return "PATH: class \(programClass.phrase) takes no path; expected the class alone"
      }
    }
    guard !path.isEmpty, let fault = PathForm.fault(path) else { return nil }
    return "PATH \(fault.problem); expected \(fault.expected)"
  }

  private func fault(of remote: [UInt8]) -> Phrase? {
    let bits = remote.count * 8
    if direction == nil { return "REMOTE stands without DIRECTION; expected both" }
    if Int(prefix) > bits {
      return "PREFIX \(prefix) is longer than REMOTE; expected 0 to \(bits)"
    }
    // Of 16 bytes those that stand for an address of IPv4 (RFC 4291, 2.5.5.2) are of no packet.
    if remote.count == 16, remote[..<10].allSatisfy({ $0 == 0 }), remote[10] == 255,
      remote[11] == 255
    {
      return "REMOTE \(network(remote)) is an address of IPv4; expected its 4 bytes"
    }
    var masked = remote
    for index in masked.indices {
      let kept = max(0, min(8, Int(prefix) - 8 * index))
      masked[index] &= UInt8(truncatingIfNeeded: 0xff00 >> kept)
    }
    if remote != masked {
      return "REMOTE \(network(remote)) has bits behind PREFIX; expected \(network(masked))"
    }
    let other: NamedProtocol = remote.count == 4 ? .icmp6 : .icmp
    return prot == other.rawValue
      ? "REMOTE \(network(remote)) is not of protocol \(prot)'s family; expected the other one's"
      : nil
  }

  /// It in the words of the rule language.
  var words: Phrase {
    var words: Phrase = isQuick ? " quick " : " "
    words += Words.phrase(.namedProtocol, UInt32(prot)) ?? "\(prot)"
    if let programClass { words += " \(programClass.phrase)" }
    if !path.isEmpty { words += " \(path)" }
    if let remote {
      words += direction == .incoming ? " from " : " to "
      words += network(remote)
    } else if let direction {
      words += " \(Words.phrase(.direction, UInt32(direction.rawValue)) ?? "")"
    }
    if let ports {
      words += " port \(ports.first)"
      if ports.first != ports.last { words += "-\(ports.last)" }
    }
    if let uid { words += " user \(uid)" }
    return words
  }

  /// The address, and the length of the prefix where that is not all of it.
  private func network(_ address: [UInt8]) -> Phrase {
    var text = [CChar](repeating: 0, count: Int(E7_ADDRESS_TEXT))
    guard unsafe e7_address_text(address, address.count, &text) else { return "?" }
    let words = Phrase(text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    return Int(prefix) == address.count * 8 ? words : "\(words)/\(prefix)"
  }
}
