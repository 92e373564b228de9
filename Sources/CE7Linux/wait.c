// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "CE7Linux.h"

_Static_assert(E7_INPUT == EPOLLIN && E7_OUTPUT == EPOLLOUT &&
                   E7_CLOSED == (EPOLLERR | EPOLLHUP | EPOLLRDHUP),
               "events of epoll(7)");
_Static_assert(E7_SIGINT == SIGINT && E7_SIGKILL == SIGKILL && E7_SIGTERM == SIGTERM &&
                   E7_SIGCHLD == SIGCHLD && E7_SIGHUP == SIGHUP,
               "numbers of signal(7)");

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

_Static_assert(sizeof(struct e7_waited) == sizeof(struct pollfd) && E7_INPUT == POLLIN &&
                   E7_OUTPUT == POLLOUT && E7_CLOSED == (POLLERR | POLLHUP | POLLRDHUP),
               "struct pollfd");
_Static_assert(E7_CLOCK == CLOCK_MONOTONIC, "a clock of clock_gettime(2)");

int32_t e7_wait(struct e7_waited *all, size_t count, int32_t milliseconds) {
  struct timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  // Unlike poll(2) it is never made by the kernel again under another number.
  int ready = ppoll((struct pollfd *)all, count, milliseconds < 0 ? NULL : &limit, NULL);

  if (ready < 0) return errno == EINTR ? 0 : -errno;
  return ready;
}

uint64_t e7_monotonic_ms(void) {
  struct timespec now;

  clock_gettime(E7_CLOCK, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int32_t e7_signals(void) {
  sigset_t set;

  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGCHLD);
  if (sigprocmask(SIG_BLOCK, &set, NULL)) return -errno;
  int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return fd < 0 ? -errno : fd;
}

int32_t e7_next_signal(int32_t fd) {
  struct signalfd_siginfo info;

  return read(fd, &info, sizeof(info)) == sizeof(info) ? (int32_t)info.ssi_signo : 0;
}
