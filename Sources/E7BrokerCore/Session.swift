// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC

/// One console and all that is kept for it.
final class Session {
  /// What the console speaks.
  enum Speech {
    /// Not known before its first message.
    case unknown
    /// Messages of E7IPC.
    case messages
    /// Lines of text.
    case lines
  }

  /// Events that this console was not told.
  enum Lost {
    case count(UInt64)
    case unknown
  }

  /// Ill-formed messages and misplaced descriptors that end a console.
  static let mostStrikes = 3

  let id: ConsoleID
  let uid: UInt32
  let role: Role
  /// When it connected, in milliseconds.
  let opened: UInt64

  var speech = Speech.unknown
  /// It was greeted, or sent its first line.
  var isGreeted = false
  /// Nothing more is read, and it ends when its outbox is empty.
  var isClosing = false
  var strikes = 0
  var isSubscribed = false

  var outbox = Outbox()
  /// Events that are not told until half of the outbox is empty again; nil while all are.
  var lost: Lost?
  /// The kernel's buffer is full.
  var isBlocked = false
  /// Since when the console has read nothing of what waits for it.
  var unreadSince: UInt64?
  /// `Effect.flush` is on its way.
  var isFlushing = false
  /// What `Effect.watch` last said.
  var watched = (input: true, output: false)

  var answer: Answer?
  /// The question whose descriptor is being handed over.
  var lane: UInt32?
  /// Lines of the last datagram that were not looked at yet.
  var lines: ArraySlice<[UInt8]> = []

  init(_ id: ConsoleID, uid: UInt32, role: Role, opened: UInt64) {
    self.id = id
    self.uid = uid
    self.role = role
    self.opened = opened
  }

  /// Whether it could be asked something new, but for the rate of its user.
  var isIdle: Bool {
    !isClosing && answer == nil && lane == nil && lines.isEmpty && outbox.isHalfEmpty
  }

  /// Whether this console may see an event of a socket that `owner` has.
  func sees(owner: UInt32?) -> Bool {
    role != .own || owner == uid
  }

  /// When the time is over for its first message or for reading, in milliseconds.
  var deadline: UInt64? {
    let greeting = isGreeted || isClosing ? nil : opened + UInt64(Limit.helloMilliseconds)
    let reading = unreadSince.map { $0 + UInt64(Limit.stallMilliseconds) }
    switch (greeting, reading) {
    case (let one?, let other?): return min(one, other)
    case (let one?, nil): return one
    case (nil, let other): return other
    }
  }
}
