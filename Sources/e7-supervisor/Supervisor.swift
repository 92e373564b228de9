// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Unix
import E7Groups
import E7Netlink
import E7Unix

/// Starts service and broker, and starts either again when it ends.
///
/// It runs in place of an e7-priv that nobody handed descriptors to.
/// It is root, so it reads nothing that anybody but the kernel writes.
struct Supervisor: ~Copyable {
  private static var folder: StaticString { "/run/e7" }
  private static var console: StaticString { "/run/e7/console.sock" }
  private static var lock: StaticString { "/run/e7/lock" }
  /// The service manager's, by which the broker of its units reaches the service.
  private static var managers: StaticString { "/run/e7/lanes.sock" }
  /// Consoles that wait for the broker to accept them.
  private static let backlog: Int32 = 128
  /// Bytes of events that may wait while the broker does something else.
  private static let viewBuffer: Int32 = 1 << 20
  /// Milliseconds that children have to end when asked to.
  private static let patience: UInt64 = 2000

  private let signals: Signals
  /// Told of each family of generic netlink that comes or goes.
  private let families: FileDescriptor
  private let lock: FileDescriptor
  private let console: FileDescriptor
  private let lanes: SocketPair
  /// Whose view it is.
  private let viewer: UInt32
  /// Where the module asks for its helper, it watches this socket.
  private var kernel: KernelSocket
  private var service: Child
  private var broker: Child
  private var loader: Loader

  /// Makes the descriptors for the e7-priv at a path, or says why it cannot and ends the process.
  init(_ own: Phrase) {
    guard let keeper = Account.user(Account.priv) else { log.end(Account.missing(Account.priv)) }
    guard let account = Account.user(Account.broker) else {
      log.end(Account.missing(Account.broker))
    }
    service = Child(name: "e7-priv", path: own, account: nil)
    viewer = account.uid
    broker = Child(name: "e7-broker", path: Supervisor.brokerPath(own), account: account)
    loader = Loader(own, keeper)
    do throws(NetlinkError) {
      kernel = try KernelSocket()
      _ = try kernel.resolve()
      var socket = try KernelSocket()
      try socket.join("notify", of: "nlctrl")
      families = try socket.descriptor()
    } catch {
      fail(error)
    }
    lock = Supervisor.takeLock()
    do throws(SystemError) {
      Files.remove(Supervisor.console)
      console = try SequencedSocket.listen(
        path: Phrase(stringLiteral: Supervisor.console).bytes, mode: 0o666,
        backlog: Supervisor.backlog)
      lanes = try SequencedSocket.pair()
      signals = try Signals()
    } catch {
      log.end(error.phrase)
    }
    answerAsHelper()
  }

  /// Tells the module, where it has started this process, that it works.
  private mutating func answerAsHelper() {
    guard let word = Environment.value("E7_HELPER_TOKEN") else { return }
    guard let token = Supervisor.number(word) else {
      log.end("E7_HELPER_TOKEN is no hexadecimal number", Status.usage)
    }
    do throws(NetlinkError) {
      var writer = AttributeWriter()
      writer.u64(.token, token)
      _ = try kernel.ask(.helper, writer.bytes)
    } catch {
      fail(error)
    }
  }

  /// The number that hexadecimal digits write.
  private static func number(_ digits: [UInt8]) -> UInt64? {
    guard !digits.isEmpty, digits.count <= 16 else { return nil }
    var number: UInt64 = 0
    for digit in digits {
      let value =
        switch digit {
        case 48...57: digit - 48
        case 65...70: digit - 55
        case 97...102: digit - 87
        default: UInt8.max
        }
      guard value < 16 else { return nil }
      number = number << 4 | UInt64(value)
    }
    return number
  }

  private static func takeLock() -> FileDescriptor {
    if Files.exists(managers) {
      log.end("the suite is systemd's here: systemctl start e7-priv e7-broker")
    }
    do throws(SystemError) {
      try Files.makeFolder(folder)
      return try Files.lock(lock)
    } catch {
      if error.errno == EAGAIN { log.end("the suite runs already, started by another e7-priv") }
      log.end("\(folder): \(error.phrase)")
    }
  }

  private static func brokerPath(_ own: Phrase) -> Phrase {
    let beside = Process.beside(own, "e7-broker")
    for path in [beside, "/usr/libexec/e7/e7-broker", "/usr/sbin/e7-broker"]
    where Files.isExecutable(path) { return path }
    log.end("no e7-broker at \(beside), in /usr/libexec/e7 or in /usr/sbin")
  }

  /// Keeps both children running until a signal ends it.
  mutating func run() {
    while true {
      startDue()
      loader.startIfDue(&kernel)
      do throws(SystemError) {
        var waited: [pollfd] = [.input(families.raw), .input(signals.raw)]
        _ = try waited.wait(milliseconds: pause())
        if waited[0].hasInput { checkFamily() }
      } catch {
        log.end(error.phrase)
      }
      while let signal = signals.next() {
        switch signal {
        case .terminate, .hangUp: end()
        case .child: break
        }
      }
      reap()
    }
  }

  private mutating func startDue() {
    let now = monotonicMilliseconds()
    if service.isDue(now) { startService(now) }
    if broker.isDue(now) { startBroker(now) }
  }

