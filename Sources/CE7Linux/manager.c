// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "CE7Linux.h"

// More than any process of the suite is given.
enum { first_handed = 3, most_handed = 64 };

// The number that decimal digits write; 0 where they are none, or too many.
static uint64_t number_of(const char *digits) {
  uint64_t number = 0;
  size_t count = digits ? strspn(digits, "0123456789") : 0;

  if (count > 19 || !count || digits[count]) return 0;
  while (*digits) number = number * 10 + (uint64_t)(*digits++ - '0');
  return number;
}

int32_t e7_handed(const char *name) {
  const char *names = getenv("LISTEN_FDNAMES");
  uint64_t count = number_of(getenv("LISTEN_FDS"));

  if (number_of(getenv("LISTEN_PID")) != (uint64_t)getpid() || count > most_handed) return -ENOENT;
  for (int32_t fd = first_handed; names && count > 0; fd++, count--) {
    size_t length = strcspn(names, ":");
    if (length == strlen(name) && memcmp(names, name, length) == 0) return fd;
    names += length + (names[length] == ':');
  }
  return -ENOENT;
}

uint64_t e7_watchdog_period(void) {
  uint64_t period = number_of(getenv("WATCHDOG_USEC"));
  const char *pid = getenv("WATCHDOG_PID");

  if (!period || !getenv("NOTIFY_SOCKET") || (pid && number_of(pid) != (uint64_t)getpid())) return 0;
  return period < 2000 ? 1 : period / 2000;
}

void e7_notify(int32_t fd, const char *text) {
  struct sockaddr_un address;
  const char *path = getenv("NOTIFY_SOCKET");
  size_t length = path ? strlen(path) : 0;

  if (e7_unix_name(&address, (const uint8_t *)path, length)) return;
  // The abstract address ends where the name does, a path's with the structure.
  socklen_t size = sizeof(address);
  if (address.sun_path[0] == '@') {
    address.sun_path[0] = 0;
    size = offsetof(struct sockaddr_un, sun_path) + (socklen_t)length;
  }
  struct iovec part = {(char *)text, strlen(text)};
  struct msghdr message = {
      .msg_name = &address, .msg_namelen = size, .msg_iov = &part, .msg_iovlen = 1};
  // A manager that does not listen acts by itself.
  (void)sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}
