// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/securebits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CE7Probe.h"

enum { refused = 97, nobody = 65534, attempts = 10 };

/// What a child does once it stands where it is to be probed.
struct call {
  int64_t number;
  const uint64_t *arguments;
  void (*make)(const struct call *);
};

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

/// Ends with `call`; `ready`, which the parent sees, tells that it came so far.
static _Noreturn void be_probed(const struct call *call, int32_t (*before)(void),
                                volatile bool *ready) {
  prepare(before);
  *ready = true;
  call->make(call);
  for (;;) syscall(SYS_exit_group, 0);
}

static int32_t end_of(pid_t child) {
  int status;

  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  if (WIFSIGNALED(status)) return WTERMSIG(status);
  return WEXITSTATUS(status) == refused ? -1 : 0;
}

/// A child that its alarm ends before it makes the call says nothing about it: it was late, or waited
/// for a lock that another thread held at the fork.
static int32_t probe(const struct call *call, int32_t (*before)(void)) {
  volatile bool *ready =
      mmap(NULL, sizeof(*ready), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int32_t end = -1;

  if (ready == MAP_FAILED) return end;
  for (int attempt = 0; attempt < attempts && !*ready; attempt++) {
    pid_t child = fork();

    if (child == 0) be_probed(call, before, ready);
    end = end_of(child);
    if (end != SIGALRM) break;
  }
  munmap((void *)ready, sizeof(*ready));
  return end;
}

static void native(const struct call *call) {
  const uint64_t *arguments = call->arguments;

  syscall(call->number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
          arguments[5]);
}

int32_t e7_probe(int64_t number, const uint64_t *arguments, int32_t (*before)(void)) {
  const struct call call = {number, arguments, native};

  return probe(&call, before);
}

#ifdef __x86_64__
static void i386(const struct call *call) {
  long result = call->number;

  __asm__ volatile("int $0x80" : "+a"(result) : "b"(-1), "c"(-1), "d"(-1) : "memory");
}
#endif

int32_t e7_probe_i386(int32_t number, int32_t (*before)(void)) {
#ifdef __x86_64__
  const struct call call = {number, NULL, i386};

  return probe(&call, before);
#else
  (void)number;
  (void)before;
  return SIGSYS;
#endif
}

int32_t e7_keep_capabilities(void) {
  return prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
}
