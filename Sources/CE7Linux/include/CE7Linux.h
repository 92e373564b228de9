// SPDX-License-Identifier: GPL-2.0-or-later
// What Swift cannot reach of Linux by itself: macros, variadic functions, and what glibc declares
// only under _GNU_SOURCE, which this header must not need.
//
// Every function that can fail returns a negative errno(3) then.
#ifndef CE7LINUX_H
#define CE7LINUX_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

// Errors (process.c); their numbers are errno.h's

/// The name of an errno, such as "EPERM", static, or null.
const char *_Nullable e7_errno_name(int32_t number);

/// What an errno means, in English, static, or null.
const char *_Nullable e7_errno_text(int32_t number);

// Unix sockets, SOCK_SEQPACKET, close-on-exec (socket.c)

struct e7_credentials {
  int32_t pid;
  uint32_t uid;
  uint32_t gid;
};

struct e7_received {
  struct e7_credentials credentials;
  bool has_credentials;
  bool truncated;
  int32_t passed;
};

struct sockaddr_un;

/// The address of a socket in the file system; -ENOENT without a path, -ENAMETOOLONG beyond the 107
/// bytes that unix(7) has room for.
int32_t e7_unix_name(struct sockaddr_un *_Nonnull address, const uint8_t *_Nonnull path, size_t count);

/// Whether a descriptor is an end of a socketpair(2) of unix(7), of type SOCK_SEQPACKET, or at
/// least of no connection that a path in the file system names.
bool e7_is_unix_pair(int32_t fd);
int32_t e7_peer_credentials(int32_t fd, struct e7_credentials *_Nonnull credentials);

/// Whether who made the other end is in a group: 1, 0, or a failure.
int32_t e7_peer_is_in(int32_t fd, uint32_t group);

/// Sends one datagram; never blocks, no SIGPIPE.
int64_t e7_send(int32_t fd, const uint8_t *_Nonnull bytes, size_t count);

/// Receives one datagram; never blocks.
///
/// The control buffer has room for SCM_CREDENTIALS where SO_PASSCRED is on, for one descriptor
/// where one is expected, and for nothing else, so that the kernel installs no other.
int64_t e7_receive(int32_t fd, uint8_t *_Nonnull bytes, size_t capacity, bool expects_descriptor,
                   struct e7_received *_Nonnull received);

/// Opens a socket of generic netlink, close-on-exec, bound to a port of the kernel's choice.
int32_t e7_netlink_open(void);

/// Has refusals come in words, without the request repeated, where the kernel has either (4.12);
/// what waits, for whoever had it before, is forgotten.
void e7_netlink_take(int32_t fd);

/// Sends a datagram to the kernel.
int32_t e7_netlink_send(int32_t fd, const uint8_t *_Nonnull bytes, size_t count);

struct e7_netlink_received {
  /// The sender's netlink port, 0 for the kernel.
  uint32_t port;
  bool truncated;
};

/// Receives one netlink datagram; never blocks.
int64_t e7_netlink_receive(int32_t fd, uint8_t *_Nonnull bytes, size_t capacity,
                           struct e7_netlink_received *_Nonnull received);

/// Room for an address as text.
enum { E7_ADDRESS_TEXT = 46 };

/// Writes the 4 or 16 bytes of an address as people do: inet_ntop(3).
bool e7_address_text(const uint8_t *_Nonnull address, size_t count, uint8_t *_Nonnull text);

int32_t e7_set_option(int32_t fd, int32_t level, int32_t name, int32_t value);
int32_t e7_set_cloexec(int32_t fd);

// What a service manager hands over, and is told: sd_listen_fds(3), sd_notify(3) (manager.c)

/// How many descriptors, from 3 on, are for the process `own`, as its environment says; 0 for none.
int32_t e7_handed_count(const char *_Nullable pid, const char *_Nullable count, int32_t own);

/// Which of so many has a name, and no bit in `gone`; -1 for none.  `names` has colons between them.
int32_t e7_handed_index(const char *_Nullable names, int32_t count, uint64_t gone,
                        const char *_Nonnull name);

/// Milliseconds between two signs of life; 0 where none is awaited from the process `own`.
uint64_t e7_watchdog_period(const char *_Nullable microseconds, const char *_Nullable pid,
                            int32_t own);

/// Says something to the socket at `path`, which begins with @ where it is abstract: best effort.
void e7_notify(int32_t fd, const char *_Nonnull path, const char *_Nonnull text);

// Waiting (wait.c)

enum { E7_INPUT = 1, E7_OUTPUT = 4, E7_CLOSED = 0x2018 };

struct e7_waited {
  int32_t fd;
  int16_t events;
  int16_t ready;
};

/// Waits for descriptors: how many are ready, 0 when the time is over or a signal came; -1
/// milliseconds are for ever.
int32_t e7_wait(struct e7_waited *_Nullable all, size_t count, int32_t milliseconds);

uint64_t e7_monotonic_ms(void);

// Processes, users, files (process.c)

/// The argument at `index`, or null past the last.
const char *_Nullable e7_argument(size_t index);
const char *_Nullable e7_environment(const char *_Nonnull name);
void e7_ignore_broken_pipes(void);

/// Opens those of the descriptors 0 to 2 that are closed; error goes to the journal under `name`, or
/// to the kernel's log.
void e7_open_standard(const char *_Nonnull name);

/// What reads that which is written to a descriptor: a person; a character device such as /dev/kmsg,
/// of which each write(2) is a record, there is always room, and poll(2) says nothing; or whatever
/// reads bytes.
enum e7_sink { E7_SINK_TERMINAL, E7_SINK_RECORDS, E7_SINK_STREAM };
enum e7_sink e7_sink_of(int32_t fd);

/// Writes all bytes, with one write(2) unless the kernel takes only a part; false where it failed,
/// or where there was no room in that time; 0 does not ask for room.
bool e7_write(int32_t fd, const uint8_t *_Nonnull bytes, size_t count, int32_t milliseconds);

/// Runs the program `name` in place of this one, with this one's path as its argument: from the
/// folder of this one, or from `elsewhere`.  Returns only on failure.
int32_t e7_become_beside(const char *_Nonnull name, const char *_Nonnull elsewhere);

/// Looks a name up in /etc/passwd, without NSS: -ENOENT where it is not there.
int32_t e7_user(const char *_Nonnull name, uint32_t *_Nonnull uid, uint32_t *_Nonnull gid);

/// Looks a name up in /etc/group, without NSS: -ENOENT where it is not there.
int32_t e7_group(const char *_Nonnull name, uint32_t *_Nonnull gid);

// The folder of the rules file (folder.c)

/// Opens a folder of root's, below folders of root's, into which nobody else may write but who is
/// in `gid`: -EPERM for another.
int32_t e7_open_rules_folder(const char *_Nonnull path, uint32_t gid);

/// Opens the file that is to take the place of `rules`, empty.
int32_t e7_save_begin(int32_t folder);
int32_t e7_save_write(int32_t fd, const uint8_t *_Nonnull bytes, size_t count, uint64_t offset);

/// Puts the file in the place of `rules`, and that in the place of `rules.previous`; when it
/// returns 0, both survive a power cut.
int32_t e7_save_end(int32_t folder, int32_t fd);

/// Becomes a user and group for good, without any other group.
int32_t e7_become(uint32_t uid, uint32_t gid);

/// The kernel kills this process when its parent, which must be this one, ends: PR_SET_PDEATHSIG.
int32_t e7_die_with_parent(int32_t parent);

/// Memory comes from brk(2) alone, which needs no rights to map files or code.
void e7_heap_by_brk(void);

#endif
