// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "CE7Linux.h"
#include "CE7Sandbox.h"

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

// A step of e7_shed alone.  What a call says was done and is not has no errno.
#define STEP(name, holds) \
  if (errno = 0, *step = (name), !(holds)) return errno > 0 ? -errno : -EOPNOTSUPP

int32_t e7_shed(uint32_t uid, uint32_t gid, int32_t parent, const char **step) {
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
  STEP("die with the parent", !(errno = -e7_die_with_parent(parent)));
  STEP("no new privileges", !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
                                prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
  // What was given up must not come back.
  STEP("user and group", setresuid(0, 0, 0) && setresgid(0, 0, 0));
  return 0;
}
