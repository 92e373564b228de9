// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "CE7Linux.h"

// More than any process of the suite is given; and a bit for each.
enum { most_handed = 64 };

// The number that decimal digits write; 0 where they are none, or too many.
static uint64_t number_of(const char *digits) {
  uint64_t number = 0;
  size_t count = digits ? strspn(digits, "0123456789") : 0;

  if (count > 19 || !count || digits[count]) return 0;
  while (*digits) number = number * 10 + (uint64_t)(*digits++ - '0');
  return number;
}

int32_t e7_handed_count(const char *pid, const char *count, int32_t own) {
  uint64_t handed = number_of(count);
  return number_of(pid) == (uint64_t)own && handed <= most_handed ? (int32_t)handed : 0;
}

int32_t e7_handed_index(const char *names, int32_t count, uint64_t gone, const char *name) {
  for (int32_t i = 0; i < count && names; i++) {
    size_t length = strcspn(names, ":");
    if (!(gone >> i & 1) && length == strlen(name) && memcmp(names, name, length) == 0) return i;
    names += length + (names[length] == ':');
  }
  return -1;
}

uint64_t e7_watchdog_period(const char *microseconds, const char *pid, int32_t own) {
  uint64_t period = number_of(microseconds);

  if (!period || (pid && number_of(pid) != (uint64_t)own)) return 0;
  // It is looked for twice as often as it has to come.
  return period < 2000 ? 1 : period / 2000;
}

void e7_notify(int32_t fd, const char *path, const char *text) {
  struct sockaddr_un address;
  size_t length = strlen(path);
  struct iovec part = {(char *)text, strlen(text)};

  if (e7_unix_name(&address, (const uint8_t *)path, length)) return;
  // The abstract address ends where the name does, a path's with the structure.
  socklen_t size = offsetof(struct sockaddr_un, sun_path) + (socklen_t)length;
  if (address.sun_path[0] == '@')
    address.sun_path[0] = 0;
  else
    size = sizeof(address);
  struct msghdr message = {
      .msg_name = &address, .msg_namelen = size, .msg_iov = &part, .msg_iovlen = 1};
  // A manager that does not listen acts by itself.
  (void)sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}
