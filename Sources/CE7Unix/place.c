// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "CE7Unix.h"

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
