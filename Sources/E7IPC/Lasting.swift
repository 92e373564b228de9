// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Lane

/// How long an answer holds.
package enum Lasting: Equatable, Sendable {
  /// For the one flow that was held.
  case once
  /// As a rule that ends in so many seconds.
  case seconds(UInt32)
  /// As a rule that stays.
  case always

  init(_ reader: inout AttributeReader) throws(DecodeError) {
    let isAlways = reader.flag(.always)
    guard let seconds = reader.u32(.forSeconds) else {
      self = isAlways ? .always : .once
      return
    }
    guard !isAlways else { throw .unexpected(.forSeconds) }
    self = .seconds(seconds)
  }

  func write(_ writer: inout AttributeWriter) {
    switch self {
    case .once: break
    case .seconds(let seconds): writer.u32(.forSeconds, seconds)
    case .always: writer.flag(.always)
    }
  }
}
