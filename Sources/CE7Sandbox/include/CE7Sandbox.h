// SPDX-License-Identifier: GPL-2.0-or-later
// What a process gives up before it serves.
//
// Whatever fails tells it in a sentence, else it is null; the process, which must have one thread, is
// half confined then and must end.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What an argument of a system call, counted from 1, must be: `value`, or with `lacks` none of its bits.
struct e7_required {
  uint8_t argument;
  bool lacks;
  int32_t value;
};

/// A system call that a process may make; each of several rows with one number is a way to make it.
struct e7_call {
  uint16_t number;
  /// Only where there is a folder to save in.
  bool saves;
  struct e7_required required[3];
};

struct e7_calls {
  const struct e7_call *_Nonnull rows;
  size_t count;
};

/// Rows of a table, for C alone; arguments are counted from 0 here.
#define E7_IS(n, v) {(n) + 1, false, v}
#define E7_LACKS(n, bits) {(n) + 1, true, bits}

/// Stands for the descriptor of the folder.
enum { E7_FOLDER = INT32_MIN };

/// The calls of e7-priv in service.
struct e7_calls e7_service_calls(void);

/// Becomes a user and group, neither of them 0, without any capability, dies with `parent` from now
/// on, and asks the kernel whether all of it holds.
const char *_Nullable e7_shed(uint32_t uid, uint32_t gid, int32_t parent);

/// Forbids files by Landlock, but to be made, written and renamed in `folder`, unless it is -1; and
/// every system call but `calls` by seccomp(2): another kills the process.
const char *_Nullable e7_seal(struct e7_calls calls, int32_t folder);

/// The kernel's version of Landlock, 0 without, or a negative errno(3).
int32_t e7_landlock_version(void);
