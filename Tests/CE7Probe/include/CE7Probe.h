// SPDX-License-Identifier: GPL-2.0-or-later
// A system call in a process of its own, to see whether a filter kills it.
#pragma once

#include <stdint.h>

/// Forks; the child calls `before`, then the system call as user 65534.  Returns the signal that
/// killed the child, 0 where none did; -1 where it could not be tried.
///
/// A child that neither dies nor ends is killed by SIGALRM in a second.
int32_t e7_probe(int64_t number, const uint64_t *_Nonnull arguments,
                 int32_t (*_Nonnull before)(void));

/// The same by int 0x80, where the processor has it: a number of another architecture's.
int32_t e7_probe_i386(int32_t number, int32_t (*_Nonnull before)(void));

/// Capabilities stay when the user changes: PR_SET_SECUREBITS.
int32_t e7_keep_capabilities(void);
