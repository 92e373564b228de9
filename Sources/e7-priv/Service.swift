// SPDX-License-Identifier: GPL-2.0-or-later
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
  private static let doorToken: UInt64 = 0
  private static let noticesToken: UInt64 = 1

  private let door: FileDescriptor
  private var desk: Desk<KernelTarget>
  private var lanes: [LaneSocket] = []
  private var lastID = Service.noticesToken
  private let notices: GroupSocket
  private let ending: Ending

  /// Opens what needs privilege, and sheds the privilege.
  init(_ descriptors: inout ListenDescriptors) {
    let parent = Process.parent
    let door = descriptors.take("lanes")
    guard let door else { fail("no descriptor named lanes among those handed over") }
    guard let user = Account.user(Account.priv) else { fail(Account.missing(Account.priv)) }
    let group = Account.group("e7-admin")
    if group == nil { log.write(.info, "no group e7-admin: root alone may edit") }
    ending = Ending()
    // Before the role: what becomes of it is told from then on.
    notices = Service.openNotices()
    let target = Service.target(ending)
    let shelf = RulesShelf(user)
    if let error = Sandbox.shed(
      to: Confinement(uid: user.uid, gid: user.gid, capability: nil), parent: parent)
    {
      fail(error.phrase)
    }
    Service.seal(folder: shelf?.raw)
    desk = Desk(
      authority: Authority(adminGroup: group), target: target, journal: LogJournal(),
      shelf: shelf, now: Clock.monotonicMilliseconds())
    self.door = door
    log.write(.info, "serves edits as user \(user.uid)")
  }

  private static func openNotices() -> GroupSocket {
    do {
      return try GroupSocket.openNotices()
    } catch {
      fail(error)
    }
  }

  private static func target(_ ending: Ending) -> KernelTarget {
    do {
      return try KernelTarget(ending)
    } catch {
      fail(error)
    }
  }

  /// Nothing is served before this is done, or the process has ended.
  private static func seal(folder: Int32?) {
    // Larger blocks would be mapped otherwise, and mapping is not allowed.
    Process.useHeapByBrk()
    do throws(SandboxError) {
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
        let timeout = lanes.isEmpty ? -1 : Service.tick
        for event in try Poll.wait(for: waitedFor(), timeoutMilliseconds: timeout) {
          switch event.token {
          case Service.doorToken: try openLane()
          case Service.noticesToken: listen()
          default: serve(event)
          }
        }
      } catch {
        fail(error.phrase)
      }
      endOverdue()
      endIfLost()
    }
  }

  private func listen() {
    do throws(NetlinkError) {
      try ending.listen(to: notices)
    } catch {
      fail(error)
    }
    endIfLost()
  }

  private func endIfLost() {
    if let cause = ending.cause { fail(cause.text, status: cause.status) }
  }

  private func waitedFor() -> [(raw: Int32, token: UInt64, interest: Interest)] {
    // First: no edit is for a module that has gone.
    var all = [(raw: notices.raw, token: Service.noticesToken, interest: Interest.input)]
    for lane in lanes { all.append((lane.socket.raw, lane.id, lane.interest)) }
    // Last: a lane that has ended makes room for the next.
    all.append((door.raw, Service.doorToken, .input))
    return all
  }

  private mutating func openLane() throws(SystemError) {
    guard var datagram = try SequencedSocket.receive(door, expectingDescriptor: true) else {
      return
    }
    if datagram.isEnd {
      log.write(.info, "supervisor and broker have gone")
      Process.exit(0)
    }
    let descriptor = datagram.takeDescriptor()
    guard let descriptor, !datagram.truncated, Service.isLane(datagram.bytes),
      SequencedSocket.isPair(descriptor)
    else {
      log.write(.warning, "the broker sent something that is no lane")
      return
    }
    lastID += 1
    let now = Clock.monotonicMilliseconds()
    guard desk.open(lastID, maker: Service.maker(descriptor), now: now) else {
      log.write(.warning, "no room for another lane")
      return
    }
    lanes.append(LaneSocket(id: lastID, descriptor))
  }

  private static func isLane(_ datagram: [UInt8]) -> Bool {
    do throws(DecodeError) {
      let message = try Message(decoding: datagram)
      try message.attributes.finish()
      return message.header.type == .lane
    } catch {
      return false
    }
  }

  private static func maker(_ lane: borrowing FileDescriptor) -> Peer? {
    do throws(SystemError) {
      return try SequencedSocket.peer(lane)
    } catch {
      return nil
    }
  }

  private mutating func serve(_ event: Ready) {
    guard let lane = lanes.first(where: { $0.id == event.token }) else { return }
    let now = Clock.monotonicMilliseconds()
    var stays = true
    if event.output { stays = lane.flush(now: now) }
    if stays, event.input, lane.interest == .input { stays = receive(lane, now: now) }
    // A peer that has gone will not take its answers.
    if stays, event.closed, lane.interest == .output { stays = false }
    if !stays { close(lane.id) }
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

  private mutating func close(_ id: UInt64) {
    desk.close(id, now: Clock.monotonicMilliseconds())
    lanes.removeAll { $0.id == id }
  }

  private mutating func endOverdue() {
    let now = Clock.monotonicMilliseconds()
    for id in desk.expired(now: now) { close(id) }
    for lane in lanes where lane.isStalled(now: now) { close(lane.id) }
  }
}

extension Account {
  /// The user that the service becomes.
  static var priv: StaticString { "_e7-priv" }
  /// The user that the broker runs under.
  static var broker: StaticString { "_e7-broker" }

  /// What to say where there is no such user.
  static func missing(_ name: StaticString) -> Phrase {
    "no user \(name) in /etc/passwd; create it with: useradd --system --user-group --no-create-home --shell /usr/sbin/nologin \(name)"
  }
}
