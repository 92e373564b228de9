// SPDX-License-Identifier: GPL-2.0-or-later
// What a process gives up before it serves.
#ifndef CE7SANDBOX_H
#define CE7SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What an argument of a system call must be: `value`, or with `lacks` none of its bits.
struct e7_required {
  /// Counted from 1; 0 in a row without.
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

/// Rows of a table of calls, for C alone; arguments are counted from 0.
#define E7_IS(n, v) {(n) + 1, false, v}
#define E7_LACKS(n, bits) {(n) + 1, true, bits}

/// Stands for the descriptor of the folder.
enum { E7_FOLDER = INT32_MIN };

/// The calls of e7-priv in service.
const struct e7_call *_Nonnull e7_service_calls(size_t *_Nonnull count);

/// Becomes a user and group, neither of them 0, without any capability, dies with `parent` from now
/// on, and asks the kernel whether all of it holds.
///
/// Where it fails, with -errno, `step` is what was to be brought about, and the process, which must
/// have one thread, is half confined and must end.
int32_t e7_shed(uint32_t uid, uint32_t gid, int32_t parent, const char *_Nonnull *_Nonnull step);

/// Forbids files by Landlock, but to be made, written and renamed in `folder`, unless it is -1; and
/// every system call but `calls` by seccomp(2): another kills the process.
///
/// Returns the kernel's version of Landlock, 0 where it has none; or fails as `e7_shed`.
int32_t e7_seal(const struct e7_call *_Nonnull calls, size_t count, int32_t folder,
                const char *_Nonnull *_Nonnull step);

/// The kernel's version of Landlock, 0 without.
int32_t e7_landlock_version(void);

#endif
