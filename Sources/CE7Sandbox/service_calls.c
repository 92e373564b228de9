// SPDX-License-Identifier: GPL-2.0-or-later
// docs/security.md says what each is for.
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "CE7Sandbox.h"

static const struct e7_call calls[] = {
    // No signal mask; and a process that was stopped goes on without restart_syscall(2).
    {SYS_ppoll, .required = {E7_IS(3, 0)}},
    {SYS_recvmsg, .required = {E7_IS(2, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)}},
    {SYS_sendmsg, .required = {E7_IS(2, MSG_NOSIGNAL | MSG_DONTWAIT)}},
    {SYS_getsockopt, .required = {E7_IS(1, SOL_SOCKET), E7_IS(2, SO_PASSCRED)}},
    {SYS_getsockopt, .required = {E7_IS(1, SOL_SOCKET), E7_IS(2, SO_PEERCRED)}},
    {SYS_getsockopt, .required = {E7_IS(1, SOL_SOCKET), E7_IS(2, SO_PEERGROUPS)}},
    {SYS_getsockopt, .required = {E7_IS(1, SOL_SOCKET), E7_IS(2, SO_DOMAIN)}},
    {SYS_getsockopt, .required = {E7_IS(1, SOL_SOCKET), E7_IS(2, SO_TYPE)}},
    {SYS_getsockname},
    {SYS_getpeername},
    {SYS_close},
    {SYS_write, .required = {E7_IS(0, 2)}},
    {SYS_brk},
    // Where the kernel has no clock that can be read without it.
    {SYS_clock_gettime, .required = {E7_IS(0, CLOCK_MONOTONIC)}},
    {SYS_exit_group},
    {SYS_openat, true,
     {E7_IS(0, E7_FOLDER), E7_IS(2, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC),
      E7_IS(3, 0640)}},
    {SYS_pwrite64, true},
    {SYS_fsync, true},
    {SYS_renameat2, true,
     {E7_IS(0, E7_FOLDER), E7_IS(2, E7_FOLDER), E7_LACKS(4, ~RENAME_EXCHANGE)}},
};

struct e7_calls e7_service_calls(void) {
  return (struct e7_calls){calls, sizeof(calls) / sizeof(calls[0])};
}
