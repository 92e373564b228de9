// SPDX-License-Identifier: GPL-2.0-or-later
import E7Console

/// Shows events and notices as they come.
struct EventStream {
  let session: Session
  var printer: Printer

  /// Ends after `count` of them, or never.
  mutating func run(count: Int?) throws(Failure) {
    try session.subscribe()
    var left = count
    while true {
      for told in try session.told() {
        printer.told(told)
        if case .gap = told { continue }
        guard let count = left else { continue }
        guard count > 1 else { return }
        left = count - 1
      }
      if let raw = session.raw { _ = Standard.wait([raw]) }
    }
  }
}
