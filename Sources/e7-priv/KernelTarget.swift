// SPDX-License-Identifier: GPL-2.0-or-later
import E7Netlink
import E7PrivCore

/// The kernel behind the one socket with the role control, which needs no capability.
struct KernelTarget: EditTarget, ~Copyable {
  private var socket: KernelSocket
  /// The load of the module that knows of the role.
  private let instance: UInt64
  /// This process as the kernel numbers it.
  private let holder: UInt64
  /// Why this process no longer edits, which ends it, and the exit status; nil while all is well.
  private(set) var end: (text: Phrase, status: Int32)?

  /// Claims the role for a socket, for which this process still needs CAP_NET_ADMIN.
  init(_ socket: consuming KernelSocket) throws(NetlinkError) {
    try socket.claim(.control)
    let instance = try socket.status().instance
    holder = try socket.controller()
    self.instance = instance
    self.socket = socket
  }

  /// Finds out without an edit whether the module has gone, or the role, which nothing tells: no
  /// member of a group may be a socket that wakes a service manager's unit.
  mutating func look() {
    do throws(NetlinkError) {
      if try socket.status().instance != instance { throw .reloaded }
      if try socket.controller() != holder { isTaken() }
    } catch {
      // A kernel that has no time yet is asked again.
      if error.kind != .timedOut { _ = outcome(of: error) }
    }
  }

  /// Gives a socket of the broker's the role view, whatever it had before.
  mutating func giveView(_ view: Int32, to user: UInt32) {
    do throws(NetlinkError) {
      try socket.claim(.view, listens: true, user: user, descriptor: view)
    } catch { log.write(.warning, "no view for the broker: \(outcome(of: error).text)") }
  }

  mutating func generation() -> UInt64? { try? socket.status().generation }

  mutating func apply(_ type: MessageType, _ attributes: [UInt8]) -> Outcome {
    do throws(NetlinkError) {
      var answer = try socket.ask(type, attributes)
      return Outcome(generation: answer?.u64(.generation), id: answer?.u64(.id))
    } catch { return outcome(of: error) }
  }

  private mutating func outcome(of error: NetlinkError) -> Outcome {
    switch error.kind {
    case .noFamily, .version, .reloaded: end = end ?? (error.text, Status.reloaded)
    case .refused where error.errno == EPERM:
      // To another load of the module, which has the number of the one before, it is a stranger.
      if (try? socket.status().instance) != instance { return outcome(of: .reloaded) }
      isTaken()
    case .refused: break
    // With the socket goes a transaction of which nobody knows what is in it.
    default: end = end ?? (error.text, Status.failed)
    }
    return Outcome(error.errno, error.text)
  }

  private mutating func isTaken() {
    end = end ?? ("another process has taken the role control", Status.taken)
  }
}
