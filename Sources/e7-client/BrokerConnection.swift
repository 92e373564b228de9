// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Console
import E7IPC
import E7Rules
import E7Loop
import E7System

/// A console of the broker, greeted.
final class BrokerConnection {
  /// What came without being asked for and was not taken yet.
  private(set) var told: [Told] = []

  /// For those who wait for input.
  var raw: Int32 { link.raw }

  private let link: Link

  /// Connects to the socket at `path` and greets.
  init(path: String) throws(LinkError) {
    let socket: FileDescriptor
    do throws(SystemError) {
      socket = try SequencedSocket.connect(path: Array(path.utf8))
    } catch {
      throw .failed(BrokerConnection.failure(error, path))
    }
    link = Link(socket)
    try greet()
  }

  private func greet() throws(LinkError) {
    let outcome: Outcome
    do throws(LinkError) {
      outcome = try ask(.hello, Hello().write) { (type, reader) throws(DecodeError) in
        guard type == .hello else { throw .unknownType(type.rawValue) }
        _ = try Hello(&reader)
      }
    } catch .lost {
      // A broker that takes nobody in says why before it closes, perhaps before it was greeted.
      try drain()
      throw .lost
    }
    try outcome.check()
  }

  /// Asks and hands each message of the answer to `each`.
  func ask(
    _ type: MessageType, _ body: (inout AttributeWriter) -> Void = { _ in },
    each: (MessageType, inout AttributeReader) throws(DecodeError) -> Void = BrokerConnection.refuse
  ) throws(LinkError) -> Outcome {
    try answer(to: try link.send(type, body), each: each)
  }

  /// Hands one end of a lane over.
  func pass(_ descriptor: borrowing FileDescriptor) throws(LinkError) -> Outcome {
    try answer(to: try link.send(.lane, passing: descriptor), each: BrokerConnection.refuse)
  }

  /// For an answer that has no parts.
  private static func refuse(
    _ type: MessageType, _ reader: inout AttributeReader
  ) throws(DecodeError) {
    throw .unknownType(type.rawValue)
  }

  /// Reads what waits, without waiting for more.
  func drain() throws(LinkError) {
    while let message = try link.receiveNow() { try keep(message) }
  }

  /// Takes what was told so far.
  func takeTold() -> [Told] {
    defer { told = [] }
    return told
  }

  private func answer(
    to sequence: UInt32,
    each: (MessageType, inout AttributeReader) throws(DecodeError) -> Void
  ) throws(LinkError) -> Outcome {
    while true {
      let message = try link.receive()
      guard message.header.sequence == sequence else {
        try keep(message)
        continue
      }
      var reader = message.attributes
      do throws(DecodeError) {
        if message.header.type == .done { return try Outcome(&reader) }
        try each(message.header.type, &reader)
      } catch {
        throw .failed(Link.failure(error))
      }
    }
  }

  private func keep(_ message: Message) throws(LinkError) {
    // An answer to a question that was given up is passed over.
    guard message.header.sequence == 0 else { return }
    var refusal: Outcome?
    do throws(DecodeError) {
      if message.header.type == .done {
        var reader = message.attributes
        refusal = try Outcome(&reader)
      } else if let message = try Told(message) {
        told.append(message)
      }
    } catch {
      throw .failed(Link.failure(error))
    }
    try refusal?.check()
  }

  private static func failure(_ error: SystemError, _ path: String) -> Failure {
    switch SystemError.name(error.errno) {
    case "ENOENT", "ECONNREFUSED":
      .noSuite(socket: path, moduleIsLoaded: Standard.exists("/sys/module/e7"))
    default: Failure(.unreachable, "cannot connect to \(path): \(error.text)")
    }
  }
}
