// SPDX-License-Identifier: GPL-2.0-or-later
import E7BrokerCore
import E7Netlink
import E7Questions
import E7System

/// The descriptors of one console, closed with it.
final class Console {
  let id: ConsoleID
  let socket: FileDescriptor
  /// What it asked of the kernel, while there is more to fetch.
  var question: QuestionSocket?
  var asked: Question?

  init(_ id: ConsoleID, _ socket: consuming FileDescriptor) {
    self.id = id
    self.socket = socket
  }

  func forget() {
    question = nil
    asked = nil
  }
}
