// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/securebits.h>
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

enum { limit_count = sizeof(limits) / sizeof(limits[0]) };

// Root's capabilities are root's no more, and that stays so.
enum {
  locked_securebits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                      SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                      SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED
};

static int limit(void) {
  for (int i = 0; i < limit_count; i++) {
    struct rlimit limit = {limits[i].most, limits[i].most};
    if (prlimit(0, limits[i].resource, &limit, NULL)) return -1;
  }
  return 0;
}

static bool is_limited(void) {
  struct rlimit limit;

  for (int i = 0; i < limit_count; i++)
    if (prlimit(0, limits[i].resource, NULL, &limit) || limit.rlim_max != limits[i].most)
      return false;
  return true;
}

static int empty_bounding_set(void) {
  for (cap_value_t number = 0; number < cap_max_bits(); number++)
    if (cap_drop_bound(number)) return -1;
  return 0;
}

static bool bounding_set_is_empty(void) {
  for (cap_value_t number = 0; number < cap_max_bits(); number++)
    if (cap_get_bound(number)) return false;
  return true;
}

static bool is(uint32_t uid, uint32_t gid) {
  uid_t real, effective, saved;
  gid_t real_group, effective_group, saved_group, other = gid;

  if (getresuid(&real, &effective, &saved) ||
      getresgid(&real_group, &effective_group, &saved_group))
    return false;
  return real == uid && effective == uid && saved == uid && real_group == gid &&
         effective_group == gid && saved_group == gid && getgroups(1, &other) >= 0 &&
         other == gid;
}

// None permitted, effective or inheritable, hence none ambient.
static int drop_capabilities(void) {
  cap_t none = cap_init();
  int result = none ? cap_set_proc(none) : -1;

  cap_free(none);
  return result;
}

static bool has_no_capability(void) {
  cap_t none = cap_init(), own = cap_get_proc();
  bool holds = none && own && cap_compare(own, none) == 0;

  cap_free(none);
  cap_free(own);
  return holds;
}

// Steps of e7_shed alone.  What fails without a reason has failed nevertheless.
#define TAKE(name, call) if (*step = (name), (call)) return errno > 0 ? -errno : -EPERM
#define SHOW(name, holds) if (*step = (name), !(holds)) return 1

int32_t e7_shed(uint32_t uid, uint32_t gid, int32_t parent, const char **step) {
  errno = EINVAL;
  TAKE("user and group", !uid || !gid);
  TAKE("limits", limit());
  // While CAP_SETPCAP is there.
  TAKE("securebits", prctl(PR_SET_SECUREBITS, locked_securebits, 0, 0, 0));
  TAKE("bounding set", empty_bounding_set());
  // Nobody may look into it in the moment between two of these.
  TAKE("not dumpable", prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
  TAKE("user and group", !is(uid, gid) && e7_become(uid, gid));
  TAKE("capabilities", drop_capabilities());
  // The change of user made the process dumpable, and forgot its parent's death.
  TAKE("not dumpable", prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
  TAKE("die with the parent", e7_die_with_parent(parent));
  TAKE("no new privileges", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));

  SHOW("limits", is_limited());
  SHOW("securebits", prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == locked_securebits);
  SHOW("bounding set", bounding_set_is_empty());
  SHOW("user and group", is(uid, gid));
  SHOW("capabilities", has_no_capability());
  SHOW("not dumpable", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
  SHOW("die with the parent", getppid() == parent);
  SHOW("no new privileges", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
  // What was given up must not come back.
  SHOW("user and group", e7_become(0, 0));
  return 0;
}
