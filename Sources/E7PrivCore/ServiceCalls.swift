// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CSeccomp
public import E7Sandbox

/// The system calls of e7-priv in service: docs/security.md says what each is for.
public enum ServiceCalls {
  /// Those of a service that saves rules in the folder of this descriptor, where it is one.
  public static func allowed(folder: Int32) -> [AllowedCall] {
    var calls = [
      // No signal mask; and a process that was stopped goes on without restart_syscall(2).
      AllowedCall(__NR_ppoll, Required(3, is: 0)),
      AllowedCall(__NR_recvmsg, Required(2, is: Int(E7_RECEIVE_FLAGS))),
      AllowedCall(__NR_sendmsg, Required(2, is: Int(E7_SEND_FLAGS))),
      // To an address as long as netlink's.
      AllowedCall(
        __NR_sendto, Required(3, is: 0), Required(5, is: Int(E7_NETLINK_ADDRESS_SIZE))),
      AllowedCall(__NR_getsockname),
      AllowedCall(__NR_getpeername),
      AllowedCall(__NR_close),
      AllowedCall(__NR_write, Required(0, is: 2)),
      AllowedCall(__NR_brk),
      // Where the kernel has no clock that can be read without it.
      AllowedCall(__NR_clock_gettime, Required(0, is: Int(E7_CLOCK))),
      AllowedCall(__NR_exit_group),
    ]
    for option in [SO_PASSCRED, SO_PEERCRED, SO_PEERGROUPS, SO_DOMAIN, SO_TYPE] {
      calls.append(
        AllowedCall(
          __NR_getsockopt, Required(1, is: Int(SOL_SOCKET)), Required(2, is: Int(option))))
    }
    guard folder >= 0 else { return calls }
    calls.append(
      AllowedCall(
        __NR_openat, Required(0, is: Int(folder)), Required(2, is: Int(E7_SAVE_FLAGS)),
        Required(3, is: Int(E7_SAVE_MODE))))
    calls.append(AllowedCall(__NR_pwrite64))
    calls.append(AllowedCall(__NR_fsync))
    calls.append(
      AllowedCall(
        __NR_renameat2, Required(0, is: Int(folder)), Required(2, is: Int(folder)),
        Required(4, lacks: ~Int(E7_RENAME_EXCHANGE))))
    return calls
  }
}
