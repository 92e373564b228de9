// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema

/// Messages that wait for one console, in order.
struct Outbox {
  private var messages: [[UInt8]] = []
  private var head = 0

  /// Bytes of the messages that wait.
  private(set) var bytes = 0

  /// How many messages wait.
  var count: Int { messages.count - head }

  var isEmpty: Bool { count == 0 }

  /// Whether one more message of `size` bytes stays within `Limit.outboxBytes` and
  /// `Limit.outboxMessages`.
  func admits(_ size: Int) -> Bool {
    count < Limit.outboxMessages && bytes + size <= Limit.outboxBytes
  }

  /// Whether less than half of either limit is used.
  ///
  /// Answers are put in only then: the upper half is for events, so that a long list costs its
  /// reader none; and since an answer's message is shorter than half, it always fits.
  var isHalfEmpty: Bool {
    count < Limit.outboxMessages / 2 && bytes < Limit.outboxBytes / 2
  }

  mutating func append(_ message: [UInt8]) {
    messages.append(message)
    bytes += message.count
  }

  /// The message behind `index` others.
  func message(at index: Int) -> [UInt8]? {
    index < count ? messages[head + index] : nil
  }

  mutating func removeFirst(_ taken: Int) {
    for index in head..<head + min(taken, count) {
      bytes -= messages[index].count
      messages[index] = []
    }
    head += min(taken, count)
    if head == messages.count {
      messages.removeAll(keepingCapacity: true)
      head = 0
    } else if head >= Limit.outboxMessages {
      messages.removeFirst(head)
      head = 0
    }
  }
}
