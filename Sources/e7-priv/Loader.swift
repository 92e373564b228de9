// SPDX-License-Identifier: GPL-2.0-or-later
import E7IPC
import E7Netlink
import E7System

/// Brings the saved rules in force, once a load of the module that has none yet.
///
/// The text is parsed by e7-client, which loads it over a lane as an administrator's does.
struct Loader {
  /// e7-client could not reach the suite.
  private static let unreachable: Int32 = 3
  /// Milliseconds until it is tried again.
  private static let pause: UInt64 = 1000

  private let client: String?
  private let keeper: Account
  /// The load of the module that was looked after.
  private var settled: UInt64?
  private var pid: Int32?
  private var due: UInt64 = 0

  init(_ own: String, _ keeper: Account) {
    self.keeper = keeper
    var found: String?
    for path in [Process.beside(own, "e7-client"), "/usr/bin/e7-client"]
    where found == nil && Files.isExecutable(path) { found = path }
    client = found
    do throws(SystemError) {
      try RulesFolder.make(group: keeper.gid)
    } catch {
      log.write(.warning, "\(RulesFolder.path): \(error.text)")
    }
  }

  /// When there is something to do although nothing has come, in milliseconds.
  var wakes: UInt64? { due == 0 || pid != nil ? nil : due }

  /// Whether the rules of this load are in force, or cannot be.
  var isSettled: Bool { pid == nil && due == 0 && settled != nil }

  /// Starts to load where the module has never had a rule.
  mutating func startIfDue(_ kernel: inout KernelSocket) {
    let now = Clock.monotonicMilliseconds()
    guard pid == nil, now >= due, let status = try? kernel.status(),
      status.instance != settled
    else { return }
    due = 0
    settled = status.instance
    guard status.generation == 0 else { return }
    guard let client else {
      return log.complain("no e7-client beside e7-priv or in /usr/bin: no rules are loaded")
    }
    do throws(SystemError) {
      let rules = try RulesFolder(group: keeper.gid).open(user: keeper.uid)
      pid = try Process.start(client, "load", "-", input: rules)
      log.write(.info, "loads \(RulesFolder.path)/rules")
    } catch {
      // Nothing was saved so far.
      if error.errno == Errno.noEntry { return }
      log.complain(
        "\(RulesFolder.path)/rules is not loaded: \(error.text); expected a regular file of root's "
          + "or _e7-priv's, in folders of root's, that nobody else may write to")
    }
  }

  /// Whether it was what loads that ended.
  mutating func noteEnd(_ end: ChildEnd) -> Bool {
    guard let pid, pid == end.pid else { return false }
    self.pid = nil
    if end.isExit(0) {
      log.write(.notice, "\(RulesFolder.path)/rules is in force")
    } else if end.isExit(Loader.unreachable) {
      (settled, due) = (nil, Clock.monotonicMilliseconds() + Loader.pause)
    } else {
      log.complain("\(RulesFolder.path)/rules is not in force: e7-client ended \(end.text)")
    }
    return true
  }
}

extension Log {
  fileprivate func complain(_ text: String) { write(.error, text) }
}
