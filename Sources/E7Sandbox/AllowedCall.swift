// SPDX-License-Identifier: GPL-2.0-or-later
public import CSeccomp

/// An argument of a system call that must have a value, in the bits of a mask.
public typealias Required = scmp_arg_cmp

extension scmp_arg_cmp {
  /// An argument, from 0, that must have this value.
  public init(_ argument: UInt32, is value: Int) {
    self.init(
      arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: .max,
      datum_b: UInt64(bitPattern: Int64(value)))
  }

  /// An argument that must have none of these bits.
  public init(_ argument: UInt32, lacks bits: Int) {
    self.init(
      arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: UInt64(bitPattern: Int64(bits)), datum_b: 0)
  }
}

/// A system call that a process may make; each of several with one number is a way to make it.
public struct AllowedCall: Sendable {
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
