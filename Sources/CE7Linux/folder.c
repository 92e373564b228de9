// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CE7Linux.h"

static const char saved[] = "rules", previous[] = "rules.previous", next[] = ".rules.new";

// glibc's own makes it renameat(2) where it can, which is one call more to allow.
static int rename_to(int32_t folder, const char *from, const char *to, unsigned flags) {
  return (int)syscall(SYS_renameat2, folder, from, folder, to, flags);
}

static bool is_roots(int fd, uint32_t writers) {
  struct stat found;

  return fstat(fd, &found) == 0 && found.st_uid == 0 &&
         !(found.st_mode & (found.st_gid == writers ? S_IWOTH : S_IWGRP | S_IWOTH));
}

int32_t e7_open_rules_folder(const char *path, uint32_t gid) {
  enum { as_folder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
  char names[PATH_MAX], *rest = names;

  if (snprintf(names, sizeof(names), "%s", path) >= PATH_MAX) return -ENAMETOOLONG;
  int fd = openat(AT_FDCWD, "/", as_folder);
  // From the root down, each by the descriptor of the one before, so that none can be exchanged.
  for (char *name; fd >= 0 && (name = strtok_r(rest, "/", &rest));) {
    int above = fd;
    fd = is_roots(above, 0) ? openat(above, name, as_folder) : (errno = EPERM, -1);
    int error = errno;
    close(above);
    errno = error;
  }
  if (fd < 0 || is_roots(fd, gid)) return fd < 0 ? -errno : fd;
  close(fd);
  return -EPERM;
}

static int open_next(int32_t folder) {
  return openat(folder, next, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
}

int32_t e7_save_begin(int32_t folder) {
  int fd = open_next(folder);

  // Root's: the file before, of somebody who died between the two steps of e7_save_end.
  if (fd < 0 && errno == EACCES && rename_to(folder, next, previous, 0) == 0)
    fd = open_next(folder);
  return fd < 0 ? -errno : fd;
}

int32_t e7_save_write(int32_t fd, const uint8_t *bytes, size_t count, uint64_t offset) {
  while (count > 0) {
    ssize_t written = pwrite(fd, bytes, count, (off_t)offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? -errno : -EIO;
    bytes += written;
    count -= (size_t)written;
    offset += (uint64_t)written;
  }
  return 0;
}

int32_t e7_save_end(int32_t folder, int32_t fd) {
  while (fsync(fd)) if (errno != EINTR) return -errno;
  // With none there is nothing to keep; a file system that cannot exchange keeps none either.
  if (rename_to(folder, next, saved, RENAME_EXCHANGE) == 0
          ? rename_to(folder, next, previous, 0)
          : (errno != ENOENT && errno != EINVAL && errno != ENOSYS) ||
                rename_to(folder, next, saved, 0))
    return -errno;
  while (fsync(folder)) if (errno != EINTR) return -errno;
  return 0;
}
