// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import E7Loop
import E7System
import E7Unix
import Glibc

/// The listening console socket, and what to do when descriptors run out.
struct Door: ~Copyable {
  /// What came of looking who waits.
  enum Visit: ~Copyable {
    /// Somebody came in.
    case came(FileDescriptor, Peer)
    /// Nobody waits any more.
    case nobody
    /// There was no descriptor for who waits: nobody is let in until `open`.
    case full
  }

  /// Milliseconds until it is opened again when no console is closed meanwhile.
  private static let pause: UInt64 = 1000

  private let listener: FileDescriptor
  /// Given up to tell somebody that there is no room, instead of leaving them to wait.
  private var reserve: FileDescriptor?
  /// When it is opened again, while it is shut.
  private(set) var reopens: UInt64?

  init(_ listener: consuming FileDescriptor) {
    self.listener = listener
    reserve = spare()
  }

  var raw: Int32 { listener.raw }

  /// Accepts one who waits; the listener must be ready for input.
  mutating func visit(at now: UInt64) throws(SystemError) -> Visit {
    do throws(SystemError) {
      guard let socket = try SequencedSocket.accept(listener) else { return .nobody }
      let peer = try SequencedSocket.peer(socket)
      return .came(socket, peer)
    } catch {
      switch error.errno {
      case EMFILE, ENFILE, ENOBUFS, ENOMEM:
        turnAway(error)
        reopens = now + Door.pause
        return .full
      case ENOTCONN:
        return .nobody
      default:
        throw error
      }
    }
  }

  /// A descriptor was closed, or time has passed.
  mutating func open() {
    reopens = nil
    if reserve == nil { reserve = spare() }
  }

  private mutating func turnAway(_ error: SystemError) {
    guard reserve != nil else { return }
    reserve = nil
    if let socket = (try? SequencedSocket.accept(listener)) ?? nil {
      let outcome = Outcome(
        error: UInt32(error.errno), text: Array("the broker has no room: \(error.text)".utf8))
      _ = try? SequencedSocket.send(
        socket, Message.encode(.done, sequence: 0, outcome.write))
      SequencedSocket.drain(socket)
    }
    reserve = spare()
  }

  /// A second one of the listener, since the broker can open no file.
  private func spare() -> FileDescriptor? { try? listener.duplicate() }
}

extension SequencedSocket {
  /// Reads and forgets what waits, a little of it.
  ///
  /// A socket that is closed with something unread gives its peer ECONNRESET before what was sent
  /// to it, such as why it is closed.
  static func drain(_ socket: borrowing FileDescriptor) {
    for _ in 0..<8 {
      guard let datagram = (try? receive(socket, capacity: 1)) ?? nil, !datagram.isEnd else {
        return
      }
    }
  }
}
