// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Sandbox
package import E7System

/// A step of the confinement that failed.
package struct SandboxError: Error, Sendable {
  /// One line for people.
  package let phrase: Phrase

  /// What `step` was to bring about has failed with a negative errno(3), or has no effect.
  @unsafe init(_ step: UnsafePointer<CChar>, _ result: Int32) {
    let reason = result > 0 ? "has no effect" : SystemError.meaning(-result)
    phrase = "cannot confine this process: \(unsafe Phrase(cString: step)): \(reason)"
  }
}

/// Gives up what a service does not need, in an order in which each step still may.
///
/// Whatever throws has left a process that is half confined and must end.
package enum Sandbox {
  /// Becomes a user and group without any capability: see `e7_shed`.
  package static func shed(
    toUID uid: UInt32, gid: UInt32, parent: Int32
  ) throws(SandboxError) {
    var step = unsafe ("" as StaticString).cString
    let result = unsafe e7_shed(uid, gid, parent, &step)
    if result != 0 { throw unsafe SandboxError(step, result) }
  }

  /// Forbids files, and every system call but those of a table: see `e7_seal`.
  ///
  /// Returns whether the kernel has Landlock.
  package static func seal(
    _ table: (UnsafeMutablePointer<Int>) -> UnsafePointer<e7_call>, folder: Int32 = -1
  ) throws(SandboxError) -> Bool {
    var (step, count) = unsafe (("" as StaticString).cString, 0)
    let calls = unsafe table(&count)
    let result = unsafe e7_seal(calls, count, folder, &step)
    if result < 0 { throw unsafe SandboxError(step, result) }
    return result > 0
  }

  /// What to say where the kernel has no Landlock.
  package static var noLandlock: StaticString {
    "this kernel has no Landlock; other means alone keep files away"
  }
}
