// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Sandbox
import CE7Schema
import E7BrokerCore
import E7IPC
import E7Netlink
import E7Questions
import E7Rules
import E7System

/// Asks the kernel, as anybody may.
struct Kernel: ~Copyable {
  /// Milliseconds until an answer that the kernel has ready is given up on.
  private static let patience: UInt64 = 1000

  /// Asked for before the broker seals itself.
  private let landlock = UInt32(max(0, e7_landlock_version()))
  private var socket: KernelSocket
  /// The family, while there is one of this version.
  private var family: Family?

  init() throws(NetlinkError) {
    socket = try KernelSocket()
  }

  /// What became of the module.
  mutating func look() throws(NetlinkError) -> Module {
    family = nil
    do throws(NetlinkError) {
      let found = try socket.resolve()
      let status = try socket.status()
      family = found
      return .ready(instance: status.instance)
    } catch {
      switch error.kind {
      case .version: return .foreign(version: try socket.resolve(KernelSocket.name).version)
      case .noFamily: return .absent
      // It went between the two questions.
      case .refused where error.errno == ENOENT: return .absent
      default: throw error
      }
    }
  }

  /// Asks for a console, and fetches the first part of the answer.
  func ask(_ question: Question, for console: Console) -> KernelPart {
    guard let family else { return KernelPart([], .gone) }
    do throws(NetlinkError) {
      var socket = try QuestionSocket(family)
      try socket.ask(question.type, isList: question.isList, question.write)
      console.question = consume socket
      console.asked = question
    } catch {
      return Kernel.part(error)
    }
    return pull(for: console)
  }

  /// Fetches the next part of the answer to what was asked for a console.
  func pull(for console: Console) -> KernelPart {
    guard let question = console.asked else { return KernelPart([], .gone) }
    var rows: [KernelRow] = []
    let progress: Progress?
    do throws(NetlinkError) {
      progress = try console.question?.next(within: Kernel.patience) {
        reader throws(DecodeError) in
        rows.append(try KernelRow(question, &reader).under(landlock))
      }
    } catch {
      console.forget()
      return Kernel.part(error)
    }
    let isOver = progress?.isOver ?? true
    if isOver { console.forget() }
    return KernelPart(
      rows, isOver ? .done : .more, interrupted: progress?.wasInterrupted ?? false)
  }

  private static func part(_ error: NetlinkError) -> KernelPart {
    error == .noFamily
      ? KernelPart([], .gone) : KernelPart([], .failed(error.errno, text: error.text.bytes))
  }
}

extension KernelRow {
  /// The same; of the module's status also what keeps the daemons from files.
  fileprivate func under(_ landlock: UInt32) -> KernelRow {
    guard case .status(var status) = self else { return self }
    status.landlock = landlock
    return .status(status)
  }
}

extension Question {
  fileprivate var type: MessageType {
    switch self {
    case .status: .status
    case .flag, .flags: .flagGet
    case .rules: .ruleGet
    case .statistics: .statGet
    case .why: .why
    }
  }

  fileprivate var isList: Bool {
    switch self {
    case .status, .flag: false
    case .flags, .rules, .statistics, .why: true
    }
  }

  fileprivate func write(_ writer: inout AttributeWriter) {
    switch self {
    case .flag(let flag): writer.u8(.flag, UInt8(truncatingIfNeeded: flag.rawValue))
    case .why(let flow): flow.write(&writer)
    case .status, .flags, .rules, .statistics: break
    }
  }
}

extension KernelNews {
  /// Whether another e7-priv is there now, or may be.
  var isOfControl: Bool {
    switch self {
    case .notice(.claim(let change)): change.role == .control
    case .lost: true
    default: false
    }
  }

  init(_ message: KernelMessage) {
    switch message {
    case .event(let event): self = .event(event)
    case .notice(let notice): self = .notice(notice)
    case .lost: self = .lost
    case .unknown: self = .unknown
    }
  }
}
