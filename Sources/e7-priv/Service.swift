// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Sandbox
import E7Netlink
import E7PrivCore

/// The one process that edits: it has lanes, and a socket with the role control, but no capability.
struct Service: ~Copyable {
  /// Milliseconds between looks at lanes that a clock may end.
  private static let tick: Int32 = 500

  private let door: FileDescriptor
  private var desk: Desk<KernelTarget>
  /// With a service manager: who alone may use the door, and may ask for the role view.
  private let broker: UInt32?
  private var manager: ServiceManager

  /// Opens what needs privilege, or takes it over from a service manager that has started this
  /// process as the user with CAP_NET_ADMIN, and sheds the privilege.
  init(_ door: consuming FileDescriptor) {
    let parent = getppid()
    let control = FileDescriptor.handed("control")
    let isManaged = control != nil
    let user = Service.account(Account.priv)
    broker = isManaged ? Service.account(Account.broker).uid : nil
    let group = Account.group("e7-admin")
    if group == nil { log.write(.info, "no group e7-admin: root alone may edit") }
    manager = ServiceManager(by: door.raw)
    let target = Service.target(control, isManaged, &manager)
    let folder = Service.folder(user.gid)
    if e7_landlock_version() == 0 {
      log.write(.warning, "this kernel has no Landlock; other means alone keep files away")
    }
    let fault =
      unsafe e7_shed(user.uid, user.gid, parent) ?? e7_seal(e7_service_calls(), folder.raw)
    if let fault = unsafe fault { log.end(unsafe Phrase(cString: fault)) }
    desk = Desk(
      authority: Authority(adminGroup: group), target: target, folder: folder,
      now: monotonicMilliseconds()
    ) { log.write($0, $1) }
    self.door = door
    log.write(.info, "serves edits as user \(user.uid)")
    manager.ready()
  }

  @inline(never) private static func account(_ name: StaticString) -> Account {
    guard let account = Account.user(name) else { log.end(Account.missing(name)) }
    return account
  }

  private static func target(
    _ handed: consuming FileDescriptor?, _ waits: Bool, _ manager: inout ServiceManager
  ) -> KernelTarget {
    do {
      var socket = try KernelSocket(handed)
      if waits { awaitModule(&socket, &manager) }
      return try KernelTarget(socket)
    } catch {
      // The service manager knows no pause that grows.
      if waits { pause(2 * tick) }
      log.end(error.text, Status.of(error))
    }
  }

  /// The service manager's other units wait for this one, but it may wait for the module for ever.
  private static func awaitModule(_ socket: inout KernelSocket, _ manager: inout ServiceManager) {
    var isLate = false
    while true {
      do throws(NetlinkError) {
        try socket.resolve()
        // What loads the rules is done again with this process.
        if isLate { log.end("the module was loaded", Status.reloaded) }
        return
      } catch {
        if !isLate { log.write(.warning, "waits: \(error.text)") }
        isLate = true
        manager.ready()
        manager.live(at: monotonicMilliseconds())
        pause(tick)
      }
    }
  }

  private static func pause(_ milliseconds: Int32) { _ = e7_wait(nil, 0, milliseconds) }

  /// The folder of the rules file; one without a number where it is none to save in, which is told.
  private static func folder(_ group: UInt32) -> FileDescriptor {
    let raw = unsafe e7_open_rules_folder(RulesFolder.path.cString, group)
    let expected: Phrase = "a folder of root's, and so above, that only group _e7-priv may write to"
    if raw < 0 {
      let reason = SystemError("open", errno: -raw).phrase
      log.write(.warning, "\(RulesFolder.path): \(reason); nothing is saved; expected \(expected)")
    }
    return FileDescriptor(owning: raw)
  }

  /// Serves until the lanes' other end has gone with broker and supervisor.
  mutating func run() {
    while true {
      // The door, and then the lanes.
      var waited = [pollfd.input(door.raw)]
      for lane in desk.lanes {
        waited.append(lane.reads ? .input(lane.socket.raw) : .output(lane.socket.raw))
      }
      do throws(SystemError) {
        if try !waited.wait(milliseconds: Service.tick) { desk.target.look() }
        let now = monotonicMilliseconds()
        // From the last, since those that end leave the list.
        for index in desk.lanes.indices.reversed() {
          let lane = desk.lanes[index]
          if !serve(lane, waited[index + 1], now) || lane.isOverdue(now: now) {
            desk.close(index, now: now)
          }
        }
        // A lane that has ended makes room for the next.
        if waited[0].revents != 0 { try open(now) }
        desk.settle(now: now)
        manager.live(at: now)
      } catch { log.end(error.phrase) }
      if let end = desk.target.end { log.end(end.text, end.status) }
    }
  }

  /// Takes what comes at the door: a lane, or a socket that is to have the role view.
  private mutating func open(_ now: UInt64) throws(SystemError) {
    guard var datagram = try SequencedSocket.receive(door, expectingDescriptor: true) else {
      return
    }
    if datagram.isEnd, broker == nil {
      log.write(.info, "supervisor and broker have gone")
      _exit(0)
    }
    let message = try? Message(decoding: datagram.bytes)
    let type = (try? message?.attributes.finish()) == nil ? nil : message?.header.type
    guard let descriptor = datagram.takeDescriptor(), !datagram.truncated,
      broker == nil || broker == datagram.credentials?.uid,
      type == .lane && e7_is_unix_pair(descriptor.raw) || type == .claim && broker != nil
    else {
      log.write(.warning, "something came that is no lane of the broker's")
      return
    }
    if type == .claim, let broker { return desk.target.giveView(descriptor.raw, to: broker) }
    let maker = try? SequencedSocket.maker(descriptor)
    if !desk.open(descriptor, maker: maker, now: now) {
      log.write(.warning, "no room for another lane")
    }
  }

  /// Reads and writes what a lane is ready for; false where it is to be closed.
  private mutating func serve(_ lane: Lane, _ ready: pollfd, _ now: UInt64) -> Bool {
    if ready.hasRoom, !lane.flush(now: now) { return false }
    // A peer that has gone will not take its answers.
    guard lane.reads else { return !ready.isClosed }
    guard ready.hasInput else { return true }
    do throws(SystemError) {
      guard let datagram = try SequencedSocket.receive(lane.socket) else { return true }
      if datagram.isEnd { return false }
      desk.receive(
        lane, datagram.bytes, from: datagram.credentials, truncated: datagram.truncated, now: now)
      return lane.flush(now: now)
    } catch { return false }
  }
}
