// SPDX-License-Identifier: GPL-2.0-or-later
import CCap
import CE7Linux
import E7System
public import E7Text

/// A step of the shedding that failed.
public struct SandboxError: Error, Sendable {
  /// What the step was to bring about.
  public let step: StaticString
  /// errno(3), 0 where the call succeeded and the kernel does not show its effect.
  public let errno: Int32

  /// One line for people.
  public var phrase: Phrase {
    let reason = errno == 0 ? "has no effect" : SystemError.meaning(errno)
    return "cannot confine this process: \(step): \(reason)"
  }
}

/// Gives up what a service does not need, in an order in which each step still may.
///
/// Capabilities, bounding set and no_new_privs are each thread's own: the process has one thread.
public enum Sandbox {
  /// Becomes a user and group, neither of them 0, without any capability, and asks the kernel
  /// afterwards whether all of it holds.
  ///
  /// Throws the first step that failed; the process is half confined then and must end.
  /// `parent` is the process that this one dies with.
  public static func shed(
    toUID uid: UInt32, gid: UInt32, parent: Int32
  ) throws(SandboxError) {
    try take("user and group", uid != 0 && gid != 0 ? 0 : -EINVAL)
    try take("limits", e7_limit())
    // While CAP_SETPCAP is there.
    try take("securebits", e7_lock_securebits())
    try take("bounding set", emptyBoundingSet())
    // Nobody may look into it in the moment between two of these.
    try take("not dumpable", e7_not_dumpable())
    try take("user and group", e7_is(uid, gid) ? 0 : e7_become(uid, gid))
    try take("capabilities", dropAll())
    // The change of user made the process dumpable, and forgot its parent's death.
    try take("not dumpable", e7_not_dumpable())
    try take("die with the parent", e7_die_with_parent(parent))
    try take("no new privileges", e7_no_new_privileges())

    try show("limits", e7_is_limited())
    try show("securebits", e7_securebits_are_locked())
    try show("bounding set", isBoundingSetEmpty())
    try show("user and group", e7_is(uid, gid))
    try show("capabilities", hasNone())
    try show("not dumpable", !e7_is_dumpable())
    try show("die with the parent", getppid() == parent)
    try show("no new privileges", e7_has_no_new_privileges())
    // What was given up must not come back.
    try show("user and group", e7_become(0, 0) < 0)
  }

  @inline(never) private static func take(
    _ step: StaticString, _ result: Int32
  ) throws(SandboxError) {
    if result < 0 { throw SandboxError(step: step, errno: -result) }
  }

  @inline(never) private static func show(
    _ step: StaticString, _ holds: Bool
  ) throws(SandboxError) {
    if !holds { throw SandboxError(step: step, errno: 0) }
  }

  private static func emptyBoundingSet() -> Int32 {
    for number in 0..<cap_max_bits() where cap_drop_bound(number) != 0 { return -EPERM }
    return 0
  }

  private static func isBoundingSetEmpty() -> Bool {
    for number in 0..<cap_max_bits() where cap_get_bound(number) != 0 { return false }
    return true
  }

  /// None permitted, effective or inheritable, hence none ambient.
  private static func dropAll() -> Int32 {
    guard let none = unsafe cap_init() else { return -ENOMEM }
    defer { _ = unsafe cap_free(UnsafeMutableRawPointer(none)) }
    return unsafe cap_set_proc(none) == 0 ? 0 : -EPERM
  }

  private static func hasNone() -> Bool {
    guard let none = unsafe cap_init() else { return false }
    defer { _ = unsafe cap_free(UnsafeMutableRawPointer(none)) }
    guard let own = unsafe cap_get_proc() else { return false }
    defer { _ = unsafe cap_free(UnsafeMutableRawPointer(own)) }
    return unsafe cap_compare(own, none) == 0
  }
}
