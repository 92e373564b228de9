// SPDX-License-Identifier: GPL-2.0-or-later

/// An argument of a system call that must have a value, in the bits of a mask.
public struct Required: Equatable, Sendable {
  /// Which argument, from 0.
  public let argument: UInt32
  /// The bits that count.
  public let mask: UInt64
  /// What they must be.
  public let value: UInt64

  /// An argument that must have this value.
  public init(_ argument: UInt32, is value: Int) {
    self.init(argument, mask: .max, value: UInt64(bitPattern: Int64(value)))
  }

  /// An argument that must have none of these bits.
  public init(_ argument: UInt32, lacks bits: Int) {
    self.init(argument, mask: UInt64(bitPattern: Int64(bits)), value: 0)
  }

  private init(_ argument: UInt32, mask: UInt64, value: UInt64) {
    self.argument = argument
    self.mask = mask
    self.value = value
  }
}

/// A system call that a process may make; each of several with one number is a way to make it.
public struct AllowedCall: Equatable, Sendable {
  /// Its number, as this processor has it.
  public let number: Int32
  /// What its arguments must be.
  public let required: [Required]

  /// A call whose arguments must be so.
  public init(_ number: Int32, _ required: Required...) {
    self.number = number
    self.required = required
  }
}
