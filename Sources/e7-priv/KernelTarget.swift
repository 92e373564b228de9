// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
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
  /// This process as the kernel numbers it.
  private let holder: UInt64

  /// Claims the role for a socket, for which this process still needs CAP_NET_ADMIN.
  init(_ socket: consuming KernelSocket, _ ending: Ending) throws(NetlinkError) {
    try socket.claim(.control)
    let instance = try socket.status().instance
    let holder = try socket.controller()
    self.socket = socket
    self.instance = instance
    self.holder = holder
    self.ending = ending
  }

  /// Finds out without an edit whether the module has gone, or the role.
  ///
  /// Nothing tells: no member of a group may be a socket that wakes a service manager's unit.
  mutating func look() {
    do throws(NetlinkError) {
      if try socket.status().instance != instance { throw .reloaded }
      if try socket.controller() != holder { end(KernelTarget.taken) }
    } catch {
      // A kernel that has no time yet is asked again.
      if error != .timedOut { _ = outcome(of: error) }
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
      var requests: [[UInt8]] = []
      for edit in edits { requests.append(try socket.request(edit.type, edit.attributes)) }
      let refusals = try socket.ask(requests)
      return refusals.map { refusal in refusal.map { outcome(of: .refused($0)) } ?? Outcome() }
    } catch {
      let outcome = outcome(of: error)
      return edits.map { _ in outcome }
    }
  }

  mutating func apply(_ edit: LaneEdit, collected: Bool) -> Outcome {
    var attributes = edit.attributes
    if !collected && edit.type.isCollected { attributes += KernelTarget.direct }
    let outcome = apply(edit.type, attributes)
    // Whatever made it fail, the kernel must not keep a draft that nobody knows of.
    if edit.type == .commit && outcome.error != 0 { _ = try? socket.ask(.abort) }
    return outcome
  }

  mutating func abort() -> Outcome { apply(.abort, []) }

  private mutating func apply(_ type: MessageType, _ attributes: [UInt8]) -> Outcome {
    do throws(NetlinkError) {
      var answer = try socket.ask(type, attributes)
      return Outcome(generation: answer?.u64(.generation), id: answer?.u64(.id))
    } catch {
      return outcome(of: error)
    }
  }

  /// The attribute of what takes effect at once, beside the transaction that this socket has open.
  private static var direct: [UInt8] {
    var writer = AttributeWriter()
    writer.flag(.direct)
    return writer.payload()
  }

  private mutating func outcome(of error: NetlinkError) -> Outcome {
    switch error {
    case .noFamily, .version, .reloaded:
      end((Phrase(error.text), Status.reloaded))
    case .refused(let refusal) where refusal.errno == EPERM:
      // To another load of the module, which has the number of the one before, it is a stranger.
      let isOther = (try? socket.status().instance) != instance
      end(isOther ? (Phrase(NetlinkError.reloaded.text), Status.reloaded) : KernelTarget.taken)
    case .refused: break
    default:
      // With the socket goes a transaction of which nobody knows what is in it.
      end((Phrase(error.text), Status.failed))
    }
    return Outcome(error: UInt32(bitPattern: error.errno), text: error.text)
  }

  private func end(_ cause: (text: Phrase, status: Int32)) { ending.cause = ending.cause ?? cause }

  private static var taken: (text: Phrase, status: Int32) {
    ("another process has taken the role control", Status.taken)
  }
}
