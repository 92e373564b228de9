// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import Glibc
import Testing

@testable import E7System

/// A service manager's socket, as systemd listens.
private final class Manager {
  let path: String
  private let socket: Int32

  init(abstract: Bool) throws {
    let number = UInt64.random(in: 0 ... .max)
    path = (abstract ? "@" : "/tmp/") + "e7-test-\(number)"
    socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    try #require(socket >= 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = abstract ? [0] + path.utf8.dropFirst() : Array(path.utf8)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let size = socklen_t(2 + bytes.count)
    let bound = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(socket, $0, size) }
    }
    try #require(bound == 0)
  }

  deinit {
    close(socket)
    _ = unsafe unlink(path)
  }

  /// What was said, or nil.
  func heard() -> String? {
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = unsafe recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
  }
}

/// The environment of this process, which is a test's own.
private func environment(_ values: KeyValuePairs<String, String?>) {
  for (name, value) in values {
    if let value { _ = unsafe setenv(name, value, 1) } else { _ = unsafe unsetenv(name) }
  }
}

private let sender = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)

@Suite struct ServiceManagerTests {
  @Test func readyIsSaidOnce() async {
    await #expect(processExitsWith: .success) {
      for isAbstract in [false, true] {
        let listener = try Manager(abstract: isAbstract)
        environment(["NOTIFY_SOCKET": listener.path, "WATCHDOG_USEC": nil])
        var manager = ServiceManager(by: sender)
        manager.ready()
        manager.ready()
        #expect(listener.heard() == "READY=1")
        #expect(listener.heard() == nil)
        manager.live(at: 0)
        #expect(listener.heard() == nil && manager.wakes == nil)
      }
    }
  }

  @Test func lifeIsShownWhenItIsDue() async {
    await #expect(processExitsWith: .success) {
      let listener = try Manager(abstract: false)
      environment([
        "NOTIFY_SOCKET": listener.path, "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": nil,
      ])
      var manager = ServiceManager(by: sender)
      manager.live(at: 1000)
      #expect(listener.heard() == "WATCHDOG=1")
      #expect(manager.wakes == 31000)
      manager.live(at: 30999)
      #expect(listener.heard() == nil)
      manager.live(at: 31000)
      #expect(listener.heard() == "WATCHDOG=1")
    }
  }

  @Test func itIsDueTwiceAsOftenAsItMustCome() async {
    await #expect(processExitsWith: .success) {
      environment(["NOTIFY_SOCKET": "/tmp/none"])
      for (period, wanted) in [("60000000", 30000), ("2000", 1), ("1", 1)] as [(String, UInt64)] {
        environment(["WATCHDOG_USEC": period, "WATCHDOG_PID": "\(getpid())"])
        #expect(e7_watchdog_period() == wanted)
        environment(["WATCHDOG_PID": nil])
        #expect(e7_watchdog_period() == wanted)
      }
    }
  }

  @Test func anothersWatchdogIsNotFed() async {
    await #expect(processExitsWith: .success) {
      environment(["NOTIFY_SOCKET": "/tmp/none", "WATCHDOG_USEC": "60000000"])
      for pid in ["1", "", "\(getpid()) "] {
        environment(["WATCHDOG_PID": pid])
        #expect(e7_watchdog_period() == 0)
      }
      environment(["WATCHDOG_PID": nil, "NOTIFY_SOCKET": nil])
      #expect(e7_watchdog_period() == 0)
    }
  }

  @Test func noWatchdogFromNonsense() async {
    await #expect(processExitsWith: .success) {
      environment(["NOTIFY_SOCKET": "/tmp/none", "WATCHDOG_PID": nil])
      for period in ["0", "-1", "x", "", nil, "99999999999999999999"] {
        environment(["WATCHDOG_USEC": period])
        #expect(e7_watchdog_period() == 0)
      }
    }
  }

  @Test func withoutAManagerNothingIsSaid() async {
    await #expect(processExitsWith: .success) {
      environment(["NOTIFY_SOCKET": nil, "WATCHDOG_USEC": "60000000"])
      var manager = ServiceManager(by: sender)
      manager.ready()
      manager.live(at: 0)
      #expect(manager.wakes == nil)
    }
  }
}

@Suite struct HandedTests {
  @Test func whatIsNotForThisProcessIsNothing() async {
    await #expect(processExitsWith: .success) {
      let own = "\(getpid())"
      environment(["LISTEN_FDNAMES": "view"])
      for (pid, count) in [
        ("", "1"), ("1", "1"), (nil, "1"), (own, nil), (own, "0"), (own, "65"), (own, "-1"),
        (own, ""), (own + " ", "1"), (own, "1x"), (own, "99999999999"),
        (own, "18446744073709551617"),
      ] as [(String?, String?)] {
        environment(["LISTEN_PID": pid, "LISTEN_FDS": count])
        #expect(unsafe e7_handed("view") == -ENOENT)
      }
      for count in ["1", "2", "63", "64"] {
        environment(["LISTEN_PID": own, "LISTEN_FDS": count])
        #expect(unsafe e7_handed("view") == 3)
      }
    }
  }

  @Test func descriptorsGoByName() async {
    await #expect(processExitsWith: .success) {
      environment([
        "LISTEN_PID": "\(getpid())", "LISTEN_FDS": "4", "LISTEN_FDNAMES": "console::view:view",
      ])
      #expect(unsafe e7_handed("lanes") == -ENOENT && e7_handed("vie") == -ENOENT)
      #expect(unsafe e7_handed("views") == -ENOENT)
      #expect(unsafe e7_handed("console") == 3)
      #expect(unsafe e7_handed("") == 4)
      #expect(unsafe e7_handed("view") == 5)
      // No more names than there are descriptors.
      environment(["LISTEN_FDS": "2"])
      #expect(unsafe e7_handed("view") == -ENOENT)
      environment(["LISTEN_FDNAMES": nil])
      #expect(unsafe e7_handed("console") == -ENOENT)
    }
  }
}
