// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
import E7Lane
import E7Text

extension Match {
  /// What is wrong with it and what was expected, or nil.
  var fault: Phrase? {
    if prot > NamedProtocol.any.rawValue {
      return "PROT \(prot) does not exist; expected 0 to 255, or 256 for any"
    }
    if let fault = programFault { return fault }
    if let remote, let fault = fault(of: remote) { return fault }
    if let ports {
      if !Ports.exist(in: prot) {
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

  private func fault(of remote: Network) -> Phrase? {
    if direction == nil { return "REMOTE stands without DIRECTION; expected both" }
    if Int(remote.prefix) > remote.bits {
      return "PREFIX \(remote.prefix) is longer than REMOTE; expected 0 to \(remote.bits)"
    }
    let address = remote.address
    // Of 16 bytes those that stand for an address of IPv4 (RFC 4291, 2.5.5.2) are of no packet.
    if address.count == 16, address[..<10].allSatisfy({ $0 == 0 }), address[10] == 255,
      address[11] == 255
    {
      return "REMOTE \(remote.phrase) is an address of IPv4; expected its 4 bytes"
    }
    if remote != remote.masked {
      return "REMOTE \(remote.phrase) has bits behind PREFIX; expected \(remote.masked.phrase)"
    }
    return remote.carries(prot)
      ? nil
      : "REMOTE \(remote.phrase) is not of protocol \(prot)'s family; expected the other one's"
  }

  /// It in the words of the rule language.
  var words: Phrase {
    var words: Phrase = isQuick ? " quick " : " "
    words += Words.phrase(.namedProtocol, UInt32(prot)) ?? "\(prot)"
    if let programClass { words += " \(programClass.phrase)" }
    if !path.isEmpty { words += " \(path)" }
    if let remote {
      words += direction == .incoming ? " from " : " to "
      words += remote.phrase
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
}

extension Network {
  /// The address, and the length of the prefix where that is not all of it.
  fileprivate var phrase: Phrase {
    var text = [CChar](repeating: 0, count: Int(E7_ADDRESS_TEXT))
    guard unsafe e7_address_text(address, address.count, &text) else { return "?" }
    let words = Phrase(text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    return Int(prefix) == bits ? words : "\(words)/\(prefix)"
  }
}
