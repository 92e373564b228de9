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
  private struct Step {
    let name: StaticString
    /// Negative errno on failure.
    let run: () -> Int32
    /// Whether the kernel shows the effect.
    let holds: () -> Bool
  }

  private static func steps(uid: UInt32, gid: UInt32, parent: Int32) -> [Step] {
    [
      Step(name: "limits", run: e7_limit, holds: e7_is_limited),
      // While CAP_SETPCAP is there.
      Step(
        name: "securebits", run: e7_lock_securebits, holds: e7_securebits_are_locked),
      Step(name: "bounding set", run: emptyBoundingSet, holds: isBoundingSetEmpty),
      // Nobody may look into it in the moment between two of these.
      Step(name: "not dumpable", run: e7_not_dumpable, holds: { true }),
      Step(
        name: "user and group",
        run: { e7_is(uid, gid) ? 0 : e7_become(uid, gid) },
        holds: { e7_is(uid, gid) }),
      Step(name: "capabilities", run: dropAll, holds: hasNone),
      // The change of user made the process dumpable, and forgot its parent's death.
      Step(name: "not dumpable", run: e7_not_dumpable, holds: { !e7_is_dumpable() }),
      Step(
        name: "die with the parent", run: { e7_die_with_parent(parent) },
        holds: { e7_parent() == parent }),
      Step(
        name: "no new privileges", run: e7_no_new_privileges, holds: e7_has_no_new_privileges),
    ]
  }

  /// Becomes a user and group, neither of them 0, without any capability, and asks the kernel
  /// afterwards whether all of it holds.
  ///
  /// Returns the first step that failed; the process is half confined then and must end.
  /// `parent` is the process that this one dies with.
  public static func shed(toUID uid: UInt32, gid: UInt32, parent: Int32) -> SandboxError? {
    guard uid != 0, gid != 0 else {
      return SandboxError(step: "user and group", errno: EINVAL)
    }
    let steps = steps(uid: uid, gid: gid, parent: parent)
    for step in steps {
      let result = step.run()
      if result < 0 { return SandboxError(step: step.name, errno: -result) }
    }
    for step in steps where !step.holds() {
      return SandboxError(step: step.name, errno: 0)
    }
    // What was given up must not come back.
    guard e7_become(0, 0) < 0 else { return SandboxError(step: "user and group", errno: 0) }
    return nil
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
