// SPDX-License-Identifier: GPL-2.0-or-later
// What e7-priv in service needs nothing of: children, signals, files, and making ends of sockets.
//
// Every function that can fail returns a negative errno(3) then.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Ends of unix sockets, SOCK_SEQPACKET, close-on-exec (end.c)

int32_t e7_unix_listen(const uint8_t *_Nonnull path, size_t count, uint32_t mode, int32_t backlog);
int32_t e7_unix_pair(int32_t *_Nonnull ends);
int32_t e7_pass_credentials(int32_t fd);

/// Sends one datagram with the descriptor `passed`; never blocks, no SIGPIPE.
int64_t e7_send_passing(int32_t fd, const uint8_t *_Nonnull bytes, size_t count, int32_t passed);

/// Fills `groups` with those of who made the other end, and returns how many there are; with a larger
/// number than `capacity`, nothing was filled.
int64_t e7_peer_groups(int32_t fd, uint32_t *_Nonnull groups, size_t capacity);

/// A second descriptor for the same socket, close-on-exec.
int32_t e7_duplicate(int32_t fd);
/// A netlink socket is sent what goes to this group.
int32_t e7_join_group(int32_t fd, uint32_t group);
int32_t e7_grow_receive_buffer(int32_t fd, int32_t size);

/// Whether any capability is effective, permitted or inheritable.
bool e7_holds_capability(void);

// Children and signals (child.c)

enum { E7_SIGINT = 2, E7_SIGKILL = 9, E7_SIGTERM = 15, E7_SIGCHLD = 17, E7_SIGHUP = 1 };

/// Blocks SIGTERM, SIGINT, SIGHUP and SIGCHLD and returns the signalfd(2) that tells of them.
int32_t e7_signals(void);

/// The next signal of a signalfd, or 0.
int32_t e7_next_signal(int32_t fd);

/// How e7_spawn starts a program.
struct e7_program {
  const char *_Nonnull path;
  /// sd_listen_fds(3): descriptors that the program finds at 3, 4, … under `names`.
  const int32_t *_Nonnull descriptors;
  size_t count;
  const char *_Nonnull names;
  /// Identity that it runs under, with no supplementary group; no change where `uid` is 0.
  uint32_t uid;
  uint32_t gid;
};

/// Starts a program with an empty environment but for LISTEN_*; it dies with this process.
/// Returns its process id.
int32_t e7_spawn(const struct e7_program *_Nonnull program);

/// Starts a program with two arguments and nothing in its environment; it dies with this process.
/// Returns its process id.
int32_t e7_spawn_command(const char *_Nonnull path, const char *_Nonnull first,
                         const char *_Nonnull second);

/// Reaps one child: its process id, 0 when none has ended; `status` as waitpid(2) gives it.
int32_t e7_reap(int32_t *_Nonnull status);
int32_t e7_kill(int32_t pid, int32_t signal);

// Files and the environment (place.c)

const char *_Nullable e7_environment(const char *_Nonnull name);

/// Opens those of the descriptors 0 to 2 that are closed; error goes to the journal under `name`, or
/// to the kernel's log.
void e7_open_standard(const char *_Nonnull name);

bool e7_is_executable(const char *_Nonnull path);
bool e7_exists(const char *_Nonnull path);

/// Makes a folder that root owns and only root may write to, or accepts one that is so.
int32_t e7_make_folder(const char *_Nonnull path);
int32_t e7_remove(const char *_Nonnull path);

/// Opens and locks a file for as long as the descriptor lives: -EWOULDBLOCK where another has it.
int32_t e7_lock_file(const char *_Nonnull path);

/// Makes a folder that root and `gid` may write to, or gives one that root owns that mode.
int32_t e7_make_rules_folder(const char *_Nonnull path, uint32_t gid);
