// SPDX-License-Identifier: GPL-2.0-or-later
package import CE7Sandbox
package import E7System

/// A step of the confinement that failed: the process is half confined and must end.
package struct SandboxError: Error, Sendable {
  /// One line for people.
  package let phrase: Phrase

  /// What `step` was to bring about has failed with a negative errno(3).
  @unsafe init(_ step: UnsafePointer<CChar>, _ result: Int32) {
    let reason = SystemError.meaning(-result)
    phrase = "cannot confine this process: \(unsafe Phrase(cString: step)): \(reason)"
  }
}

/// Gives up what a service does not need, in an order in which each step still may.
package enum Sandbox {
  package static func shed(to user: Account, parent: Int32) throws(SandboxError) {
    var step = unsafe ("" as StaticString).cString
    let result = unsafe e7_shed(user.uid, user.gid, parent, &step)
    if result < 0 { throw unsafe SandboxError(step, result) }
  }

  /// Forbids files, and every system call but those of a table; what there is to say, once there is
  /// one, of a kernel that cannot all.
  package static func seal(
    _ table: (UnsafeMutablePointer<Int>) -> UnsafePointer<e7_call>, folder: Int32 = -1
  ) throws(SandboxError) -> Phrase? {
    var (step, count) = unsafe (("" as StaticString).cString, 0)
    let calls = unsafe table(&count)
    let result = unsafe e7_seal(calls, count, folder, &step)
    if result < 0 { throw unsafe SandboxError(step, result) }
    return result > 0 ? nil : "this kernel has no Landlock; other means alone keep files away"
  }
}
