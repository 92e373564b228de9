// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "CE7Loop.h"

int32_t e7_open_rules(int32_t folder, const char *name, uint32_t uid) {
  // Not waiting for the writer of what may be a pipe.
  int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat found;
  if (fd < 0) return errno == ELOOP ? -EPERM : -errno;

  if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && found.st_nlink == 1 &&
      (found.st_uid == 0 || found.st_uid == uid) && !(found.st_mode & (S_IWGRP | S_IWOTH)))
    return fd;
  close(fd);
  return -EPERM;
}

int32_t e7_open_roots_folder(int32_t folder, const char *name) {
  int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat found;
  if (fd < 0) return errno == ELOOP || errno == ENOTDIR ? -EPERM : -errno;

  if (fstat(fd, &found) == 0 && found.st_uid == 0 && !(found.st_mode & (S_IWGRP | S_IWOTH)))
    return fd;
  close(fd);
  return -EPERM;
}
