// SPDX-License-Identifier: GPL-2.0-or-later

/// The arguments of the program.
enum Arguments {
  /// All but the program's name; nil where one is not UTF-8.
  ///
  /// `CommandLine.arguments` would repair such a one, and a rule would name another path.
  static func read() -> [String]? {
    var arguments: [String] = []
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let bytes = unsafe CommandLine.unsafeArgv[index] else { break }
      guard let argument = unsafe String(validatingCString: bytes) else { return nil }
      arguments.append(argument)
    }
    return arguments
  }
}

/// Messages of the argument parser.
enum Usage {
  /// One line of what may be several.
  static func line(_ message: String) -> String {
    let line = message.split(separator: "\n").first.map(String.init) ?? "wrong arguments"
    return line + "; see `e7-client --help`"
  }
}
