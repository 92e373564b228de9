// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Groups
package import E7IPC
package import E7Netlink
package import E7System
import E7Unix

/// What comes from the kernel unasked.
package enum KernelMessage: Equatable, Sendable {
  /// A packet worth telling.
  case event(Event)
  /// A change worth telling.
  case notice(Notice)
  /// The socket's buffer was full: an unknown number of messages is lost.
  case lost
  /// Something that this version does not know, or that is no message.
  case unknown
}

/// The receiving side of multicast groups: a netlink socket that has joined them already.
package struct EventSocket: ~Copyable {
  private let descriptor: FileDescriptor

  /// Takes over a generic-netlink socket.
  package init(_ descriptor: consuming FileDescriptor) {
    self.descriptor = descriptor
  }

  /// For a poller.
  package var raw: Int32 { descriptor.raw }

  /// Opens a socket that is told of changes where there is the module, and, once it has the role view,
  /// of packets.
  package static func open() throws(NetlinkError) -> EventSocket {
    var socket = try KernelSocket()
    do throws(NetlinkError) {
      try socket.joinNotices()
    } catch {
      switch error.kind {
      case .noFamily, .version: break
      default: throw error
      }
    }
    return EventSocket(try socket.descriptor())
  }

  /// Sends a message with this socket, for who may give it the role view.
  package func pass(
    _ message: [UInt8], over lanes: borrowing FileDescriptor
  ) throws(SystemError) -> Bool {
    try SequencedSocket.send(lanes, message, passing: descriptor)
  }

  /// The messages of the next datagram; nil when none waits.
  ///
  /// Never blocks.
  package func receive() throws(NetlinkError) -> [KernelMessage]? {
    do throws(NetlinkError) {
      guard let (datagram, port) = try KernelSocket.receive(descriptor) else { return nil }
      return port == 0 ? EventSocket.messages(datagram) : []
    } catch {
      if error.kind == .lost { return [.lost] }
      throw error
    }
  }

  /// A pure function: the messages of a datagram of the kernel's.
  static func messages(_ datagram: [UInt8]) -> [KernelMessage] {
    guard let all = try? NetlinkMessage.all(datagram) else { return [.unknown] }
    var messages: [KernelMessage] = []
    for message in all where message.sequence == 0 {
      if message.isGeneric { messages.append(decode(message)) }
    }
    return messages
  }

  private static func decode(_ message: NetlinkMessage) -> KernelMessage {
    do throws(NetlinkError) {
      var reader = try message.attributes()
      do throws(DecodeError) {
        switch MessageType(wire: UInt16(message.command)) {
        case .event: return .event(try Event(&reader))
        case .notice: return .notice(try Notice(&reader))
        default: return .unknown
        }
      } catch {
        return .unknown
      }
    } catch {
      return .unknown
    }
  }
}

extension NetlinkMessage {
  /// The messages of a datagram; none of them where a length does not fit in it.
  static func all(_ datagram: [UInt8]) throws(NetlinkError) -> [NetlinkMessage] {
    var all: [NetlinkMessage] = []
    var index = 0
    while let message = try next(datagram, &index) { all.append(message) }
    return all
  }
}
