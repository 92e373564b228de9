// SPDX-License-Identifier: GPL-2.0-or-later
import CE7BrokerCalls
import CE7Probe
import CE7Sandbox
import Glibc
import Testing

/// A filter that is tried, and the functions that a child calls to be under it.
enum Filter: String, CaseIterable {
  case service
  case serviceThatSaves
  case broker

  static let folder: Int32 = 7

  private var table: e7_calls {
    switch self {
    case .broker: unsafe e7_broker_calls()
    case .service, .serviceThatSaves: unsafe e7_service_calls()
    }
  }

  /// The rows that are in force.
  var calls: [e7_call] {
    let table = unsafe table
    return unsafe UnsafeBufferPointer(start: table.rows, count: table.count)
      .filter { self == .serviceThatSaves || !$0.saves }
  }

  /// The folder is one that stands for it, at that number.
  private func close() -> Int32 {
    var folder: Int32 = -1
    if self == .serviceThatSaves {
      let root = unsafe open("/", O_RDONLY | O_DIRECTORY)
      guard dup2(root, Filter.folder) == Filter.folder else { return 1 }
      folder = Filter.folder
    }
    return unsafe e7_seal(table, folder) == nil ? 0 : 1
  }

  var on: @convention(c) () -> Int32 {
    switch self {
    case .service: { Filter.service.close() }
    case .serviceThatSaves: { Filter.serviceThatSaves.close() }
    case .broker: { Filter.broker.close() }
    }
  }

  static let off: @convention(c) () -> Int32 = { 0 }
}

extension e7_call {
  /// Those that say something.
  fileprivate var all: [e7_required] {
    [required.0, required.1, required.2].filter { $0.argument > 0 }
  }
}

extension e7_required {
  fileprivate var index: Int { Int(argument) - 1 }

  private var number: UInt64 {
    UInt64(bitPattern: Int64(value == Int32(E7_FOLDER) ? Filter.folder : value))
  }

  /// The bits that are looked at, and what they must be.
  fileprivate var mask: UInt64 { lacks ? number : .max }
  fileprivate var bits: UInt64 { lacks ? 0 : number }
}

/// A system call that a filter must not let through.
struct Probe {
  let number: Int64
  let arguments: [UInt64]

  func signal(_ before: @convention(c) () -> Int32) -> Int32 {
    unsafe e7_probe(number, arguments, before)
  }

  var text: String {
    "\(number)(\(arguments.map { String($0, radix: 16) }.joined(separator: ", ")))"
  }
}

/// Each number that this or a later kernel may have, in a process of its own with the filter, and
/// again without.
@Suite(.enabled(if: geteuid() == 0, "needs root"), .serialized)
struct ProbeTests {
  /// Beyond the last of Linux 7, and numbers of the x32 architecture.
  ///
  /// Not uretprobe(2) and uprobe(2), 335 and 336, which newer kernels keep from every filter, and
  /// which do nothing but where the kernel itself wrote their call.
  static let numbers =
    (Array(Int64(0)...500) + (0...20).map { 0x4000_0000 + $0 }).filter { $0 != 335 && $0 != 336 }

  private static func others(_ filter: Filter) -> [Probe] {
    let allowed = Set(filter.calls.map { Int64($0.number) })
    return numbers.filter { !allowed.contains($0) }
      .map { Probe(number: $0, arguments: Array(repeating: .max, count: 6)) }
  }

  /// Each allowed call with each argument that must be something as something else.
  private static func wrong(_ filter: Filter) -> [Probe] {
    var probes: [Probe] = []
    for call in filter.calls {
      for required in call.all {
        let high: UInt64 = 1 << 30
        var arguments = right(call)
        arguments[required.index] ^=
          required.mask & high != 0 ? high : required.mask & (~required.mask + 1)
        probes.append(Probe(number: Int64(call.number), arguments: arguments))
      }
    }
    return probes
  }

  /// Arguments that are allowed, and otherwise wrong.
  private static func right(_ call: e7_call) -> [UInt64] {
    var arguments = Array(repeating: UInt64.max, count: 6)
    for required in call.all {
      arguments[required.index] = arguments[required.index] & ~required.mask | required.bits
    }
    return arguments
  }

  @Test(arguments: Filter.allCases)
  func whatIsNotInTheListKills(_ filter: Filter) {
    let probes = ProbeTests.others(filter)
    #expect(probes.count > 480)
    for probe in probes {
      #expect(probe.signal(filter.on) == SIGSYS, "\(probe.text) was let through")
      #expect(probe.signal(Filter.off) != SIGSYS, "\(probe.text) dies without a filter too")
    }
    #expect(e7_probe_i386(20, filter.on) == SIGSYS)
    #expect(e7_probe_i386(20, Filter.off) != SIGSYS)
  }

  @Test(arguments: Filter.allCases)
  func anAllowedCallWithAnotherArgumentKills(_ filter: Filter) {
    let probes = ProbeTests.wrong(filter)
    #expect(probes.count > 6)
    for probe in probes {
      #expect(probe.signal(filter.on) == SIGSYS, "\(probe.text) was let through")
      #expect(probe.signal(Filter.off) != SIGSYS, "\(probe.text) dies without a filter too")
    }
  }

  @Test(arguments: Filter.allCases)
  func anAllowedCallIsLetThrough(_ filter: Filter) {
    for call in filter.calls {
      let probe = Probe(number: Int64(call.number), arguments: ProbeTests.right(call))
      #expect(probe.signal(filter.on) != SIGSYS, "\(probe.text) was killed")
    }
  }

  @Test func theServiceMakesFifteenCallsAtMost() {
    #expect(Set(Filter.serviceThatSaves.calls.map(\.number)).count == 15)
    #expect(Set(Filter.service.calls.map(\.number)).count == 11)
  }
}
