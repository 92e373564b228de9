// SPDX-License-Identifier: GPL-2.0-or-later
// docs/security.md says what each is for.
#include "CE7BrokerCalls.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

static const struct e7_call calls[] = {
    {SYS_epoll_wait},
    {SYS_epoll_ctl},
    {SYS_ppoll, .required = {E7_IS(3, 0)}},
    {SYS_accept4},
    {SYS_recvmsg},
    {SYS_sendmsg, .required = {E7_IS(2, MSG_NOSIGNAL | MSG_DONTWAIT)}},
    {SYS_getsockopt, .required = {E7_IS(1, SOL_SOCKET)}},
    // Each list that is asked for has a netlink socket of its own.
    {SYS_socket, .required = {E7_IS(0, AF_NETLINK), E7_IS(2, NETLINK_GENERIC)}},
    {SYS_bind},
    {SYS_setsockopt},
    {SYS_close},
    // A descriptor in reserve, to tell somebody that there are no more.
    {SYS_fcntl, .required = {E7_IS(1, F_DUPFD_CLOEXEC)}},
    {SYS_read},
    {SYS_write, .required = {E7_IS(0, 2)}},
    {SYS_brk},
    {SYS_clock_gettime, .required = {E7_IS(0, CLOCK_MONOTONIC)}},
    {SYS_exit_group},
};

struct e7_calls e7_broker_calls(void) {
  return (struct e7_calls){calls, sizeof(calls) / sizeof(calls[0])};
}
