// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7Console
import E7IPC
import E7Loop
import E7System
import E7Unix

/// A socket of our own making to e7-priv: the broker passes its other end on and sees nothing of it.
final class Lane {
  /// Edits of a change that are on their way before the answer to the first one is awaited: however
  /// long their answers, a socket has room for them.
  static let window = 64

  private let link: Link

  /// Makes the pair, has the broker hand one end over, and greets e7-priv.
  init(through broker: BrokerConnection) throws(LinkError) {
    let mine = try Lane.open(through: broker)
    let keeper = Account.user(Account.priv)
    link = Link(mine) { sender in
      guard let sender else { return false }
      return sender.uid == 0 || sender.uid == keeper?.uid
    }
    let greeting = try link.send(.hello, Hello().write)
    try outcome(of: greeting).check()
  }

  private static func open(through broker: BrokerConnection) throws(LinkError) -> FileDescriptor {
    var pair = try makePair()
    try broker.pass(pair.second).check()
    var mine = FileDescriptor(owning: -1)
    swap(&mine, &pair.first)
    return mine
  }

  private static func makePair() throws(LinkError) -> SocketPair {
    do throws(SystemError) {
      let pair = try SequencedSocket.pair()
      // Before anything is sent: what was sent before carries no credentials.
      try SequencedSocket.passCredentials(pair.first)
      try SequencedSocket.passCredentials(pair.second)
      return pair
    } catch {
      throw .failed(Failure(.failed, "cannot make a lane: \(error.text)"))
    }
  }

  /// Sends an edit; `outcome` waits for what becomes of it.
  func send(_ edit: Edit) throws(LinkError) -> UInt32 { try link.send(edit.type, edit.write) }

  /// Sends some of a file that is saved; `outcome` waits for what becomes of it.
  func send(_ part: SavePart) throws(LinkError) -> UInt32 { try link.send(.save, part.write) }

  /// Has the collected edits forgotten, and passes over what became of those that are on their way.
  func abort() throws(LinkError) {
    let sequence = try send(.abort)
    while true {
      let header = try link.receive().header
      if header.sequence == sequence, header.type == .done { return }
    }
  }

  /// What became of the edit with this number; the answers come in the order of the edits.
  func outcome(of sequence: UInt32) throws(LinkError) -> Outcome {
    while true {
      let message = try link.receive()
      guard message.header.sequence == sequence else {
        throw .failed(Failure(.failed, "e7-priv answered another question"))
      }
      guard message.header.type == .done else { continue }
      var reader = message.attributes
      do throws(DecodeError) { return try Outcome(&reader) } catch {
        throw .failed(Link.failure(error))
      }
    }
  }
}
