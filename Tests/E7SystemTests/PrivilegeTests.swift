// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Probe
import E7System
import E7Unix
import Glibc
import Testing

struct PrivilegeTests {
  @Test(.enabled(if: Process.isRoot)) func rootHoldsCapabilities() {
    #expect(Process.holdsCapability)
  }

  @Test(.enabled(if: Process.isRoot)) func whoBecomesAnotherUserHoldsNone() async {
    await #expect(processExitsWith: .success) {
      guard setgid(65534) == 0, setuid(65534) == 0 else { exit(2) }
      exit(Process.holdsCapability ? 1 : 0)
    }
  }

  @Test(.enabled(if: Process.isRoot)) func aKeptOneIsSeen() async {
    await #expect(processExitsWith: .success) {
      // Kept, since who is no root any more keeps them with these bits.
      guard e7_keep_capabilities() == 0, setgid(65534) == 0, setuid(65534) == 0 else {
        exit(2)
      }
      exit(Process.holdsCapability ? 0 : 1)
    }
  }
}
