// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "CE7Linux.h"
#include "CE7Unix.h"

int32_t e7_unix_listen(const uint8_t *path, size_t count, uint32_t mode, int32_t backlog) {
  struct sockaddr_un address;
  int32_t result = e7_unix_name(&address, path, count);
  if (result) return result;

  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  // The file never grants more than `mode`: the inode is made with it, less the umask.
  if (fchmod(fd, mode) || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
      chmod(address.sun_path, mode) || listen(fd, backlog)) {
    int failed = errno;
    close(fd);
    return -failed;
  }
  return fd;
}

int32_t e7_unix_pair(int32_t *ends) {
  return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) ? -errno : 0;
}

int32_t e7_pass_credentials(int32_t fd) { return e7_set_option(fd, SOL_SOCKET, SO_PASSCRED, 1); }

int64_t e7_send_passing(int32_t fd, const uint8_t *bytes, size_t count, int32_t passed) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
  struct iovec part = {(void *)bytes, count};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof(control)};

  memcpy(CMSG_DATA(&control.header), &passed, sizeof(passed));
  ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? -errno : sent;
}

int32_t e7_duplicate(int32_t fd) {
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

  return copy < 0 ? -errno : copy;
}

int32_t e7_join_group(int32_t fd, uint32_t group) {
  return e7_set_option(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, (int32_t)group);
}

int32_t e7_grow_receive_buffer(int32_t fd, int32_t size) {
  return e7_set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, size);
}

bool e7_holds_capability(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};

  // Whoever cannot tell must not trust that there is none.
  if (syscall(SYS_capget, &header, sets)) return true;
  for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
    if (sets[i].effective || sets[i].permitted || sets[i].inheritable) return true;
  return false;
}

int64_t e7_peer_groups(int32_t fd, uint32_t *groups, size_t capacity) {
  socklen_t size = capacity * sizeof(*groups);

  if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) && errno != ERANGE) return -errno;
  return size / sizeof(*groups);
}
