// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CE7Linux.h"

// Lanes, the door, netlink, standard input to error, and a file that is saved.
enum { most_open = 64 };

static const struct {
  int resource;
  rlim_t most;
} limits[] = {
    {RLIMIT_CORE, 0}, {RLIMIT_NPROC, 0}, {RLIMIT_MEMLOCK, 0}, {RLIMIT_NOFILE, most_open}};

enum { limit_count = sizeof(limits) / sizeof(limits[0]) };

int32_t e7_limit(void) {
  for (int i = 0; i < limit_count; i++) {
    struct rlimit limit = {limits[i].most, limits[i].most};
    if (setrlimit(limits[i].resource, &limit)) return -errno;
  }
  return 0;
}

bool e7_is_limited(void) {
  struct rlimit limit;

  for (int i = 0; i < limit_count; i++)
    if (getrlimit(limits[i].resource, &limit) || limit.rlim_max != limits[i].most) return false;
  return true;
}

enum {
  locked_securebits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                      SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                      SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED
};

int32_t e7_lock_securebits(void) {
  return prctl(PR_SET_SECUREBITS, locked_securebits, 0, 0, 0) ? -errno : 0;
}

bool e7_securebits_are_locked(void) {
  return prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == locked_securebits;
}

int32_t e7_become(uint32_t uid, uint32_t gid) {
  if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)) return -errno;
  return 0;
}

bool e7_is(uint32_t uid, uint32_t gid) {
  uid_t real, effective, saved;
  gid_t real_group, effective_group, saved_group, other = gid;

  if (getresuid(&real, &effective, &saved) ||
      getresgid(&real_group, &effective_group, &saved_group))
    return false;
  return real == uid && effective == uid && saved == uid && real_group == gid &&
         effective_group == gid && saved_group == gid && getgroups(1, &other) >= 0 &&
         other == gid;
}

int32_t e7_not_dumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ? -errno : 0; }

bool e7_is_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0; }

int32_t e7_no_new_privileges(void) {
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

bool e7_has_no_new_privileges(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1; }

int32_t e7_die_with_parent(int32_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)) return -errno;
  // It may have died before; nobody would tell.
  return getppid() == parent ? 0 : -ESRCH;
}

void e7_heap_by_brk(void) {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_ARENA_MAX, 1);
}

