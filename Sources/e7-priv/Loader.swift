// SPDX-License-Identifier: GPL-2.0-or-later
import E7Netlink
import E7System
import E7Text

/// Has e7-client bring the saved rules in force, once a load of the module that has none yet.
///
/// It reads and parses them, and loads them over a lane as an administrator's does.
struct Loader {
  /// e7-client could not reach the suite.
  private static let unreachable: Int32 = 3
  /// Milliseconds until it is tried again.
  private static let pause: UInt64 = 1000

  private let client: Phrase?
  /// The load of the module that was looked after.
  private var settled: UInt64?
  private var pid: Int32?
  private var due: UInt64 = 0

  init(_ own: Phrase, _ keeper: Account) {
    client = [Process.beside(own, "e7-client"), "/usr/bin/e7-client"].first(
      where: Files.isExecutable)
    do throws(SystemError) {
      try RulesFolder.make(group: keeper.gid)
    } catch {
      log.write(.warning, "\(RulesFolder.path): \(error.phrase)")
    }
  }

  /// When there is something to do although nothing has come, in milliseconds.
  var wakes: UInt64? { due == 0 || pid != nil ? nil : due }

  /// Whether the rules of this load are in force, or cannot be.
  var isSettled: Bool { pid == nil && due == 0 && settled != nil }

  /// Starts to load where the module has never had a rule.
  mutating func startIfDue(_ kernel: inout KernelSocket) {
    let now = Clock.monotonicMilliseconds()
    guard pid == nil, now >= due, let status = try? kernel.status(), status.instance != settled
    else { return }
    due = 0
    settled = status.instance
    guard status.generation == 0 else { return }
    guard let client else {
      return log.write(.error, "no e7-client beside e7-priv or in /usr/bin: no rules are loaded")
    }
    do throws(SystemError) {
      pid = try Process.start(client, "load", "--saved")
    } catch {
      log.write(.error, "the saved rules are not loaded: \(error.phrase)")
    }
  }

  /// Whether it was what loads that ended.
  mutating func noteEnd(_ end: ChildEnd) -> Bool {
    guard let pid, pid == end.pid else { return false }
    self.pid = nil
    if end.isExit(Loader.unreachable) {
      (settled, due) = (nil, Clock.monotonicMilliseconds() + Loader.pause)
    } else if !end.isExit(0) {
      log.write(.error, "the saved rules are not in force: e7-client ended \(end.text)")
    }
    return true
  }
}
