// SPDX-License-Identifier: GPL-2.0-or-later
// What Swift cannot reach of Linux by itself: macros, variadic functions, and what glibc declares
// only under _GNU_SOURCE, which this header must not need.
//
// Every function that can fail returns a negative errno(3) then.
#pragma once

#include <errno.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

// Processes, users, time (process.c)

/// The name of an errno, such as "EPERM", and what it means in English: static, or null.
const char *_Nullable e7_errno_name(int32_t number);
const char *_Nullable e7_errno_text(int32_t number);

const char *_Nullable e7_argument(size_t index);
void e7_ignore_broken_pipes(void);

/// What reads that which is written to a descriptor: a person; a device such as /dev/kmsg, of which
/// each write(2) is a record, and poll(2) says nothing; or whatever reads bytes.
enum e7_sink { E7_SINK_TERMINAL, E7_SINK_RECORDS, E7_SINK_STREAM };
enum e7_sink e7_sink_of(int32_t fd);

/// Writes all bytes, at once where the kernel takes them so; false where it failed, or where there was
/// no room in that time; 0 does not ask for room.
bool e7_write(int32_t fd, const uint8_t *_Nonnull bytes, size_t count, int32_t milliseconds);

/// Runs the program `name`, from the folder of this one or from `elsewhere`, in place of this one, with
/// this one's path as its argument.  Returns only on failure.
int32_t e7_become_beside(const char *_Nonnull name, const char *_Nonnull elsewhere);

/// A user of /etc/passwd, looked up without NSS.
struct __attribute__((swift_name("Account"))) e7_account {
  bool exists;
  uint32_t uid, gid;
};
struct e7_account e7_user(const char *_Nonnull name);

/// The id of a group of /etc/group, looked up without NSS: -ENOENT where it is not there.
int64_t e7_group(const char *_Nonnull name);

/// The kernel kills this process when its parent, which must be this one, ends: PR_SET_PDEATHSIG.
int32_t e7_die_with_parent(int32_t parent);

/// Milliseconds of CLOCK_MONOTONIC: suspended time does not count.
uint64_t e7_monotonic_ms(void) __attribute__((swift_name("monotonicMilliseconds()")));

/// Waits for descriptors: how many are ready, 0 when the time is over or a signal came; -1
/// milliseconds are for ever.
int32_t e7_wait(struct pollfd *_Nullable all, size_t count, int32_t milliseconds);
enum { E7_CLOSED = 0x2018 };

// What a service manager hands over, and is told (manager.c)

/// The descriptor that sd_listen_fds(3) has for this process under a name, -ENOENT without one; it
/// is whoever's asks first.
int32_t e7_handed(const char *_Nonnull name);

/// Milliseconds between two signs of life, half of those that sd_watchdog_enabled(3) tells of; 0
/// where none is awaited.
uint64_t e7_watchdog_period(void);

/// Says something as sd_notify(3) does, by a datagram socket of unix(7): best effort.
void e7_notify(int32_t fd, const char *_Nonnull text);

// Sockets, close-on-exec; nothing here blocks or raises SIGPIPE (socket.c)

/// `struct ucred` of unix(7), in the reader's namespaces: `pid` is 0 where the process is not
/// visible from here.
struct __attribute__((swift_name("Credentials"))) e7_credentials {
  int32_t pid;
  uint32_t uid, gid;
};

struct e7_received {
  struct e7_credentials credentials;
  bool has_credentials, truncated;
  /// A descriptor, or -1.
  int32_t passed;
  /// The sender's netlink port: 0 for the kernel, UINT32_MAX for what is no netlink.
  uint32_t port;
};

struct sockaddr_un;

/// The address of a socket in the file system; -ENOENT without a path, -ENAMETOOLONG beyond the 107
/// bytes that unix(7) has room for.
int32_t e7_unix_name(struct sockaddr_un *_Nonnull address, const uint8_t *_Nonnull path, size_t count);

int32_t e7_set_option(int32_t fd, int32_t level, int32_t name, int32_t value);

/// Whether a descriptor is an end of a socketpair(2) of unix(7), of type SOCK_SEQPACKET, or at
/// least of no connection that a path in the file system names.
bool e7_is_unix_pair(int32_t fd);

/// Who connected, or made the pair, as it was then: SO_PEERCRED.
int32_t e7_peer_credentials(int32_t fd, struct e7_credentials *_Nonnull credentials);

/// Whether who made the other end is in a group: 1, 0, or a failure.
int32_t e7_peer_is_in(int32_t fd, uint32_t group);

/// Sends one datagram, by netlink to the kernel.
int64_t e7_send(int32_t fd, const uint8_t *_Nonnull bytes, size_t count);

/// Receives one datagram.
///
/// The control buffer has room for SCM_CREDENTIALS where SO_PASSCRED is on, for one descriptor
/// where one is expected, and for nothing else, so that the kernel installs no other.
int64_t e7_receive(int32_t fd, uint8_t *_Nonnull bytes, size_t capacity, bool expects_descriptor,
                   struct e7_received *_Nonnull received);

/// Opens a socket of generic netlink, bound to a port of the kernel's choice, or takes over one that
/// was `handed`, unless that is -1, and forgets what waits there for whoever had it before.
///
/// Refusals come in words, without the request repeated, where the kernel has either (4.12).
int32_t e7_netlink_open(int32_t handed);

/// Writes the 4 or 16 bytes of an address as people do: inet_ntop(3).
enum { E7_ADDRESS_TEXT = 46 };
bool e7_address_text(const uint8_t *_Nonnull address, size_t count, uint8_t *_Nonnull text);

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
