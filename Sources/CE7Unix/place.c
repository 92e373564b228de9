// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "CE7Unix.h"

const char *e7_environment(const char *name) { return getenv(name); }

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

bool e7_is_executable(const char *path) { return access(path, X_OK) == 0; }

bool e7_exists(const char *path) { return access(path, F_OK) == 0; }

int32_t e7_make_folder(const char *path) {
  struct stat found;

  if (mkdir(path, 0755) && errno != EEXIST) return -errno;
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -errno;
  int32_t result = 0;
  if (fstat(fd, &found))
    result = -errno;
  else if (found.st_uid != 0)
    result = -EPERM;
  else if (fchmod(fd, 0755))
    result = -errno;
  close(fd);
  return result;
}

int32_t e7_remove(const char *path) { return unlink(path) ? -errno : 0; }

int32_t e7_lock_file(const char *path) {
  int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return -errno;
  if (flock(fd, LOCK_EX | LOCK_NB)) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

int32_t e7_make_rules_folder(const char *path, uint32_t gid) {
  int32_t result = e7_make_folder(path);
  if (result < 0) return result;
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -errno;
  if (fchown(fd, 0, gid) || fchmod(fd, 0775)) result = -errno;
  close(fd);
  return result;
}
