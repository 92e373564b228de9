// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CE7Probe.h"

enum { refused = 97, nobody = 65534 };

static int32_t end_of(pid_t child) {
  int status;

  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  if (WIFSIGNALED(status)) return WTERMSIG(status);
  return WEXITSTATUS(status) == refused ? -1 : 0;
}

static void prepare(int32_t (*before)(void)) {
  sigset_t none;

  // A thread of a test may have blocked it.
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  // Nor is a crash worth a trace.
  const int signals[] = {SIGALRM, SIGSEGV, SIGILL, SIGBUS, SIGTRAP, SIGABRT};
  for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) signal(signals[i], SIG_DFL);
  alarm(1);
  // Nothing that a call might do without the filter must reach anybody.
  if (setpgid(0, 0) || setresgid(nobody, nobody, nobody) || setresuid(nobody, nobody, nobody) ||
      before())
    _exit(refused);
}

int32_t e7_probe(int64_t number, const uint64_t *arguments, int32_t (*before)(void)) {
  pid_t child = fork();

  if (child == 0) {
    prepare(before);
    syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
            arguments[5]);
    syscall(SYS_exit_group, 0);
  }
  return end_of(child);
}

int32_t e7_probe_i386(int32_t number, int32_t (*before)(void)) {
#ifdef __x86_64__
  pid_t child = fork();

  if (child == 0) {
    prepare(before);
    long result = number;
    __asm__ volatile("int $0x80" : "+a"(result) : "b"(-1), "c"(-1), "d"(-1) : "memory");
    syscall(SYS_exit_group, 0);
  }
  return end_of(child);
#else
  (void)number;
  (void)before;
  return SIGSYS;
#endif
}
