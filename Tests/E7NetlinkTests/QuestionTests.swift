// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import Testing

@testable import E7Netlink
@testable import E7Questions

/// Against the control family, whose numbers are not E7's: what is not the family's is found out.
struct QuestionTests {
  private func answer(_ type: MessageType, isList: Bool) throws(NetlinkError) -> Progress {
    var control = try KernelSocket()
    var socket = try QuestionSocket(control.resolve("nlctrl"))
    try socket.ask(type, isList: isList)
    return try socket.next(within: 1000) { reader throws(DecodeError) in }
  }

  @Test(arguments: [false, true])
  func anotherFamilyUnderTheNumberIsNone(isList: Bool) {
    // It has no command with the number of STATUS.
    #expect(throws: NetlinkError.noFamily) { try answer(.status, isList: isList) }
  }

  @Test func anAnswerOfAnotherCommandIsNone() {
    // CTRL_CMD_GETFAMILY is 3, and its answers are CTRL_CMD_NEWFAMILY.
    #expect(throws: NetlinkError.malformed) { try answer(.flagSet, isList: true) }
  }

  @Test func nothingIsThereUnasked() throws {
    var control = try KernelSocket()
    var socket = try QuestionSocket(control.resolve("nlctrl"))
    #expect(throws: NetlinkError.malformed) {
      _ = try socket.next(within: 1000) { reader throws(DecodeError) in }
    }
  }
}
