// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

extension Broker {
  /// What a look at the module found.
  ///
  /// A load of the module that is not the one this broker began with has other multicast groups,
  /// which the view socket has not joined: the broker ends, to be started with another one.
  package mutating func module(_ found: Module, at now: UInt64) {
    if case .ready(let instance) = found, instance == leaving { return }
    switch (module, found) {
    case (.ready(let known), .ready(let instance)) where known == instance:
      return
    case (_, .ready):
      log(.notice, "module e7 was loaded; the broker starts again")
      effects.append(.exit(Broker.restartStatus))
    case (.ready, _):
      lost(to: found, at: now)
    default:
      if module != found { log(.warning, Broker.refusal(found).text) }
      module = found
    }
  }

  /// A question found no family `e7`.
  mutating func lost(at now: UInt64) {
    guard case .ready = module else { return }
    lost(to: .absent, at: now)
    look(at: now)
  }

  /// The module has said that it goes.
  mutating func leave(at now: UInt64) {
    guard case .ready(let instance) = module else { return }
    leaving = instance
    // It was told already, by the module itself.
    end(as: .absent, at: now)
  }

  private mutating func lost(to found: Module, at now: UInt64) {
    tell(.unload)
    end(as: found, at: now)
  }

  private mutating func end(as found: Module, at now: UInt64) {
    module = found
    nextLook = now + Broker.lookInterval
    held = HeldFlows()
    let refusal = Broker.refusal(found)
    log(.warning, refusal.text)
    for session in sessions.values where session.answer != nil {
      giveUp(session, refusal, forgetting: true)
      settle(session, at: now)
    }
  }

  mutating func look(at now: UInt64) {
    effects.append(.look)
    nextLook = isModuleMissing ? now + Broker.lookInterval : nil
  }

  static func refusal(_ module: Module) -> Refusal {
    switch module {
    case .absent: .noModule
    case .foreign(let version):
      Refusal(
        .protocolViolation,
        "module e7 speaks version \(version) of its family, this broker version \(E7_GENL_VERSION)")
    case .ready: Refusal(.tryAgain, "module e7 was just loaded; ask again")
    }
  }
}
