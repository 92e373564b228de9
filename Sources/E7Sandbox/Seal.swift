// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CSeccomp
import E7System

/// What a process can do no more, whoever it is: the last that it does before it serves.
public enum Seal {
  /// Forbids files by Landlock and every system call but `calls` by seccomp(2).
  ///
  /// Files may be made, written and renamed in `folder` where it is a descriptor. Returns the kernel's
  /// version of Landlock, 0 where it has none.  A call that is not allowed kills the process.
  public static func close(
    to calls: [AllowedCall], folder: Int32 = -1
  ) throws(SandboxError) -> Int32 {
    // Landlock and seccomp ask for it.
    guard e7_no_new_privileges() == 0, e7_has_no_new_privileges() else {
      throw SandboxError(step: "no new privileges", errno: 0)
    }
    let landlock = e7_landlock(folder)
    guard landlock >= 0 else { throw SandboxError(step: "Landlock", errno: -landlock) }
    let result = filter(calls)
    guard result == 0 else { throw SandboxError(step: "seccomp", errno: -result) }
    return landlock
  }

  /// The kernel's version of Landlock, 0 where it has none.
  public static var landlock: UInt32 { UInt32(max(0, e7_landlock_version())) }

  /// What to say where the kernel has no Landlock.
  public static var noLandlock: StaticString {
    "this kernel has no Landlock; other means alone keep files away"
  }

  /// Negative errno on failure.
  private static func filter(_ calls: [AllowedCall]) -> Int32 {
    guard let context = unsafe seccomp_init(SCMP_ACT_KILL_PROCESS) else { return -ENOMEM }
    defer { unsafe seccomp_release(context) }
    var result = unsafe seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS)
    // Of a process with other threads, too, none goes on without the filter.
    if result == 0 { result = unsafe seccomp_attr_set(context, SCMP_FLTATR_CTL_TSYNC, 1) }
    for call in calls where result == 0 {
      result = unsafe seccomp_rule_add_array(
        context, SCMP_ACT_ALLOW, call.number, UInt32(call.required.count), call.required)
    }
    return result == 0 ? unsafe seccomp_load(context) : result
  }
}
