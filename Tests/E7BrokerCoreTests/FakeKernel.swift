// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7BrokerCore
import E7IPC
import E7Rules

/// The module as far as questions go: it answers as the family does, a part at a time.
struct FakeKernel {
  var rules: [Rule] = []
  var generation: UInt64 = 1
  var mode: UInt64 = 0
  /// Rules that one part of a dump holds.
  var rulesOfAPart = 100
  /// Dumps of rules that are still to be interrupted, each in the part of this index.
  var interruptions: [Int] = []
  /// What every question gets instead of its answer.
  var failure: KernelPart?
  /// Dumps that are open, by console: rules given so far and parts.
  private(set) var dumps: [ConsoleID: (rules: Int, parts: Int)] = [:]
  /// Flows that were asked about; all rules match each.
  private(set) var flows: [Flow] = []
  /// Parts that were fetched altogether.
  private(set) var fetched = 0

  static let instance: UInt64 = 0x1234_5678_9abc_def0

  static let statistics = [
    StatisticValue(statistic: .learnt, value: 7), StatisticValue(statistic: .nobody, value: .max),
  ]

  mutating func ask(_ id: ConsoleID, _ question: Question) -> KernelPart {
    fetched += 1
    if let failure { return failure }
    switch question {
    case .status:
      let status = Status(
        version: UInt32(E7_GENL_VERSION), instance: FakeKernel.instance, generation: generation)
      return KernelPart([.status(status)], .done)
    case .flag(let flag):
      return KernelPart([self.flag(flag)], .done)
    case .flags:
      return KernelPart(Flag.all.map(self.flag), .done)
    case .statistics:
      return KernelPart(FakeKernel.statistics.map { .statistic($0) }, .done)
    case .why(let flow):
      flows.append(flow)
      fallthrough
    case .rules:
      dumps[id] = (0, 0)
      return pull(id)
    }
  }

  mutating func pull(_ id: ConsoleID) -> KernelPart {
    fetched += 1
    guard let dump = dumps[id] else { return KernelPart([], .failed(22, text: [])) }
    let part = rules[dump.rules..<min(dump.rules + rulesOfAPart, rules.count)]
    dumps[id] = (dump.rules + part.count, dump.parts + 1)
    let isLast = dump.rules + part.count == rules.count
    if isLast { dumps[id] = nil }
    var interrupted = false
    if interruptions.first == dump.parts {
      interruptions.removeFirst()
      interrupted = true
    }
    return KernelPart(
      part.map { .rule($0) }, isLast ? .done : .more,
      interrupted: interrupted)
  }

  mutating func forget(_ id: ConsoleID) {
    dumps[id] = nil
  }

  private func flag(_ flag: Flag) -> KernelRow {
    let value: UInt64 =
      switch flag {
      case .mode: mode
      case _ where flag.kind == .counter: 42
      default: 1
      }
    return .flag(FlagValue(flag: flag, value: value))
  }
}
