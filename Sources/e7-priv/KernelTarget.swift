// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Lane
import E7Netlink
import E7PrivCore
import E7System
import E7Text

/// Why this process no longer edits, which ends it: shared by who finds out and who serves.
final class Ending {
  /// What to say, and the exit status; nil while all is well.
  var cause: (text: Phrase, status: Int32)?
}

/// The kernel behind the one socket with the role control, which needs no capability.
struct KernelTarget: EditTarget, ~Copyable {
  private var socket: KernelSocket
  private let ending: Ending
  /// The load of the module that knows of the role.
  private let instance: UInt64

  /// Claims the role for a socket, for which this process still needs CAP_NET_ADMIN.
  init(_ socket: consuming KernelSocket, _ ending: Ending) throws(NetlinkError) {
    try socket.claim(.control)
    instance = try socket.status().instance
    self.socket = socket
    self.ending = ending
  }

  /// Finds out without an edit whether the module has gone, where nothing tells.
  mutating func look() {
    do throws(NetlinkError) {
      if try socket.status().instance != instance { throw .reloaded }
    } catch {
      _ = outcome(of: error)
    }
  }

  /// Gives a socket of the broker's the role view, whatever it had before.
  mutating func giveView(_ view: Int32, to user: UInt32) {
    do throws(NetlinkError) {
      try socket.claim(.view, listens: true, user: user, descriptor: view)
    } catch {
      log.write(.warning, "no view for the broker: \(Phrase(outcome(of: error).text))")
    }
  }

  mutating func generation() -> UInt64? { try? socket.status().generation }

  mutating func collect(_ edits: [LaneEdit]) -> [Outcome] {
    do throws(NetlinkError) {
      let refusals = try socket.collect(edits.map { KernelEdit($0.type, $0.attributes) })
      return refusals.map { refusal in refusal.map { outcome(of: .refused($0)) } ?? Outcome() }
    } catch {
      let outcome = outcome(of: error)
      return edits.map { _ in outcome }
    }
  }

  mutating func apply(_ edit: LaneEdit, collected: Bool) -> Outcome {
    apply(KernelEdit(edit.type, edit.attributes), collected)
  }

  mutating func abort() -> Outcome { apply(KernelEdit(.abort), true) }

  private mutating func apply(_ edit: KernelEdit, _ collected: Bool) -> Outcome {
    do throws(NetlinkError) {
      let result = try socket.apply(edit, collected: collected)
      return Outcome(generation: result.generation, id: result.id)
    } catch {
      return outcome(of: error)
    }
  }

  private func outcome(of error: NetlinkError) -> Outcome {
    ending.cause = ending.cause ?? KernelTarget.end(error)
    return Outcome(error: UInt32(bitPattern: error.errno), text: error.text)
  }

  /// Whether an error says that the role has gone, with the module or to another process.
  private static func end(_ error: NetlinkError) -> (text: Phrase, status: Int32)? {
    switch error {
    case .noFamily, .version, .reloaded:
      return (Phrase(error.text), Status.reloaded)
    case .refused(let refusal) where refusal.errno == Errno.perm:
      return (Ending.taken, Status.taken)
    default:
      return nil
    }
  }
}

extension Ending {
  static var taken: Phrase { "another process has taken the role control" }

  /// Reads what the kernel tells, and whether it ends this process.
  func listen(to notices: borrowing GroupSocket) throws(NetlinkError) {
    while let datagram = try notices.receive() {
      try GroupSocket.notices(in: datagram) { notice in
        switch notice.u8(.kind) {
        case UInt8(NoticeKind.unload.rawValue):
          cause = ("the module is being unloaded", Status.reloaded)
        case UInt8(NoticeKind.release.rawValue)
        where notice.u8(.socketRole) == UInt8(SocketRole.control.rawValue) && notice.flag(.force):
          cause = (Ending.taken, Status.taken)
        default:
          break
        }
      }
    }
  }
}
