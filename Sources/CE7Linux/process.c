// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

const char *e7_environment(const char *name) { return getenv(name); }

void e7_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }

enum e7_sink e7_sink_of(int32_t fd) {
  struct stat status;

  if (isatty(fd)) return E7_SINK_TERMINAL;
  if (fstat(fd, &status) == 0 && S_ISCHR(status.st_mode)) return E7_SINK_RECORDS;
  return E7_SINK_STREAM;
}

bool e7_write(int32_t fd, const uint8_t *bytes, size_t count, int32_t milliseconds) {
  while (count > 0) {
    struct e7_waited room = {.fd = fd, .events = E7_OUTPUT};
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

// A stream to the journal as systemd opens one for a unit: name, unit, priority, whether a line
// begins with its own, and where else it goes.
static int open_journal(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/stdout"};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);

  if (fd < 0) return -1;
  if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
      dprintf(fd, "%s\n\n6\n1\n0\n0\n0\n", name) > 0)
    return fd;
  close(fd);
  return -1;
}

void e7_open_standard(const char *name) {
  // In order: what is opened gets the lowest number that is free.
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    if (fd == 2 && (open_journal(name) == fd || openat(AT_FDCWD, "/dev/kmsg", O_WRONLY) == fd)) continue;
    if (openat(AT_FDCWD, "/dev/null", O_RDWR) != fd) _exit(127);
  }
}

int32_t e7_user(const char *name, uint32_t *uid, uint32_t *gid) {
  FILE *file = fopen("/etc/passwd", "re");
  struct passwd *entry = NULL;

  while (file && (entry = fgetpwent(file)) && strcmp(entry->pw_name, name)) {}
  if (entry) *uid = entry->pw_uid, *gid = entry->pw_gid;
  if (file) fclose(file);
  return entry ? 0 : -ENOENT;
}

int32_t e7_group(const char *name, uint32_t *gid) {
  FILE *file = fopen("/etc/group", "re");
  struct group *entry = NULL;

  while (file && (entry = fgetgrent(file)) && strcmp(entry->gr_name, name)) {}
  if (entry) *gid = entry->gr_gid;
  if (file) fclose(file);
  return entry ? 0 : -ENOENT;
}

int32_t e7_become_beside(const char *name, const char *elsewhere) {
  char own[PATH_MAX], path[PATH_MAX + NAME_MAX];
  ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);

  if (length < 0) return -errno;
  own[length] = 0;
  const char *last = strrchr(own, '/');
  if (!last) return -ENOENT;
  snprintf(path, sizeof(path), "%.*s/%s", (int)(last - own), own, name);
  execv(path, (char *[]){path, own, NULL});
  snprintf(path, sizeof(path), "%s/%s", elsewhere, name);
  execv(path, (char *[]){path, own, NULL});
  return -errno;
}

int32_t e7_become(uint32_t uid, uint32_t gid) {
  return setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid) ? -errno : 0;
}

int32_t e7_die_with_parent(int32_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)) return -errno;
  // It may have died before; nobody would tell.
  errno = ESRCH;
  return getppid() == parent ? 0 : -ESRCH;
}

void e7_heap_by_brk(void) {
  mallopt(M_MMAP_MAX, 0);
  // What was needed once is needed again.
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
  mallopt(M_ARENA_MAX, 1);
}
