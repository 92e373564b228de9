// SPDX-License-Identifier: GPL-2.0-or-later
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
