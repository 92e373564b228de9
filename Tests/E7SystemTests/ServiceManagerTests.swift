// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import Glibc
import Testing

@testable import E7System

/// A service manager's socket, as systemd listens.
@safe private final class Manager {
  let name: [UInt8]
  /// It as C has it, for as long as this lives.
  let path: UnsafeMutablePointer<CChar>
  private let socket: Int32

  init(abstract: Bool) throws {
    let number = UInt64.random(in: 0 ... .max)
    let word = (abstract ? "@" : "/tmp/") + "e7-test-\(number)"
    name = Array(word.utf8)
    unsafe path = try #require(unsafe strdup(word))
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
    unsafe free(path)
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
  private let sender = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)

  @Test(arguments: [false, true]) func readyIsSaidOnce(abstract: Bool) throws {
    let listener = try Manager(abstract: abstract)
    var manager = unsafe ServiceManager(by: sender, socket: listener.path, period: 0)
    manager.ready()
    manager.ready()
    #expect(listener.heard() == "READY=1")
    #expect(listener.heard() == nil)
    manager.live(at: 0)
    #expect(listener.heard() == nil && manager.wakes == nil)
  }

  @Test func lifeIsShownWhenItIsDue() throws {
    let listener = try Manager(abstract: false)
    var manager = unsafe ServiceManager(by: sender, socket: listener.path, period: 30000)
    manager.live(at: 1000)
    #expect(listener.heard() == "WATCHDOG=1")
    #expect(manager.wakes == 31000)
    manager.live(at: 30999)
    #expect(listener.heard() == nil)
    manager.live(at: 31000)
    #expect(listener.heard() == "WATCHDOG=1")
  }

  @Test func itIsDueTwiceAsOftenAsItMustCome() {
    for (period, wanted) in [("60000000", 30000), ("2000", 1), ("1", 1)] as [(String, UInt64)] {
      #expect(unsafe e7_watchdog_period(period, "42", 42) == wanted)
      #expect(unsafe e7_watchdog_period(period, nil, 42) == wanted)
    }
  }

  @Test(arguments: ["41", "", "42 "]) func anothersWatchdogIsNotFed(pid: String) {
    #expect(unsafe e7_watchdog_period("60000000", pid, 42) == 0)
  }

  @Test(arguments: ["0", "-1", "x", ""]) func noWatchdogFromNonsense(period: String) {
    #expect(unsafe e7_watchdog_period(period, nil, 42) == 0)
    #expect(e7_watchdog_period(nil, nil, 42) == 0)
  }

  @Test func withoutAManagerNothingIsSaid() {
    var manager = unsafe ServiceManager(by: sender, socket: nil, period: 30000)
    manager.ready()
    manager.live(at: 0)
    #expect(manager.wakes == nil)
  }
}
