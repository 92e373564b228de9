// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CE7Linux.h"
#include "CE7Unix.h"

_Static_assert(E7_SIGINT == SIGINT && E7_SIGKILL == SIGKILL && E7_SIGTERM == SIGTERM &&
                   E7_SIGCHLD == SIGCHLD && E7_SIGHUP == SIGHUP,
               "numbers of signal(7)");

enum { most_descriptors = 8 };

static int place_descriptors(const struct e7_program *program) {
  int above[most_descriptors];

  // First out of the way of each other's final places, then into them, losing close-on-exec.
  for (size_t i = 0; i < program->count; i++) {
    above[i] = fcntl(program->descriptors[i], F_DUPFD, 3 + most_descriptors);
    if (above[i] < 0) return -1;
  }
  for (size_t i = 0; i < program->count; i++)
    if (dup2(above[i], 3 + (int)i) < 0) return -1;
  return close_range(3 + (unsigned)program->count, ~0U, 0);
}

// For good, without any other group.
static int become(uid_t uid, gid_t gid) {
  return setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid);
}

_Noreturn static void become_program(const struct e7_program *program, pid_t parent) {
  char pid[32], count[32], names[256];
  char *environment[] = {pid, count, names, "SWIFT_BACKTRACE=enable=no", NULL};
  char *arguments_of[] = {(char *)program->path, NULL};
  sigset_t none;

  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  snprintf(pid, sizeof(pid), "LISTEN_PID=%d", (int)getpid());
  snprintf(count, sizeof(count), "LISTEN_FDS=%zu", program->count);
  snprintf(names, sizeof(names), "LISTEN_FDNAMES=%s", program->names);
  if (place_descriptors(program) || chdir("/")) _exit(127);
  if (program->uid && become(program->uid, program->gid)) _exit(127);
  // After the change of identity, which forgets it.
  if (e7_die_with_parent(parent)) _exit(127);
  execve(program->path, arguments_of, environment);
  _exit(127);
}

int32_t e7_spawn(const struct e7_program *program) {
  if (program->count > most_descriptors) return -E2BIG;
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) become_program(program, parent);
  return child < 0 ? -errno : child;
}

int32_t e7_spawn_command(const char *path, const char *first, const char *second) {
  char *const arguments_of[] = {(char *)path, (char *)first, (char *)second, NULL};
  static char *const nothing[] = {NULL};
  pid_t parent = getpid();
  pid_t child = fork();

  if (child == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (close_range(3, ~0U, 0) == 0 && chdir("/") == 0 && e7_die_with_parent(parent) == 0)
      execve(path, arguments_of, nothing);
    _exit(127);
  }
  return child < 0 ? -errno : child;
}

int32_t e7_reap(int32_t *status) {
  pid_t child = waitpid(-1, status, WNOHANG);

  return child < 0 ? (errno == ECHILD ? 0 : -errno) : child;
}

int32_t e7_kill(int32_t pid, int32_t signal) { return kill(pid, signal) ? -errno : 0; }

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
