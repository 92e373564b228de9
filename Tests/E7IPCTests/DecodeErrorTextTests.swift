// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Schema
import E7IPC
import Testing

@Suite struct DecodeErrorTextTests {
  @Test func namesTheAttribute() {
    #expect(DecodeError.missing(.flag).text == "attribute FLAG is missing")
    #expect(
      DecodeError.unexpected(.localPort).text
        == "attribute LPORT does not belong to this message")
  }

  @Test func namesTheVersionsSpoken() {
    #expect(
      DecodeError.unsupportedVersion(major: 9).text
        == "E7IPC version 9 is not spoken here; expected 1…1")
  }

  @Test func everyTextIsOneShortLine() {
    let errors: [DecodeError] = [
      .truncated, .tooLong, .badMagic, .unsupportedVersion(major: 255), .wrongLength,
      .unknownType(.max), .reservedBits, .unknownAttribute(.max), .duplicate(.generation),
      .missing(.generation), .malformed(.generation), .outOfRange(.generation),
      .unexpected(.generation),
    ]
    for error in errors {
      #expect(error.text.utf8.count < Limit.text && !error.text.contains("\n"))
    }
  }

  @Test func messagesHaveNames() {
    #expect(MessageType.subscribe.name == "SUBSCRIBE")
    #expect(MessageType.ruleGet.name == "RULE_GET")
  }
}
