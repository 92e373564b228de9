// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Lane

extension Match {
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
