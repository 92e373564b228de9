// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
public import E7IPC
public import E7System

/// What comes from the kernel unasked.
public enum KernelMessage: Equatable, Sendable {
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
public struct EventSocket: ~Copyable {
  /// Bytes of events that may wait while the reader does something else.
  static let buffer: Int32 = 1 << 20

  private let descriptor: FileDescriptor

  /// Takes over a generic-netlink socket.
  public init(_ descriptor: consuming FileDescriptor) {
    self.descriptor = descriptor
  }

  /// Opens a socket with the role view, which is told of packets and changes wherever it goes, for
  /// the user `uid`, who may list from then on; needs CAP_NET_ADMIN, and the module.
  public static func openView(for uid: UInt32) throws(NetlinkError) -> FileDescriptor {
    var socket = try KernelSocket()
    try socket.claim(.view, listens: true, user: uid)
    try socket.join(.notices)
    let descriptor = try socket.descriptor()
    // Best effort: a smaller buffer loses more of a burst and says so.
    _ = e7_grow_receive_buffer(descriptor.raw, buffer)
    return descriptor
  }

  /// Opens a socket that is told of changes; anybody may, with the module.
  public static func openNotices() throws(NetlinkError) -> EventSocket {
    var socket = try KernelSocket()
    try socket.join(.notices)
    return EventSocket(try socket.descriptor())
  }

  /// Opens a socket that is told of each family that comes or goes; anybody may.
  public static func openFamilies() throws(NetlinkError) -> EventSocket {
    var socket = try GenericSocket()
    let control = try socket.resolve("nlctrl", timeoutMilliseconds: KernelSocket.timeout)
    guard let group = control.group("notify") else { throw .malformed }
    try socket.join(group)
    return EventSocket(try socket.descriptor())
  }

  /// For a poller.
  public var raw: Int32 { descriptor.raw }

  /// The messages of the next datagram; nil when none waits.
  ///
  /// Never blocks.
  public func receive() throws(NetlinkError) -> [KernelMessage]? {
    do throws(NetlinkError) {
      guard let (datagram, port) = try GenericSocket.receive(descriptor.raw) else { return nil }
      return port == 0 ? EventSocket.messages(datagram) : []
    } catch {
      if error == .lost { return [.lost] }
      throw error
    }
  }

  /// A pure function: the messages of a datagram of the kernel's.
  static func messages(_ datagram: [UInt8]) -> [KernelMessage] {
    guard let all = NetlinkMessage.all(datagram) else { return [.unknown] }
    var messages: [KernelMessage] = []
    for message in all where message.sequence == 0 {
      guard let message = GenericMessage(message) else { continue }
      messages.append(decode(message))
    }
    return messages
  }

  private static func decode(_ message: GenericMessage) -> KernelMessage {
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
