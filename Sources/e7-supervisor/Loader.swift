// SPDX-License-Identifier: GPL-2.0-or-later
import E7Netlink
import E7Unix

/// Has e7-client bring the saved rules in force, once a load of the module that has none yet.
///
/// It reads and parses them, and loads them over a lane as an administrator's does.
struct Loader {
  private let client: Phrase?
  /// The load of the module that was looked after.
  private var settled: UInt64?
  private var pid: Int32?

  init(_ own: Phrase, _ keeper: Account) {
    client = [Process.beside(own, "e7-client"), "/usr/bin/e7-client"].first(
      where: Files.isExecutable)
    do throws(SystemError) {
      try RulesFolder.make(group: keeper.gid)
    } catch {
      log.write(.warning, "\(RulesFolder.path): \(error.phrase)")
    }
  }

  /// Starts to load where the module has never had a rule; what loads waits for the suite.
  mutating func startIfDue(_ kernel: inout KernelSocket) {
    guard pid == nil, let status = try? kernel.status(), status.instance != settled else { return }
    settled = status.instance
    guard status.generation == 0 else { return }
    guard let client else {
      log.write(.error, "no e7-client beside e7-priv or in /usr/bin: no rules are loaded")
      return
    }
    do throws(SystemError) {
      pid = try Process.start(client, "load", "--first")
    } catch {
      log.write(.error, "the saved rules are not loaded: \(error.phrase)")
    }
  }

  /// Whether it was what loads that ended.
  mutating func noteEnd(_ end: ChildEnd) -> Bool {
    guard let pid, pid == end.pid else { return false }
    self.pid = nil
    if !end.isExit(0) {
      log.write(.error, "the saved rules are not in force: e7-client ended \(end.text)")
    }
    return true
  }
}
