// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

extension Broker {
  /// The kernel has told something.
  package mutating func told(_ news: [KernelNews], at now: UInt64) {
    for news in news {
      switch news {
      case .event(let event): if held.isNews(event, at: now) { tell(event) }
      case .notice(let notice):
        tell(notice)
        if notice == .unload { leave(at: now) }
      case .lost: overrun(at: now)
      case .unknown: noteUnknown()
      }
    }
  }

  /// Tells each console a gap without a number, since nobody knows how many, or about whom.
  ///
  /// A notice may be among them, so the module is looked at again.
  private mutating func overrun(at now: UInt64) {
    log(.warning, "the kernel told events faster than they were read; some are lost")
    for session in sessions.values where session.isSubscribed && !session.isClosing {
      if session.lost == nil {
        putGap(.unknown, to: session)
      } else {
        session.lost = .unknown
      }
      flush(session)
    }
    look(at: now)
  }

  private mutating func tell(_ event: Event) {
    tell(
      to: { $0.sees(owner: event.uid) },
      message: { Message.encode(.event, sequence: 0, event.write) },
      line: { Line.event(event) })
  }

  mutating func tell(_ notice: Notice) {
    tell(
      to: { _ in true },
      message: { Message.encode(.notice, sequence: 0, notice.write) },
      line: { Line.notice(notice) })
  }

  /// Encodes what there is to tell once for each form, however many consoles there are.
  private mutating func tell(
    to isMeant: (Session) -> Bool, message: () -> [UInt8], line: () -> [UInt8]
  ) {
    var encoded: (message: [UInt8]?, line: [UInt8]?)
    for session in sessions.values
    where session.isSubscribed && !session.isClosing && isMeant(session) {
      let bytes: [UInt8]
      if session.speech == .lines {
        bytes = encoded.line ?? line()
        encoded.line = bytes
      } else {
        bytes = encoded.message ?? message()
        encoded.message = bytes
      }
      put(bytes, to: session)
    }
  }

  private mutating func put(_ bytes: [UInt8], to session: Session) {
    switch session.lost {
    case .count(let count): session.lost = .count(count + 1)
    case .unknown: break
    case nil where session.outbox.admits(bytes.count):
      session.outbox.append(bytes)
      flush(session)
    case nil: session.lost = .count(1)
    }
  }

  mutating func putGap(_ lost: Session.Lost, to session: Session) {
    let gap: Gap
    switch lost {
    case .count(let count): gap = Gap(lost: count)
    case .unknown: gap = Gap(lost: nil)
    }
    let bytes =
      session.speech == .lines ? Line.gap(gap) : Message.encode(.gap, sequence: 0, gap.write)
    guard session.outbox.admits(bytes.count) else {
      session.lost = lost
      return
    }
    session.outbox.append(bytes)
  }

  private mutating func noteUnknown() {
    unknown += 1
    // A line each would fill the log.
    guard unknown == 1 || unknown.isMultiple(of: 1000) else { return }
    log(.error, "messages of module e7 that are no event and no notice: \(unknown) so far")
  }
}
