// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
package import CE7Schema
package import E7IPC
package import E7Netlink
import E7System

/// How far the answer to a question is.
package struct Progress: Equatable, Sendable {
  /// There is no more to fetch.
  package let isOver: Bool
  /// What is listed has changed since the list began, which must be asked for again.
  package let wasInterrupted: Bool
}

/// A socket that asks family `e7` one question at a time, and fetches the answer part by part.
///
/// The kernel makes a part of a list when the part before it is fetched, so that a list of any
/// length costs no more memory than one part, and who does not fetch costs nothing.
package struct QuestionSocket: ~Copyable {
  private var socket: KernelSocket
  private let family: Family
  private var asked: (type: MessageType, isList: Bool, exchange: Exchange)?

  /// Opens a socket for questions to a family that was looked up before.
  package init(_ family: Family) throws(NetlinkError) {
    socket = try KernelSocket()
    self.family = family
  }

  /// Asks for one thing, or with `isList` for all that the command gives.
  ///
  /// The question before must be over.
  package mutating func ask(
    _ type: MessageType, isList: Bool, _ body: (inout AttributeWriter) -> Void = { _ in }
  ) throws(NetlinkError) {
    var writer = AttributeWriter()
    body(&writer)
    let request = genericRequest(
      family: family.id, version: UInt8(E7_GENL_VERSION),
      command: UInt8(truncatingIfNeeded: type.rawValue), isDump: isList,
      attributes: writer.bytes)
    asked = (type, isList, try socket.begin(request))
  }

  /// Fetches the next part and hands each message in it to `take`.
  ///
  /// `NetlinkError.noFamily` where the family is no longer the one that was looked up, and
  /// `NetlinkError.timedOut` where the kernel, which has its answer ready, gives none in the time.
  package mutating func next(
    within milliseconds: UInt64, _ take: (inout AttributeReader) throws(DecodeError) -> Void
  ) throws(NetlinkError) -> Progress {
    guard let (type, isList, begun) = asked else { throw .malformed }
    var exchange = begun
    defer { asked = exchange.isOver ? nil : (type, isList, exchange) }
    var hasPart = false
    while !exchange.isOver && !(isList && hasPart) {
      let (datagram, port) = try socket.receive(within: milliseconds)
      var index = 0
      while let message = try answer(&exchange, datagram, port, &index) {
        var reader = try message.attributes(of: type, in: family)
        do throws(DecodeError) {
          try take(&reader)
        } catch {
          throw NetlinkError.malformed
        }
        hasPart = true
      }
    }
    return Progress(isOver: exchange.isOver, wasInterrupted: exchange.wasInterrupted)
  }

  private func answer(
    _ exchange: inout Exchange, _ datagram: [UInt8], _ port: UInt32, _ index: inout Int
  ) throws(NetlinkError) -> NetlinkMessage? {
    do throws(NetlinkError) {
      return try exchange.next(datagram, port: port, &index)
    } catch {
      throw error.saysNoFamily ? .noFamily : error
    }
  }
}
