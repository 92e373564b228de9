// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Schema
import E7Lane
import E7Netlink
import E7PrivCore
import E7Sandbox
import E7System
import E7Text

/// The one process that edits: it has lanes, and a socket with the role control, but no capability.
struct Service: ~Copyable {
  /// Milliseconds between looks at lanes that a clock may end.
  private static let tick: Int32 = 500

  private let door: FileDescriptor
  private var desk: Desk<KernelTarget>
  private var lanes: [LaneSocket] = []
  private var lastID: UInt64 = 0
  private let ending = Ending()
  /// With a service manager: who alone may use the door, and may ask for the role view.
  private let broker: UInt32?
  private var manager: ServiceManager

  /// Opens what needs privilege, or takes it over from a service manager that has started this
  /// process as the user with CAP_NET_ADMIN, and sheds the privilege.
  init(_ descriptors: inout ListenDescriptors) {
    let parent = Process.parent
    let handed = descriptors.take("control")
    let isManaged = handed != nil
    let door = descriptors.take("lanes")
    guard let door else { fail("no descriptor named lanes among those handed over") }
    guard let user = Account.user(Account.priv) else { fail(Account.missing(Account.priv)) }
    let group = Account.group("e7-admin")
    if group == nil { log.write(.info, "no group e7-admin: root alone may edit") }
    manager = ServiceManager(by: door.raw)
    if isManaged {
      guard let user = Account.user(Account.broker) else { fail(Account.missing(Account.broker)) }
      broker = user.uid
    } else {
      broker = nil
    }
    let target = Service.target(handed, isManaged, &manager, ending)
    let shelf = RulesShelf(user)
    Service.confine(user, parent, folder: shelf?.raw)
    desk = Desk(
      authority: Authority(adminGroup: group), target: target, journal: LogJournal(),
      shelf: shelf, now: Clock.monotonicMilliseconds())
    self.door = door
    log.write(.info, "serves edits as user \(user.uid)")
    manager.ready()
  }

  private static func target(
    _ handed: consuming FileDescriptor?, _ waits: Bool, _ manager: inout ServiceManager,
    _ ending: Ending
  ) -> KernelTarget {
    do {
      var socket = try KernelSocket(handed)
      if waits { awaitModule(&socket, &manager) }
      return try KernelTarget(socket, ending)
    } catch {
      // The service manager knows no pause that grows.
      if waits { _ = try? Poll.wait(-1, for: .input, timeoutMilliseconds: 2 * tick) }
      fail(error)
    }
  }

  /// The service manager's other units wait for this one, but it may wait for the module for ever.
  private static func awaitModule(_ socket: inout KernelSocket, _ manager: inout ServiceManager) {
    var isLate = false
    while true {
      do throws(NetlinkError) {
        _ = try socket.resolve()
        // What loads the rules is done again with this process.
        if isLate { fail("the module was loaded", status: Status.reloaded) }
        return
      } catch {
        if !isLate { log.write(.warning, "waits: \(Phrase(error.text))") }
        isLate = true
        manager.ready()
        manager.live(at: Clock.monotonicMilliseconds())
        _ = try? Poll.wait(-1, for: .input, timeoutMilliseconds: tick)
      }
    }
  }

  /// Nothing is served before this is done, or the process has ended.
  private static func confine(_ user: Account, _ parent: Int32, folder: Int32?) {
    // Larger blocks would be mapped otherwise, and mapping is not allowed.
    Process.useHeapByBrk()
    do throws(SandboxError) {
      try Sandbox.shed(toUID: user.uid, gid: user.gid, parent: parent)
      let landlock = try Seal.close(to: ServiceCalls.allowed(folder: folder), folder: folder)
      if landlock == 0 { log.write(.warning, "\(Seal.noLandlock)") }
    } catch {
      fail(error.phrase)
    }
  }

  /// Serves until the lanes' other end has gone with broker and supervisor.
  mutating func run() {
    while true {
      do throws(SystemError) {
        var waited: [e7_waited] = []
        for lane in lanes { waited.append(e7_waited(lane.socket.raw, for: lane.interest)) }
        waited.append(e7_waited(door.raw, for: .input))
        if try !Poll.wait(&waited, timeoutMilliseconds: Service.tick) {
          desk.target.look()
        }
        // From the last, since those that end leave the list.
        for index in lanes.indices.reversed() where waited[index].ready != 0 {
          serve(index, waited[index])
        }
        // A lane that has ended makes room for the next.
        if waited[waited.count - 1].ready != 0 { try openLane() }
      } catch {
        fail(error.phrase)
      }
      endOverdue()
      endIfLost()
      manager.live(at: Clock.monotonicMilliseconds())
    }
  }

  private func endIfLost() {
    if let cause = ending.cause { fail(cause.text, status: cause.status) }
  }

  private mutating func openLane() throws(SystemError) {
    guard var datagram = try SequencedSocket.receive(door, expectingDescriptor: true) else {
      return
    }
    if datagram.isEnd, broker == nil {
      log.write(.info, "supervisor and broker have gone")
      Process.exit(0)
    }
    let descriptor = datagram.takeDescriptor()
    let type = Service.type(of: datagram.bytes)
    guard let descriptor, !datagram.truncated, broker == nil || broker == datagram.credentials?.uid,
      type == .lane && SequencedSocket.isPair(descriptor) || type == .claim && broker != nil
    else {
      log.write(.warning, "something came that is no lane of the broker's")
      return
    }
    if type == .claim, let broker {
      return desk.target.giveView(descriptor.raw, to: broker)
    }
    lastID += 1
    let now = Clock.monotonicMilliseconds()
    guard desk.open(lastID, maker: Service.maker(descriptor), now: now) else {
      log.write(.warning, "no room for another lane")
      return
    }
    lanes.append(LaneSocket(id: lastID, descriptor))
  }

  private static func type(of datagram: [UInt8]) -> MessageType? {
    do throws(DecodeError) {
      let message = try Message(decoding: datagram)
      try message.attributes.finish()
      return message.header.type
    } catch {
      return nil
    }
  }

  private static func maker(_ lane: borrowing FileDescriptor) -> Peer? {
    do throws(SystemError) {
      return try SequencedSocket.peer(lane)
    } catch {
      return nil
    }
  }

  private mutating func serve(_ index: Int, _ ready: e7_waited) {
    let lane = lanes[index]
    let now = Clock.monotonicMilliseconds()
    var stays = true
    if ready.hasRoom { stays = lane.flush(now: now) }
    if stays, ready.hasInput, lane.interest == .input { stays = receive(lane, now: now) }
    // A peer that has gone will not take its answers.
    if stays, ready.isClosed, lane.interest == .output { stays = false }
    if !stays { close(index) }
  }

  private mutating func receive(_ lane: LaneSocket, now: UInt64) -> Bool {
    do throws(SystemError) {
      guard let datagram = try SequencedSocket.receive(lane.socket) else { return true }
      if datagram.isEnd { return false }
      let reaction = desk.receive(
        lane.id, datagram.bytes, from: datagram.credentials, truncated: datagram.truncated,
        now: now)
      return lane.react(reaction, now: now)
    } catch {
      return false
    }
  }

  private mutating func close(_ index: Int) {
    desk.close(lanes.remove(at: index).id, now: Clock.monotonicMilliseconds())
  }

  private mutating func endOverdue() {
    let now = Clock.monotonicMilliseconds()
    let expired = desk.expired(now: now)
    for index in lanes.indices.reversed()
    where lanes[index].isStalled(now: now) || expired.contains(lanes[index].id) {
      close(index)
    }
  }
}
