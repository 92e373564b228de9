// SPDX-License-Identifier: GPL-2.0-or-later
import E7Console
import E7IPC
import E7Loop
import E7System

extension Outcome {
  /// Why this is no success, or nil.
  var failure: Failure? {
    guard error != 0 else { return nil }
    let number = Int32(truncatingIfNeeded: error)
    return Failure(self, name: SystemError.name(number), meaning: SystemError.text(number))
  }

  /// Throws where this is no success; what only is not ready yet can be asked for again.
  func check() throws(LinkError) {
    guard let failure else { return }
    switch SystemError.name(Int32(truncatingIfNeeded: error)) {
    // Not ready yet, or somebody else's change is under way.
    case "EAGAIN", "EBUSY": throw .later(failure)
    // The broker is there, e7-priv is not.
    case "ECONNREFUSED": throw .later(Failure(.unreachable, failure.text))
    default: throw .failed(failure)
    }
  }
}
