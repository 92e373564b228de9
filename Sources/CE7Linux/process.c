// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CE7Linux.h"

static int argument_count;
static char **arguments;

// glibc hands main's arguments to constructors; Embedded Swift has no other way to them.
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
  argument_count = count;
  arguments = values;
}

const char *e7_argument(size_t index) {
  return index < (size_t)argument_count ? arguments[index] : NULL;
}

const char *e7_environment(const char *name) { return getenv(name); }

int32_t e7_pid(void) { return getpid(); }

int32_t e7_parent(void) { return getppid(); }

bool e7_is_root(void) { return geteuid() == 0; }

void e7_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }

enum e7_sink e7_sink_of(int32_t fd) {
  struct stat status;

  if (isatty(fd)) return E7_SINK_TERMINAL;
  if (fstat(fd, &status) == 0 && S_ISCHR(status.st_mode)) return E7_SINK_RECORDS;
  return E7_SINK_STREAM;
}

bool e7_write_record(int32_t fd, const uint8_t *bytes, size_t count) {
  ssize_t written;

  do {
    written = write(fd, bytes, count);
  } while (written < 0 && errno == EINTR);
  return written == (ssize_t)count;
}

bool e7_write(int32_t fd, const uint8_t *bytes, size_t count, int32_t milliseconds) {
  while (count > 0) {
    struct e7_waited room = {.fd = fd, .events = E7_OUTPUT};
    // A reader that has stopped must not stop the writer for ever.
    if (e7_wait(&room, 1, milliseconds) <= 0) return false;
    ssize_t written = write(fd, bytes, count);
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written <= 0) return false;
    bytes += written;
    count -= (size_t)written;
  }
  return true;
}

// A stream to the journal as systemd opens one for a unit: name, unit, priority, whether a line
// begins with its own, and where else it goes.
static int open_journal(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/stdout"};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);

  if (fd < 0) return -1;
  if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
      dprintf(fd, "%s\n\n6\n1\n0\n0\n0\n", name) > 0)
    return fd;
  close(fd);
  return -1;
}

void e7_open_standard(const char *name) {
  // In order: what is opened gets the lowest number that is free.
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    if (fd == 2 && (open_journal(name) == fd || open("/dev/kmsg", O_WRONLY) == fd)) continue;
    if (open("/dev/null", O_RDWR) != fd) _exit(127);
  }
}

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
  if (program->uid && e7_become(program->uid, program->gid)) _exit(127);
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

void e7_exit(int32_t status) { _exit(status); }

int32_t e7_user(const char *name, uint32_t *uid, uint32_t *gid) {
  FILE *file = fopen("/etc/passwd", "re");
  struct passwd *entry;
  int32_t result = -ENOENT;

  if (!file) return -errno;
  while (result && (entry = fgetpwent(file)))
    if (strcmp(entry->pw_name, name) == 0) {
      *uid = entry->pw_uid;
      *gid = entry->pw_gid;
      result = 0;
    }
  fclose(file);
  return result;
}

int32_t e7_group(const char *name, uint32_t *gid) {
  FILE *file = fopen("/etc/group", "re");
  struct group *entry;
  int32_t result = -ENOENT;

  if (!file) return -errno;
  while (result && (entry = fgetgrent(file)))
    if (strcmp(entry->gr_name, name) == 0) {
      *gid = entry->gr_gid;
      result = 0;
    }
  fclose(file);
  return result;
}

int64_t e7_self_path(uint8_t *bytes, size_t capacity) {
  ssize_t count = readlink("/proc/self/exe", (char *)bytes, capacity);

  return count < 0 ? -errno : count;
}

bool e7_is_executable(const char *path) { return access(path, X_OK) == 0; }

bool e7_exists(const char *path) { return access(path, F_OK) == 0; }

int32_t e7_make_folder(const char *path) {
  struct stat found;

  if (mkdir(path, 0755) && errno != EEXIST) return -errno;
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -errno;
  int32_t result = 0;
  if (fstat(fd, &found))
    result = -errno;
  else if (found.st_uid != 0)
    result = -EPERM;
  else if (fchmod(fd, 0755))
    result = -errno;
  close(fd);
  return result;
}

int32_t e7_remove(const char *path) { return unlink(path) ? -errno : 0; }

int32_t e7_lock_file(const char *path) {
  int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return -errno;
  if (flock(fd, LOCK_EX | LOCK_NB)) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}
