// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/epoll.h>

#include "CE7Loop.h"

_Static_assert(E7_INPUT == EPOLLIN && E7_OUTPUT == EPOLLOUT &&
                   E7_CLOSED == (EPOLLERR | EPOLLHUP | EPOLLRDHUP),
               "events of epoll(7)");

int32_t e7_epoll_create(void) {
  int fd = epoll_create1(EPOLL_CLOEXEC);

  return fd < 0 ? -errno : fd;
}

static int32_t control(int32_t epoll, int32_t operation, int32_t fd, uint32_t events,
                       uint64_t token) {
  struct epoll_event event = {.events = events, .data.u64 = token};

  return epoll_ctl(epoll, operation, fd, &event) ? -errno : 0;
}

int32_t e7_epoll_add(int32_t epoll, int32_t fd, uint32_t events, uint64_t token) {
  return control(epoll, EPOLL_CTL_ADD, fd, events, token);
}

int32_t e7_epoll_modify(int32_t epoll, int32_t fd, uint32_t events, uint64_t token) {
  return control(epoll, EPOLL_CTL_MOD, fd, events, token);
}

int32_t e7_epoll_remove(int32_t epoll, int32_t fd) {
  return control(epoll, EPOLL_CTL_DEL, fd, 0, 0);
}

int32_t e7_epoll_wait(int32_t epoll, struct e7_ready *ready, int32_t capacity,
                      int32_t milliseconds) {
  struct epoll_event events[64];
  if (capacity > 64) capacity = 64;

  int count = epoll_wait(epoll, events, capacity, milliseconds);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < count; i++)
    ready[i] = (struct e7_ready){.token = events[i].data.u64, .events = events[i].events};
  return count;
}
