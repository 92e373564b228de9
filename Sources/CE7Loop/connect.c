// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "CE7Loop.h"

int32_t e7_unix_aim(const uint8_t *path, size_t count) {
  struct sockaddr_un address;
  int32_t result = e7_unix_name(&address, path, count);
  if (result) return result;

  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) return fd;
  result = -errno;
  close(fd);
  return result;
}

int32_t e7_unix_connect(const uint8_t *path, size_t count, int32_t milliseconds) {
  struct timeval limit = {milliseconds / 1000, milliseconds % 1000 * 1000};
  struct timeval none = {0, 0};
  struct sockaddr_un address;
  int32_t result = e7_unix_name(&address, path, count);
  if (result) return result;

  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  // connect(2) waits for room in the listener's queue as long as a send would.
  if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
      connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
      setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof(none))) {
    int failed = errno;
    close(fd);
    return -failed;
  }
  return fd;
}

int32_t e7_unix_accept(int32_t listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

  return fd < 0 ? -errno : fd;
}
