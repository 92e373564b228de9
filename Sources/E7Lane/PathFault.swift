// SPDX-License-Identifier: GPL-2.0-or-later

/// What is wrong with the path of a rule, which has one spelling for one file.
package enum PathFault: Error, Equatable {
  case notAbsolute, tooLong, emptyComponent, dotComponent, controlCharacter

  /// The first fault of `path`, or nil for one that a rule may name.
  package static func of(_ path: [UInt8]) -> PathFault? {
    guard path.first == UInt8(ascii: "/") else { return .notAbsolute }
    guard path.count <= Limit.path else { return .tooLong }
    var (length, dots) = (0, 0)
    for index in 1...path.count {
      let byte = index < path.count ? path[index] : UInt8(ascii: "/")
      if byte < 32 || byte == 127 { return .controlCharacter }
      if byte != UInt8(ascii: "/") {
        length += 1
        if byte == UInt8(ascii: ".") { dots += 1 }
        continue
      }
      if length == 0 && index < path.count { return .emptyComponent }
      if length > 0 && length == dots && dots <= 2 { return .dotComponent }
      (length, dots) = (0, 0)
    }
    return nil
  }

  /// What is wrong, to follow the path in a sentence, and what was expected instead.
  package var words: (problem: Phrase, expected: Phrase) {
    switch self {
    case .notAbsolute: ("is not absolute", "a path that begins with '/'")
    case .tooLong: ("is too long", "at most \(Limit.path) bytes")
    case .emptyComponent: ("holds '//'", "one '/' between names")
    case .dotComponent: ("holds '/./' or '/../'", "the path without them")
    case .controlCharacter: ("holds a control character", "a path without any")
    }
  }
}
