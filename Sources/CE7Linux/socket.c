// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "CE7Linux.h"

// SCM_PIDFD, which is newer than Debian 12's headers: linux/socket.h.
enum { scm_pidfd = 4 };

_Static_assert(sizeof(struct e7_credentials) == sizeof(struct ucred), "struct ucred");

int32_t e7_unix_name(struct sockaddr_un *address, const uint8_t *path, size_t count) {
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  if (count == 0) return -ENOENT;
  if (count >= sizeof(address->sun_path)) return -ENAMETOOLONG;
  memcpy(address->sun_path, path, count);
  return 0;
}

int32_t e7_set_option(int32_t fd, int32_t level, int32_t name, int32_t value) {
  return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

static bool option_is(int32_t fd, int name, int wanted) {
  int value;
  socklen_t size = sizeof(value);

  return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 && value == wanted;
}

// A name in the file system; sockets that pass credentials get an abstract one by themselves.
static bool has_path(const struct sockaddr_un *name, socklen_t size) {
  return size > sizeof(name->sun_family) && name->sun_path[0] != 0;
}

bool e7_is_unix_pair(int32_t fd) {
  struct sockaddr_un name;
  socklen_t own = sizeof(name), peer = sizeof(name);

  // An end of a connection has a path on one side: that of the listener.
  return option_is(fd, SO_DOMAIN, AF_UNIX) && option_is(fd, SO_TYPE, SOCK_SEQPACKET) &&
         getsockname(fd, (struct sockaddr *)&name, &own) == 0 && !has_path(&name, own) &&
         getpeername(fd, (struct sockaddr *)&name, &peer) == 0 && !has_path(&name, peer);
}

int32_t e7_peer_credentials(int32_t fd, struct e7_credentials *credentials) {
  socklen_t size = sizeof(*credentials);

  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, &size)) return -errno;
  return size == sizeof(*credentials) ? 0 : -EPROTO;
}

int32_t e7_peer_is_in(int32_t fd, uint32_t group) {
  socklen_t size = 0;

  if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &group, &size) == 0) return false;
  if (errno != ERANGE) return -errno;
  gid_t *groups = malloc(size);
  int32_t result =
      groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0 ? false : -errno;
  for (size_t i = 0; !result && i < size / sizeof(*groups); i++) result = groups[i] == group;
  free(groups);
  return result;
}

int64_t e7_send(int32_t fd, const uint8_t *bytes, size_t count) {
  struct iovec part = {(void *)bytes, count};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

  return sent < 0 ? -errno : sent;
}

static void take_control(struct cmsghdr *header, bool expects, struct e7_received *received) {
  size_t count = header->cmsg_len - CMSG_LEN(0);

  if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS &&
      count == sizeof(received->credentials)) {
    memcpy(&received->credentials, CMSG_DATA(header), count);
    received->has_credentials = true;
    return;
  }
  if (header->cmsg_level != SOL_SOCKET ||
      (header->cmsg_type != SCM_RIGHTS && header->cmsg_type != scm_pidfd))
    return;
  for (size_t at = 0; at + sizeof(int) <= count; at += sizeof(int)) {
    int fd;

    memcpy(&fd, CMSG_DATA(header) + at, sizeof(fd));
    if (expects && header->cmsg_type == SCM_RIGHTS && received->passed < 0)
      received->passed = fd;
    else
      close(fd);
  }
}

int64_t e7_receive(int32_t fd, uint8_t *bytes, size_t capacity, bool expects_descriptor,
                   struct e7_received *received) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec part = {bytes, capacity};
  struct sockaddr_nl sender = {0};
  struct msghdr message = {.msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &part,
                           .msg_iovlen = 1, .msg_control = &control};
  int passes = 0;
  socklen_t size = sizeof(passes);

  *received = (struct e7_received){.passed = -1, .port = UINT32_MAX};
  if (getsockopt(fd, SOL_SOCKET, SO_PASSCRED, &passes, &size)) return -errno;
  if (passes) message.msg_controllen += CMSG_SPACE(sizeof(struct ucred));
  // CMSG_LEN, since the padding of CMSG_SPACE is room for a second descriptor.
  if (expects_descriptor) message.msg_controllen += CMSG_LEN(sizeof(int));

  ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count < 0) return -errno;
  if (message.msg_namelen == sizeof(sender) && sender.nl_family == AF_NETLINK)
    received->port = sender.nl_pid;
  received->truncated = message.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
       header = CMSG_NXTHDR(&message, header))
    take_control(header, expects_descriptor, received);
  return count;
}

bool e7_address_text(const uint8_t *address, size_t count, uint8_t *text) {
  return inet_ntop(count == 4 ? AF_INET : AF_INET6, address, (char *)text, E7_ADDRESS_TEXT);
}

int32_t e7_netlink_open(int32_t handed) {
  struct sockaddr_nl own = {.nl_family = AF_NETLINK};
  uint8_t byte;
  int fd = handed < 0 ? socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC) : handed;

  if (fd < 0) return -errno;
  if (handed < 0 && bind(fd, (struct sockaddr *)&own, sizeof(own))) {
    int error = errno;
    close(fd);
    return -error;
  }
  e7_set_option(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
  e7_set_option(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
  while (handed >= 0 && recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) >= 0) {}
  return fd;
}
