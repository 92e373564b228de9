// SPDX-License-Identifier: GPL-2.0-or-later

/// Names that this machine gives to numbers, where somebody looks them up.
///
/// A name stands in lines alone: rules and messages carry its number.
package struct Names {
  /// The uid of the user with this name, or nil.
  package var uid: ([UInt8]) -> UInt32?
  /// The name of the user with this uid, or nil.
  package var user: (UInt32) -> [UInt8]?
  /// The port of the service with this name, of an IP protocol or of whichever where that is any;
  /// or nil.
  package var port: (_ service: [UInt8], _ prot: UInt16) -> UInt16?

  /// Names as these functions know them.
  package init(
    uid: @escaping ([UInt8]) -> UInt32?, user: @escaping (UInt32) -> [UInt8]?,
    port: @escaping (_ service: [UInt8], _ prot: UInt16) -> UInt16?
  ) {
    self.uid = uid
    self.user = user
    self.port = port
  }

  /// The word for a user: the name where it reads back to the same uid, else the number.
  func word(ofUser uid: UInt32) -> String {
    guard let name = user(uid), !name.isEmpty, !Number.isWritten(name), self.uid(name) == uid
    else { return "\(uid)" }
    return Text.word(name)
  }
}
