// SPDX-License-Identifier: GPL-2.0-or-later
import CE7Linux
import CE7Unix
import CE7Unix
import CSeccomp
public import E7Sandbox

/// The system calls of e7-broker in service: docs/security.md says what each is for.
public enum BrokerCalls {
  /// All of them.
  public static let allowed = [
    AllowedCall(__NR_epoll_wait),
    AllowedCall(__NR_epoll_ctl),
    AllowedCall(__NR_ppoll, Required(3, is: 0)),
    AllowedCall(__NR_accept4),
    AllowedCall(__NR_recvmsg),
    AllowedCall(__NR_sendmsg, Required(2, is: Int(E7_SEND_FLAGS))),
    AllowedCall(__NR_getsockopt, Required(1, is: Int(SOL_SOCKET))),
    // Each list that is asked for has a netlink socket of its own.
    AllowedCall(__NR_socket, Required(0, is: Int(AF_NETLINK)), Required(2, is: 16)),
    AllowedCall(__NR_bind),
    // From which libnl makes the number that it binds to.
    AllowedCall(__NR_getpid),
    AllowedCall(__NR_getsockname),
    AllowedCall(__NR_setsockopt),
    AllowedCall(
      __NR_sendto, Required(3, is: 0), Required(5, is: Int(E7_NETLINK_ADDRESS_SIZE))),
    AllowedCall(__NR_close),
    // A descriptor in reserve, to tell somebody that there are no more.
    AllowedCall(__NR_fcntl, Required(1, is: Int(E7_DUPLICATE))),
    AllowedCall(__NR_read),
    AllowedCall(__NR_write, Required(0, is: 2)),
    AllowedCall(__NR_brk),
    AllowedCall(__NR_clock_gettime, Required(0, is: Int(E7_CLOCK))),
    AllowedCall(__NR_exit_group),
  ]
}
