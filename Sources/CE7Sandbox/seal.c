// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/landlock.h>
#include <malloc.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CE7Sandbox.h"

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

static int32_t restrict_files(int32_t folder) {
  int32_t version = e7_landlock_version();
  if (version <= 0) return version;
  int known = version < newest ? version : newest;
  // struct landlock_ruleset_attr of later kernels than Debian 12's headers, which may only grow.
  uint64_t all[] = {low_bits(versions[known].files), low_bits(versions[known].ports),
                    low_bits(versions[known].scopes)};

  int ruleset = (int)syscall(SYS_landlock_create_ruleset, all, sizeof(all), 0);
  if (ruleset < 0) return -errno;
  int32_t result = version;
  if ((folder >= 0 && allow_folder(ruleset, folder, version)) ||
      syscall(SYS_landlock_restrict_self, ruleset, 0))
    result = -errno;
  close(ruleset);
  return result;
}

static int allow(scmp_filter_ctx filter, const struct e7_call *call, int32_t folder) {
  struct scmp_arg_cmp compared[3];
  unsigned int count = 0;

  for (; count < 3 && call->required[count].argument; count++) {
    const struct e7_required *required = &call->required[count];
    uint64_t value = (uint64_t)(int64_t)(required->value == E7_FOLDER ? folder : required->value);
    compared[count] = (struct scmp_arg_cmp){required->argument - 1u, SCMP_CMP_MASKED_EQ,
                                            required->lacks ? value : UINT64_MAX,
                                            required->lacks ? 0 : value};
  }
  return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call->number, count, compared);
}

static int load_filter(const struct e7_call *calls, size_t count, int32_t folder) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (!filter) return -ENOMEM;
  int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  // Of a process with other threads, too, none goes on without the filter.
  if (!result) result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
  for (size_t i = 0; i < count && !result; i++)
    if (!calls[i].saves || folder >= 0) result = allow(filter, &calls[i], folder);
  if (!result) result = seccomp_load(filter);
  seccomp_release(filter);
  return result;
}

int32_t e7_seal(const struct e7_call *calls, size_t count, int32_t folder, const char **step) {
  // Memory comes from brk(2) alone, which needs no rights to map files or code; what was needed
  // once is needed again.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
  mallopt(M_ARENA_MAX, 1);
  // Landlock and seccomp ask for it.
  *step = "no new privileges";
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -errno;
  *step = "Landlock";
  int32_t version = restrict_files(folder);
  if (version < 0) return version;
  *step = "seccomp";
  int result = load_filter(calls, count, folder);
  return result ? result : version;
}
