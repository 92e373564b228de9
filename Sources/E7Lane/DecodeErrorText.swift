// SPDX-License-Identifier: GPL-2.0-or-later

extension DecodeError {
  /// One line for people: what was wrong and what was expected.
  package var phrase: Phrase {
    switch self {
    case .truncated: "the message ends in the middle of its header or of an attribute"
    case .tooLong: "the message is longer than \(Limit.message) bytes"
    case .badMagic: "the message does not begin as E7IPC's do"
    case .unsupportedVersion(let major):
      "E7IPC version \(major) is not spoken here; expected \(E7_IPC_MAJOR)…\(E7_IPC_MAJOR)"
    case .wrongLength: "the header gives another length than the message has"
    case .unknownType(let number): "message type \(number) is not known"
    case .reservedBits: "a reserved byte of the header is not zero"
    case .unknownAttribute(let number): "attribute \(number) is not known"
    case .duplicate(let attribute): attribute.blamed("comes twice")
    case .missing(let attribute): attribute.blamed("is missing")
    case .malformed(let attribute): attribute.blamed("is malformed")
    case .outOfRange(let attribute): attribute.blamed("is out of range")
    case .unexpected(let attribute): attribute.blamed("does not belong to this message")
    case .tooManyAttributes: "the message has more than \(AttributeReader.most) attributes"
    }
  }
}

extension Attribute {
  /// The name that the schema gives it.
  package var phrase: Phrase { Attribute.phrase(rawValue) }

  @inline(never) fileprivate func blamed(_ fault: StaticString) -> Phrase {
    "attribute \(phrase) \(fault)"
  }

  /// The name that the schema gives the attribute of this number, or the number.
  package static func phrase(_ number: UInt16) -> Phrase {
    Words.phrase(.attribute, number) ?? "\(number)"
  }
}

extension MessageType {
  /// The name that the schema gives it.
  package var phrase: Phrase { Words.phrase(.messageType, rawValue) ?? "\(rawValue)" }
}
