// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
public import E7Lane
public import E7System
import E7Text

/// The receiving side of multicast groups: a netlink socket that has joined them already.
public struct GroupSocket: ~Copyable {
  /// Bytes of events that may wait while the reader does something else.
  private static let buffer: Int32 = 1 << 20

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
  public static func openNotices() throws(NetlinkError) -> GroupSocket {
    var socket = try KernelSocket()
    try socket.join(.notices)
    return GroupSocket(try socket.descriptor())
  }

  /// Opens a socket that is told of each family that comes or goes; anybody may.
  public static func openFamilies() throws(NetlinkError) -> GroupSocket {
    var socket = try GenericSocket()
    let control = try socket.resolve("nlctrl", timeoutMilliseconds: KernelSocket.timeout)
    guard let group = control.group("notify") else { throw .malformed }
    try socket.join(group)
    return GroupSocket(try socket.descriptor())
  }

  /// For a poller.
  public var raw: Int32 { descriptor.raw }

  /// The next datagram of the kernel's, empty where it is somebody else's or some were lost; nil
  /// when none waits.
  ///
  /// Never blocks.
  public func receive() throws(NetlinkError) -> [UInt8]? {
    do throws(NetlinkError) {
      guard let (datagram, port) = try GenericSocket.receive(descriptor.raw) else { return nil }
      return port == 0 ? datagram : []
    } catch {
      if error == .lost { return [] }
      throw error
    }
  }

  /// Hands the attributes of each NOTICE in a datagram to `take`.
  public static func notices(
    in datagram: [UInt8], _ take: (inout AttributeReader) -> Void
  ) throws(NetlinkError) {
    guard let all = NetlinkMessage.all(datagram) else { throw .malformed }
    for message in all where message.sequence == 0 {
      guard let message = GenericMessage(message),
        UInt16(message.command) == MessageType.notice.rawValue
      else { continue }
      var reader = try message.attributes()
      take(&reader)
    }
  }
}