  private mutating func startService(_ now: UInt64) {
    do throws(NetlinkError) {
      let family = try kernel.resolve()
      service.start(descriptors: [lanes.second.raw], names: "lanes", of: family, now: now)
    } catch {
      switch error.kind {
      case .noFamily, .version: service.awaitModule(error.text)
      default: service.postpone(error.text, now: now)
      }
    }
  }

  private mutating func startBroker(_ now: UInt64) {
    let family = loaded()
    do throws(NetlinkError) {
      // Without the module one that has no role and is told nothing.
      let view =
        family == nil
        ? try KernelSocket().descriptor() : try Supervisor.openView(for: viewer)
      broker.start(
        descriptors: [console.raw, view.raw, lanes.first.raw], names: "console:view:lanes",
        of: family, now: now)
    } catch {
      broker.postpone(error.text, now: now)
    }
  }

  /// A socket that is told of packets and changes wherever it goes, for the user `uid`, who may list
  /// from then on.
  private static func openView(for uid: UInt32) throws(NetlinkError) -> FileDescriptor {
    var socket = try KernelSocket()
    try socket.claim(.view, listens: true, user: uid)
    try socket.joinNotices()
    let descriptor = try socket.descriptor()
    // Best effort: a smaller buffer loses more of a burst and says so.
    _ = e7_grow_receive_buffer(descriptor.raw, Supervisor.viewBuffer)
    return descriptor
  }

  /// The module that is loaded, or nil.
  private mutating func loaded() -> Family? {
    do throws(NetlinkError) {
      return try kernel.resolve()
    } catch {
      log.write(.warning, error.text)
      return nil
    }
  }

  /// Starts again whose sockets mean nothing to the module that is loaded now.
  private mutating func checkFamily() {
    do throws(NetlinkError) {
      drainFamilies()
      let family = try kernel.resolve()
      let now = monotonicMilliseconds()
      service.serve(family, at: now)
      broker.serve(family, at: now)
    } catch {
      // Unloaded: they have been told so on sockets of their own.
    }
  }

  /// What they say is asked for anew, so it does not matter if some were lost.
  private func drainFamilies() {
    while true {
      do throws(NetlinkError) {
        guard try KernelSocket.receive(families) != nil else { return }
      } catch {
        guard error == .lost else { return }
      }
    }
  }

  private func pause() -> Int32 {
    let now = monotonicMilliseconds()
    let next = min(service.due ?? .max, broker.due ?? .max)
    if next == .max { return -1 }
    return next > now ? Int32(clamping: next - now) : 0
  }

  private mutating func reap() {
    while let end = Process.reap() {
      let now = monotonicMilliseconds()
      if loader.noteEnd(end) { continue }
      service.noteEnd(end, now: now)
      broker.noteEnd(end, now: now)
    }
  }

  private mutating func end() -> Never {
    let start = monotonicMilliseconds()
    for force in [false, true] {
      for pid in [service.pid, broker.pid] {
        if let pid { Process.end(pid, force: force) }
      }
      while service.pid != nil || broker.pid != nil {
        let passed = monotonicMilliseconds() - start
        guard force || passed < Supervisor.patience else { break }
        _ = try? pollfd.input(signals.raw).wait(milliseconds: 100)
        while signals.next() != nil {}
        reap()
      }
    }
    Files.remove(Supervisor.console)
    log.write(.info, "the suite has ended")
    _exit(0)
  }
}

/// A program that the supervisor keeps running.
struct Child {
  private let name: StaticString
  private let path: Phrase
  private let account: Account?
  /// The load of the module that it was started for.
  private var family: Family?
  private var started: UInt64 = 0
  private var backoff = Backoff()
  /// Its process id while it runs.
  private(set) var pid: Int32?
  /// When it is to be started, in milliseconds, while it does not run.
  private(set) var due: UInt64? = 0

  init(name: StaticString, path: Phrase, account: Account?) {
    self.name = name
    self.path = path
    self.account = account
  }

  func isDue(_ now: UInt64) -> Bool {
    guard let due else { return false }
    return due <= now
  }

  mutating func start(descriptors: [Int32], names: StaticString, of family: Family?, now: UInt64) {
    started = now
    self.family = family
    do throws(SystemError) {
      let pid = try Process.start(path, descriptors: descriptors, names: names, as: account)
      self.pid = pid
      due = nil
      log.write(.info, "started \(name), pid=\(pid)")
    } catch {
      postpone(error.phrase, now: now)
    }
  }

  /// The module is this one now: another than it was started for ends it, and it waits no longer.
  mutating func serve(_ now: Family, at moment: UInt64) {
    guard family != now else { return }
    // Loading knocks more than once.
    family = now
    if let pid {
      log.write(.notice, "the module was loaded; starting \(name) again")
      Process.end(pid, force: false)
    } else {
      due = moment
    }
  }

  /// Without the module it is of no use: it waits for `serve`.
  mutating func awaitModule(_ reason: Phrase) {
    log.write(.warning, "\(name) waits: \(reason)")
    family = nil
    due = nil
  }

  mutating func postpone(_ reason: Phrase, now: UInt64) {
    log.write(.error, "cannot start \(name): \(reason)")
    due = now + Backoff.longest
  }

  mutating func noteEnd(_ end: ChildEnd, now: UInt64) {
    guard let pid, pid == end.pid else { return }
    self.pid = nil
    due = now + backoff.pause(afterLiving: now - started)
    log.write(.warning, "\(name), pid=\(pid), ended \(end.text)")
  }
}
