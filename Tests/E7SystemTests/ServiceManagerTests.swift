// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Testing

@testable import E7System

/// A service manager's socket, as systemd listens.
private final class Manager {
  let name: [UInt8]
  private let socket: Int32

  init(abstract: Bool) throws {
    let number = UInt64.random(in: 0 ... .max)
    let word = (abstract ? "@" : "/tmp/") + "e7-test-\(number)"
    name = Array(word.utf8)
    socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    try #require(socket >= 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = abstract ? [0] + name.dropFirst() : name
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let size = socklen_t(2 + bytes.count)
    let bound = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(socket, $0, size) }
    }
    try #require(bound == 0)
  }

  deinit {
    close(socket)
    _ = unsafe unlink(String(decoding: name, as: UTF8.self))
  }

  /// What was said, or nil.
  func heard() -> String? {
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = unsafe recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
  }
}

@Suite struct ServiceManagerTests {
  private let own: Int32 = 42
  private let sender = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)

  @Test(arguments: [false, true]) func readyIsSaidOnce(abstract: Bool) throws {
    let listener = try Manager(abstract: abstract)
    var manager = ServiceManager(
      by: sender, socket: listener.name, microseconds: nil, pid: nil, own: own)
    manager.ready()
    manager.ready()
    #expect(listener.heard() == "READY=1")
    #expect(listener.heard() == nil)
    #expect(manager.wakes == nil)
  }

  @Test func lifeIsShownTwiceAsOftenAsItMustBe() throws {
    let listener = try Manager(abstract: false)
    var manager = ServiceManager(
      by: sender, socket: listener.name, microseconds: Array("60000000".utf8),
      pid: Array("42".utf8), own: own)
    manager.live(at: 1000)
    #expect(listener.heard() == "WATCHDOG=1")
    #expect(manager.wakes == 31000)
    manager.live(at: 30999)
    #expect(listener.heard() == nil)
    manager.live(at: 31000)
    #expect(listener.heard() == "WATCHDOG=1")
  }

  @Test(arguments: ["41", "", "42 "]) func anothersWatchdogIsNotFed(pid: String) {
    let manager = ServiceManager(
      by: sender, socket: [1], microseconds: Array("60000000".utf8), pid: Array(pid.utf8), own: own)
    #expect(manager.wakes == nil)
  }

  @Test(arguments: ["0", "-1", "x", ""]) func noWatchdogFromNonsense(period: String) {
    let manager = ServiceManager(
      by: sender, socket: [1], microseconds: Array(period.utf8), pid: nil, own: own)
    #expect(manager.wakes == nil)
  }

  @Test func withoutAManagerNothingIsSaid() {
    var manager = ServiceManager(
      by: sender, socket: nil, microseconds: Array("60000000".utf8), pid: nil, own: own)
    manager.ready()
    manager.live(at: 0)
    #expect(manager.wakes == nil)
  }
}
