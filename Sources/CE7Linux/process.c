// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "CE7Linux.h"

const char *e7_errno_name(int32_t number) { return strerrorname_np(number); }
const char *e7_errno_text(int32_t number) { return strerrordesc_np(number); }

static int argument_count;
static char **arguments;

// glibc hands main's arguments to constructors; Embedded Swift has no other way to them.
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
  argument_count = count;
  arguments = values;
}

const char *e7_argument(size_t index) {
  return index < (size_t)argument_count ? arguments[index] : NULL;
}

void e7_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }

enum e7_sink e7_sink_of(int32_t fd) {
  struct stat status;

  if (isatty(fd)) return E7_SINK_TERMINAL;
  if (fstat(fd, &status) == 0 && S_ISCHR(status.st_mode)) return E7_SINK_RECORDS;
  return E7_SINK_STREAM;
}

bool e7_write(int32_t fd, const uint8_t *bytes, size_t count, int32_t milliseconds) {
  while (count > 0) {
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    // A reader that has stopped must not stop the writer for ever.
    if (milliseconds > 0 && e7_wait(&room, 1, milliseconds) <= 0) return false;
    ssize_t written = write(fd, bytes, count);
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written <= 0) return false;
    bytes += written;
    count -= (size_t)written;
  }
  return true;
}

struct e7_account e7_user(const char *name) {
  FILE *file = fopen("/etc/passwd", "re");
  struct e7_account account = {false, 0, 0};

  for (struct passwd *entry; file && !account.exists && (entry = fgetpwent(file));)
    if (strcmp(entry->pw_name, name) == 0)
      account = (struct e7_account){true, entry->pw_uid, entry->pw_gid};
  if (file) fclose(file);
  return account;
}

int64_t e7_group(const char *name) {
  FILE *file = fopen("/etc/group", "re");
  struct group *entry = NULL;

  while (file && (entry = fgetgrent(file)) && strcmp(entry->gr_name, name)) {}
  int64_t gid = entry ? entry->gr_gid : -ENOENT;
  if (file) fclose(file);
  return gid;
}

int32_t e7_become_beside(const char *name, const char *elsewhere) {
  char own[PATH_MAX] = "", path[PATH_MAX + NAME_MAX];

  if (readlink("/proc/self/exe", own, sizeof(own) - 1) < 0) return -errno;
  const char *last = strrchr(own, '/');
  snprintf(path, sizeof(path), "%.*s/%s", last ? (int)(last - own) : 0, own, name);
  execv(path, (char *[]){path, own, NULL});
  snprintf(path, sizeof(path), "%s/%s", elsewhere, name);
  execv(path, (char *[]){path, own, NULL});
  return -errno;
}

int32_t e7_die_with_parent(int32_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)) return -errno;
  // It may have died before; nobody would tell.
  return getppid() == parent ? 0 : -(errno = ESRCH);
}

uint64_t e7_monotonic_ms(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

_Static_assert(E7_CLOSED == (POLLERR | POLLHUP | POLLRDHUP), "poll(2)");

int32_t e7_wait(struct pollfd *all, size_t count, int32_t milliseconds) {
  struct timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  // Unlike poll(2) it is never made by the kernel again under another number.
  int ready = ppoll(all, count, milliseconds < 0 ? NULL : &limit, NULL);

  if (ready < 0) return errno == EINTR ? 0 : -errno;
  return ready;
}
