// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "CE7Linux.h"

_Static_assert(sizeof(struct e7_waited) == sizeof(struct pollfd) && E7_INPUT == POLLIN &&
                   E7_OUTPUT == POLLOUT && E7_CLOSED == (POLLERR | POLLHUP | POLLRDHUP),
               "struct pollfd");

int32_t e7_wait(struct e7_waited *all, size_t count, int32_t milliseconds) {
  struct timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  // Unlike poll(2) it is never made by the kernel again under another number.
  int ready = ppoll((struct pollfd *)all, count, milliseconds < 0 ? NULL : &limit, NULL);

  if (ready < 0) return errno == EINTR ? 0 : -errno;
  return ready;
}

uint64_t e7_monotonic_ms(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
