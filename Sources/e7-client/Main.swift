// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import E7Console
import E7Rules
import Glibc

@main enum Main {
  static func main() {
    Standard.endQuietlyWithTheReader()
    do throws(Failure) {
      exit(try run().rawValue)
    } catch {
      Standard.complain(error.text)
      exit(error.status.rawValue)
    }
  }

  private static func run() throws(Failure) -> ExitStatus {
    guard let arguments = Arguments.read() else {
      throw Failure(
        .usage,
        "an argument is not UTF-8; a path like that can be written in a file, "
          + "with \\xNN in quotes")
    }
    let client: Client
    do { client = try Client.parse(arguments) } catch {
      let message = Client.message(for: error)
      guard Client.exitCode(for: error) == .success else {
        throw Failure(.usage, Usage.line(message))
      }
      Standard.print([message])
      return .done
    }
    return try client.perform()
  }
}
