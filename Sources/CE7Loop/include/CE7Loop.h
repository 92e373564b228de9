// SPDX-License-Identifier: GPL-2.0-or-later
// What broker and client need of Linux beyond CE7Linux.h, in its manner.
#pragma once

#include <CE7Linux.h>

int32_t e7_unix_connect(const uint8_t *_Nonnull path, size_t count, int32_t milliseconds);

/// A socket for datagrams whose datagrams go to the one at `path`; none that is sent blocks.
int32_t e7_unix_aim(const uint8_t *_Nonnull path, size_t count);

int32_t e7_unix_accept(int32_t listener);

enum { E7_INPUT = 1, E7_OUTPUT = 4 };

struct e7_ready {
  uint64_t token;
  uint32_t events;
};

int32_t e7_epoll_create(void);
int32_t e7_epoll_add(int32_t epoll, int32_t fd, uint32_t events, uint64_t token);
int32_t e7_epoll_modify(int32_t epoll, int32_t fd, uint32_t events, uint64_t token);
int32_t e7_epoll_remove(int32_t epoll, int32_t fd);
int32_t e7_epoll_wait(int32_t epoll, struct e7_ready *_Nonnull ready, int32_t capacity,
                      int32_t milliseconds);

/// Opens a file of a folder for reading: -EPERM unless it is a regular file of root's or of `uid`'s,
/// with one name, that nobody else may write to.
int32_t e7_open_rules(int32_t folder, const char *_Nonnull name, uint32_t uid);

/// Opens a folder of a folder: -EPERM unless it is root's, and only root may write to it.
int32_t e7_open_roots_folder(int32_t folder, const char *_Nonnull name);
