// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CE7Linux.h"

// Of later kernels than Debian 12's headers: struct landlock_ruleset_attr, which may only grow.
struct ruleset {
  uint64_t files;
  uint64_t ports;
  uint64_t scopes;
};

// The rights on files, ports and scopes that each version added, as numbers of bits.
static const struct {
  uint8_t files, ports, scopes;
} versions[] = {{0, 0, 0}, {13, 0, 0}, {14, 0, 0}, {15, 0, 0}, {15, 2, 0}, {16, 2, 0}, {16, 2, 2}};

enum { newest = sizeof(versions) / sizeof(versions[0]) - 1 };

static uint64_t low_bits(uint8_t count) { return (UINT64_C(1) << count) - 1; }

static int allow_folder(int ruleset, int32_t folder, int32_t version) {
  // Truncating is a right of its own since version 3.
  uint64_t truncate = version >= 3 ? 1 << 14 : 0;
  struct landlock_path_beneath_attr rule = {
      .allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                        LANDLOCK_ACCESS_FS_REMOVE_FILE | truncate,
      .parent_fd = folder};

  return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

int32_t e7_landlock_version(void) {
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

  if (version >= 0) return (int32_t)version;
  return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
}

int32_t e7_landlock(int32_t folder) {
  int32_t version = e7_landlock_version();
  if (version <= 0) return version;
  int known = version < newest ? version : newest;
  struct ruleset all = {low_bits(versions[known].files), low_bits(versions[known].ports),
                        low_bits(versions[known].scopes)};

  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
  if (ruleset < 0) return -errno;
  int32_t result = version;
  if ((folder >= 0 && allow_folder(ruleset, folder, version)) ||
      syscall(SYS_landlock_restrict_self, ruleset, 0))
    result = -errno;
  close(ruleset);
  return result;
}
