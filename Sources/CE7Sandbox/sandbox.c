// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/landlock.h>
#include <malloc.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CE7Linux.h"
#include "CE7Sandbox.h"

// A step by itself.  What a call says was done, and is not, has no errno.
#define STEP(name, holds) \
  if (errno = 0, !(holds)) return failed(name, errno > 0 ? errno : EOPNOTSUPP)

static const char *failed(const char *step, int error) {
  static char sentence[128];

  snprintf(sentence, sizeof(sentence), "cannot confine this process: %s: %s", step,
           strerrordesc_np(error));
  return sentence;
}

// No core dump, no other process, no locked memory; lanes, the door, netlink, standard input to
// error, and a file that is saved.
static const struct {
  uint8_t resource, most;
} limits[] = {{RLIMIT_CORE, 0}, {RLIMIT_NPROC, 0}, {RLIMIT_MEMLOCK, 0}, {RLIMIT_NOFILE, 64}};

static bool is_limited(void) {
  for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
    struct rlimit limit = {limits[i].most, limits[i].most};
    if (prlimit(0, limits[i].resource, &limit, NULL) ||
        prlimit(0, limits[i].resource, NULL, &limit) || limit.rlim_max != limits[i].most)
      return false;
  }
  return true;
}

static bool is(uint32_t uid, uint32_t gid) {
  uid_t user[3];
  gid_t group[3], other = gid;

  if (getresuid(&user[0], &user[1], &user[2]) || getresgid(&group[0], &group[1], &group[2]) ||
      getgroups(1, &other) < 0 || other != gid)
    return false;
  for (int i = 0; i < 3; i++)
    if (user[i] != uid || group[i] != gid) return false;
  return true;
}

const char *e7_shed(uint32_t uid, uint32_t gid, int32_t parent) {
  STEP("user and group", uid && gid);
  STEP("limits", is_limited());
  // Nobody may look into it in the moment between two of these.
  STEP("not dumpable", prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
  // libcap keeps what is permitted until the next step.
  STEP("user and group", is(uid, gid) || (!cap_setgroups(gid, 0, NULL) && !cap_setuid(uid) &&
                                          is(uid, gid)));
  // Securebits, all locked, and every set of capabilities, the bounding one too.
  STEP("capabilities", !cap_set_mode(CAP_MODE_NOPRIV) && cap_get_mode() == CAP_MODE_NOPRIV);
  // The change of user made the process dumpable, and forgot its parent's death.
  STEP("not dumpable", !prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) && !prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
  STEP("die with the parent", e7_die_with_parent(parent) == 0);
  STEP("no new privileges", !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
                                prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
  // What was given up must not come back.
  STEP("user and group", setresuid(0, 0, 0) && setresgid(0, 0, 0));
  return NULL;
}

// The rights on files, ports and scopes that each version of Landlock added, as numbers of bits.
static const struct {
  uint8_t files, ports, scopes;
} versions[] = {{0, 0, 0}, {13, 0, 0}, {14, 0, 0}, {15, 0, 0}, {15, 2, 0}, {16, 2, 0}, {16, 2, 2}};

enum { newest = sizeof(versions) / sizeof(versions[0]) - 1 };

static uint64_t low_bits(uint8_t count) { return (UINT64_C(1) << count) - 1; }

int32_t e7_landlock_version(void) {
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

  if (version >= 0) return (int32_t)version;
  return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
}

static bool allow_folder(int ruleset, int32_t folder, int32_t version) {
  // Truncating is a right of its own since version 3.
  uint64_t truncate = version >= 3 ? 1 << 14 : 0;
  struct landlock_path_beneath_attr rule = {
      .allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                        LANDLOCK_ACCESS_FS_REMOVE_FILE | truncate,
      .parent_fd = folder};

  return !syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static bool restrict_files(int32_t folder) {
  int32_t version = e7_landlock_version();
  if (version <= 0) return version == 0;
  int known = version < newest ? version : newest;
  // struct landlock_ruleset_attr of later kernels than Debian 12's headers, which may only grow.
  uint64_t all[] = {low_bits(versions[known].files), low_bits(versions[known].ports),
                    low_bits(versions[known].scopes)};

  int ruleset = (int)syscall(SYS_landlock_create_ruleset, all, sizeof(all), 0);
  bool holds = ruleset >= 0 && (folder < 0 || allow_folder(ruleset, folder, version)) &&
               !syscall(SYS_landlock_restrict_self, ruleset, 0);
  if (ruleset >= 0) close(ruleset);
  return holds;
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

static bool load_filter(struct e7_calls calls, int32_t folder) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (!filter) return false;
  int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  // Of a process with other threads, too, none goes on without the filter.
  if (!result) result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
  for (size_t i = 0; i < calls.count && !result; i++)
    if (!calls.rows[i].saves || folder >= 0) result = allow(filter, &calls.rows[i], folder);
  if (!result) result = seccomp_load(filter);
  seccomp_release(filter);
  errno = -result;
  return result == 0;
}

const char *e7_seal(struct e7_calls calls, int32_t folder) {
  // Memory comes from brk(2) alone, which needs no rights to map files or code; what was needed
  // once is needed again.
  STEP("memory", mallopt(M_MMAP_MAX, 0) && mallopt(M_TRIM_THRESHOLD, 1 << 20) &&
                     mallopt(M_ARENA_MAX, 1));
  // Landlock and seccomp ask for it.
  STEP("no new privileges", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  STEP("Landlock", restrict_files(folder));
  STEP("seccomp", load_filter(calls, folder));
  return NULL;
}
