// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Glibc
import E7Loop
import Testing

@testable import E7System
@testable import E7Unix

/// How many descriptors of this process are open on the same socket; other tests run beside.
private func descriptors(on socket: borrowing FileDescriptor) -> Int {
  let folder = "/proc/self/fd"
  let manager = FileManager.default
  let wanted = try? manager.destinationOfSymbolicLink(atPath: "\(folder)/\(socket.raw)")
  let all = (try? manager.contentsOfDirectory(atPath: folder)) ?? []
  return all.count { (try? manager.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")) == wanted }
}

/// Sends one byte and the same descriptor `count` times over, as no honest peer does.
private func send(_ count: Int, descriptorsTo socket: Int32) -> Bool {
  var control = [UInt8](repeating: 0, count: 16 + count * 4)
  unsafe control.withUnsafeMutableBytes { bytes in
    unsafe bytes.storeBytes(of: bytes.count, as: Int.self)
    unsafe bytes.storeBytes(of: Int32(SOL_SOCKET), toByteOffset: 8, as: Int32.self)
    unsafe bytes.storeBytes(of: Int32(1), toByteOffset: 12, as: Int32.self)
    for index in 0..<count {
      unsafe bytes.storeBytes(of: socket, toByteOffset: 16 + index * 4, as: Int32.self)
    }
  }
  return unsafe control.withUnsafeMutableBytes { control in
    var byte: UInt8 = 1
    return unsafe withUnsafeMutableBytes(of: &byte) { byte in
      var part = unsafe iovec(iov_base: byte.baseAddress, iov_len: 1)
      return unsafe withUnsafeMutablePointer(to: &part) { part in
        var message = unsafe msghdr()
        unsafe message.msg_iov = part
        unsafe message.msg_iovlen = 1
        if count > 0 {
          unsafe message.msg_control = control.baseAddress
          unsafe message.msg_controllen = control.count
        }
        return unsafe sendmsg(socket, &message, 0) == 1
      }
    }
  }
}

private func number(_ descriptor: consuming FileDescriptor?) -> Int32? {
  guard let descriptor else { return nil }
  return descriptor.release()
}

extension Credentials: @retroactive Equatable {
  static func == (one: Credentials, other: Credentials) -> Bool {
    one.pid == other.pid && one.uid == other.uid && one.gid == other.gid
  }
}

struct SequencedSocketTests {
  @Test func peerIsWhoMadeThePair() throws {
    let pair = try SequencedSocket.pair()
    let peer = try SequencedSocket.peer(pair.first)
    #expect(peer.credentials == Credentials(pid: getpid(), uid: geteuid(), gid: getegid()))
    var groups = [gid_t](repeating: 0, count: 65536)
    let count = Int(unsafe getgroups(65536, &groups))
    #expect(peer.groups.sorted() == groups.prefix(count).sorted())
  }

  @Test func onlyAnEndOfAPairIsOne() throws {
    let pair = try SequencedSocket.pair()
    #expect(isPair(pair.first.raw) && isPair(pair.second.raw))
    // Sending gives a socket that passes credentials an abstract name.
    try SequencedSocket.passCredentials(pair.first)
    _ = try SequencedSocket.send(pair.first, [1])
    #expect(isPair(pair.second.raw))
    var ends: [Int32] = [-1, -1]
    #expect(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    let one = FileDescriptor(owning: ends[0])
    let other = FileDescriptor(owning: ends[1])
    #expect(!isPair(one.raw) && !isPair(other.raw))
    #expect(unsafe pipe(&ends) == 0)
    let reader = FileDescriptor(owning: ends[0])
    let writer = FileDescriptor(owning: ends[1])
    #expect(!isPair(reader.raw) && !isPair(writer.raw))
  }

  @Test func aDatagramComesWholeWithItsSender() throws {
    let pair = try SequencedSocket.pair()
    try SequencedSocket.passCredentials(pair.second)
    #expect(try SequencedSocket.send(pair.first, [1, 2, 3]))
    #expect(try SequencedSocket.send(pair.first, [4]))
    let first = try #require(try received(pair.second))
    #expect(first.bytes == [1, 2, 3])
    #expect(first.credentials == Credentials(pid: getpid(), uid: getuid(), gid: getgid()))
    #expect(!first.truncated && !first.hasDescriptor)
    #expect(try received(pair.second)?.bytes == [4])
    #expect(try received(pair.second) == nil)
  }

  @Test func withoutPassCredentialsThereIsNoSender() throws {
    let pair = try SequencedSocket.pair()
    _ = try SequencedSocket.send(pair.first, [1])
    #expect(try #require(try received(pair.second)).credentials == nil)
  }

  @Test(arguments: [0, 1, 2, 5, 253], [false, true])
  func aDescriptorIsInstalledOnlyWhereOneIsExpected(sent: Int, credentials: Bool) throws {
    for expected in [false, true] {
      let pair = try SequencedSocket.pair()
      if credentials { try SequencedSocket.passCredentials(pair.second) }
      #expect(send(sent, descriptorsTo: pair.first.raw))
      #expect(descriptors(on: pair.first) == 1)
      let datagram = try SequencedSocket.receive(pair.second, expectingDescriptor: expected)
      let installed = descriptors(on: pair.first) - 1
      guard var datagram else {
        Issue.record("no datagram")
        continue
      }
      #expect(datagram.bytes == [1])
      #expect(installed == (expected ? min(sent, 1) : 0))
      #expect(datagram.truncated == (sent > installed))
      #expect((datagram.credentials != nil) == credentials)
      let taken = number(datagram.takeDescriptor())
      #expect((taken != nil) == (installed == 1))
      if let taken { close(taken) }
      let again = number(datagram.takeDescriptor())
      #expect(again == nil)
    }
  }

  @Test func aDescriptorThatNobodyTakesIsClosed() throws {
    let pair = try SequencedSocket.pair()
    _ = try SequencedSocket.send(pair.first, [1], passing: pair.first)
    _ = try SequencedSocket.receive(pair.second, expectingDescriptor: true)
    #expect(descriptors(on: pair.first) == 1)
  }

  @Test func aPassedDescriptorWorks() throws {
    let pair = try SequencedSocket.pair()
    let other = try SequencedSocket.pair()
    _ = try SequencedSocket.send(pair.first, [1], passing: other.second)
    var datagram = try SequencedSocket.receive(pair.second, expectingDescriptor: true)
    let passed = datagram?.takeDescriptor()
    guard let passed else { throw SystemError("test", errno: 0) }
    _ = try SequencedSocket.send(passed, [7])
    #expect(try received(other.first)?.bytes == [7])
  }

  @Test(arguments: [(9, true), (10, false), (11, false)])
  func whatDoesNotFitIsTold(capacity: Int, truncated: Bool) throws {
    let pair = try SequencedSocket.pair()
    _ = try SequencedSocket.send(pair.first, [UInt8](repeating: 1, count: 10))
    let datagram = try #require(try received(pair.second, capacity: capacity))
    #expect(datagram.truncated == truncated)
    #expect(datagram.bytes.count == min(capacity, 10))
  }

  @Test func aFullQueueIsNoError() throws {
    let pair = try SequencedSocket.pair()
    var sent = 0
    while try SequencedSocket.send(pair.first, [UInt8](repeating: 0, count: 4096)) { sent += 1 }
    #expect(sent > 0)
    #expect(try SequencedSocket.send(pair.first, [1]) == false)
    _ = try SequencedSocket.receive(pair.second)
    #expect(try SequencedSocket.send(pair.first, [1]))
  }

  @Test func aClosedPeerIsAnEndAndAnError() throws {
    let kept = try onlyOneEnd()
    #expect(try received(kept)?.bytes == [])
    #expect(try sendError(kept, [1]) == SystemError("sendmsg", errno: EPIPE))
  }

  private func onlyOneEnd() throws -> FileDescriptor {
    let pair = try SequencedSocket.pair()
    return FileDescriptor(owning: dup(pair.first.raw))
  }

  private func sendError(_ socket: borrowing FileDescriptor, _ bytes: [UInt8]) throws
    -> SystemError?
  {
    do throws(SystemError) {
      _ = try SequencedSocket.send(socket, bytes)
      return nil
    } catch {
      return error
    }
  }

  @Test func anEmptyDatagramIsAnEndAndIsNotSent() throws {
    let pair = try SequencedSocket.pair()
    #expect(unsafe Glibc.send(pair.first.raw, [UInt8](), 0, 0) == 0)
    #expect(try received(pair.second)?.bytes == [])
    #expect(try sendError(pair.first, []) == SystemError("sendmsg", errno: EINVAL))
  }

  @Test func listenersAcceptAndNameTheirPeer() throws {
    let path = Array("/tmp/e7-system-\(getpid())".utf8)
    unsafe unlink(String(decoding: path, as: UTF8.self))
    defer { unsafe unlink(String(decoding: path, as: UTF8.self)) }
    #expect(throws: SystemError("connect", errno: ENOENT)) { try connect(path) }
    let listener = try SequencedSocket.listen(path: path, mode: 0o666, backlog: 4)
    var found = stat()
    #expect(unsafe stat(String(decoding: path, as: UTF8.self), &found) == 0)
    #expect(found.st_mode & 0o777 == 0o666)
    #expect(throws: SystemError("bind", errno: EADDRINUSE)) {
      _ = try SequencedSocket.listen(path: path, mode: 0o666, backlog: 4)
    }
    let client = try SequencedSocket.connect(path: path)
    #expect(try pollfd.input(listener.raw).wait(milliseconds: 1000))
    guard let server = try SequencedSocket.accept(listener) else {
      Issue.record("nobody waits")
      return
    }
    #expect(try SequencedSocket.peer(server).credentials.pid == getpid())
    #expect(!isPair(server.raw) && !isPair(client.raw))
    #expect(fcntl(server.raw, F_GETFD) & FD_CLOEXEC != 0)
    _ = try SequencedSocket.send(client, [5])
    #expect(try received(server)?.bytes == [5])
  }

  @Test func aPathThatIsTooLongIsRefused() throws {
    #expect(throws: SystemError("connect", errno: ENAMETOOLONG)) {
      try connect([UInt8](repeating: 0x2f, count: 108))
    }
    #expect(throws: SystemError("connect", errno: ECONNREFUSED)) {
      try connect([UInt8](repeating: 0x2f, count: 107))
    }
  }

  private func isPair(_ raw: Int32) -> Bool { e7_is_unix_pair(raw) }

  private func connect(_ path: [UInt8]) throws {
    _ = try SequencedSocket.connect(path: path)
  }

  private struct Received: Equatable {
    var bytes: [UInt8]
    var credentials: Credentials?
    var truncated: Bool
    var hasDescriptor: Bool
  }

  private func received(_ socket: borrowing FileDescriptor, capacity: Int = 65536) throws
    -> Received?
  {
    guard var datagram = try SequencedSocket.receive(socket, capacity: capacity) else { return nil }
    let descriptor = datagram.takeDescriptor()
    return Received(
      bytes: datagram.bytes, credentials: datagram.credentials, truncated: datagram.truncated,
      hasDescriptor: descriptor != nil)
  }
}
