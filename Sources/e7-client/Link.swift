// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
import E7Console
import E7IPC
import E7System
import E7Unix

/// Why an exchange ended early.
enum LinkError: Error {
  /// The other side has gone.
  case lost
  /// The other side has not answered in time.
  case silent
  /// It cannot be done now, but perhaps soon: the failure for who has waited long enough.
  case later(Failure)
  /// The other side refused, or did not answer as it must.
  case failed(Failure)
}

/// Questions and answers of E7IPC over one socket.
final class Link {
  /// Seconds without a message until an answer counts as missing.
  static let patience: Int32 = 10

  /// For those who wait for input.
  var raw: Int32 { socket.raw }

  private let socket: FileDescriptor
  private let isTrusted: @Sendable (Credentials?) -> Bool
  private var sequence: UInt32 = 0

  /// A link whose datagrams must come from a sender that `isTrusted`.
  init(
    _ socket: consuming FileDescriptor,
    isTrusted: @escaping @Sendable (Credentials?) -> Bool = { _ in true }
  ) {
    self.socket = socket
    self.isTrusted = isTrusted
  }

  /// Asks; the answer carries the number that is returned.
  func send(
    _ type: MessageType, _ body: (inout AttributeWriter) -> Void = { _ in }
  ) throws(LinkError) -> UInt32 {
    sequence += 1
    let bytes = Message.encode(type, sequence: sequence, body)
    do throws(SystemError) {
      while try !SequencedSocket.send(socket, bytes) { try wait(.output(raw)) }
    } catch {
      throw Link.error(error)
    }
    return sequence
  }

  /// Asks, with a descriptor.
  func send(
    _ type: MessageType, passing descriptor: borrowing FileDescriptor
  ) throws(LinkError) -> UInt32 {
    sequence += 1
    let bytes = Message.encode(type, sequence: sequence)
    do throws(SystemError) {
      while try !SequencedSocket.send(socket, bytes, passing: descriptor) { try wait(.output(raw)) }
    } catch {
      throw Link.error(error)
    }
    return sequence
  }

  /// The next message, waited for.
  func receive() throws(LinkError) -> Message {
    while true {
      if let message = try receiveNow() { return message }
      do throws(SystemError) { try wait(.input(raw)) } catch { throw Link.error(error) }
    }
  }

  /// The next message where one waits.
  func receiveNow() throws(LinkError) -> Message? {
    let bytes: [UInt8]
    do throws(SystemError) {
      guard let datagram = try SequencedSocket.receive(socket) else { return nil }
      bytes = try check(datagram)
    } catch {
      throw Link.error(error)
    }
    guard !bytes.isEmpty else { throw .lost }
    do throws(DecodeError) {
      return try Message(decoding: bytes)
    } catch {
      throw .failed(Link.failure(error))
    }
  }

  private func check(_ datagram: borrowing Datagram) throws(SystemError) -> [UInt8] {
    guard !datagram.truncated else { throw SystemError("recvmsg", errno: EBADMSG) }
    guard datagram.isEnd || isTrusted(datagram.credentials) else {
      throw SystemError("recvmsg", errno: EPERM)
    }
    return datagram.bytes
  }

  private func wait(_ what: pollfd) throws(SystemError) {
    guard try what.wait(milliseconds: Link.patience * 1000) else {
      throw SystemError("poll", errno: ETIMEDOUT)
    }
  }

  /// What bytes mean that are no message.
  static func failure(_ error: DecodeError) -> Failure {
    switch error {
    case .unsupportedVersion:
      Failure(.unreachable, "the suite is of another version: \(error.text)")
    default: Failure(.failed, "the suite sent what is no message: \(error.text)")
    }
  }

  private static func error(_ error: SystemError) -> LinkError {
    switch error.errno {
    case ETIMEDOUT: .silent
    case EPERM:
      .failed(Failure(.failed, "an answer came from somebody else than e7-priv"))
    case EBADMSG:
      .failed(Failure(.failed, "the suite sent more than fits a message"))
    default: .lost
    }
  }
}
