// SPDX-License-Identifier: GPL-2.0-or-later
/* What act does with sockets: each way to send that the kernel has. */
#define _GNU_SOURCE
#include "act.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

static char act_bytes[1 << 20];

static struct sockaddr *any(struct sockaddr_storage *storage)
{
	return (struct sockaddr *)storage;
}

/* FAMILY TYPE PROTOCOL */
static long do_socket(struct act_call *call)
{
	return socket(act_number(call, 1), act_number(call, 2), act_number(call, 3));
}

/* FD ADDRESS PORT */
static long do_bind(struct act_call *call)
{
	struct sockaddr_storage to;
	socklen_t length = act_address(call, 2, &to);

	return bind(act_number(call, 1), any(&to), length);
}

/* FD ADDRESS PORT */
static long do_connect(struct act_call *call)
{
	struct sockaddr_storage to;
	socklen_t length = act_address(call, 2, &to);

	return connect(act_number(call, 1), any(&to), length);
}

/* FD: to nowhere, which also ends listening */
static long do_unconnect(struct act_call *call)
{
	struct sockaddr_storage to = { .ss_family = AF_UNSPEC };

	return connect(act_number(call, 1), any(&to), sizeof(to));
}

/* FD BACKLOG */
static long do_listen(struct act_call *call)
{
	return listen(act_number(call, 1), act_number(call, 2));
}

/* FD */
static long do_accept(struct act_call *call)
{
	return accept(act_number(call, 1), NULL, NULL);
}

/* FD: its own port, or echo identifier */
static long do_port(struct act_call *call)
{
	struct sockaddr_in6 own = { 0 };
	socklen_t length = sizeof(own);

	/* sin_port and sin6_port are one. */
	if (getsockname(act_number(call, 1), (struct sockaddr *)&own, &length))
		return -1;
	return ntohs(own.sin6_port);
}

/* FD LEVEL NAME VALUE */
static long do_option(struct act_call *call)
{
	int value = act_number(call, 4);

	return setsockopt(act_number(call, 1), act_number(call, 2), act_number(call, 3), &value,
			  sizeof(value));
}

/* FD MILLISECONDS: that calls wait */
static long do_patience(struct act_call *call)
{
	long milliseconds = act_number(call, 2);
	struct timeval time = {
		.tv_sec = milliseconds / 1000,
		.tv_usec = milliseconds % 1000 * 1000,
	};
	int fd = act_number(call, 1);

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) ||
	       setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)) ? -1 : 0;
}

/* FD NAME: of the device */
static long do_device(struct act_call *call)
{
	const char *name = call->words[2];

	return setsockopt(act_number(call, 1), SOL_SOCKET, SO_BINDTODEVICE, name, strlen(name));
}

/* FD INDEX: of the sockets that share its port, this one gets all */
static long do_steer(struct act_call *call)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, act_number(call, 2));
	struct sock_fprog program = { .len = 1, .filter = &code };

	return setsockopt(act_number(call, 1), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
			  sizeof(program));
}

/* FD: its end is a reset */
static long do_linger(struct act_call *call)
{
	struct linger none = { .l_onoff = 1 };

	return setsockopt(act_number(call, 1), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

/* FD COUNT */
static long do_write(struct act_call *call)
{
	return write(act_number(call, 1), act_bytes, act_number(call, 2));
}

/* FD COUNT FLAGS */
static long do_send(struct act_call *call)
{
	return send(act_number(call, 1), act_bytes, act_number(call, 2), act_number(call, 3));
}

/* FD COUNT FLAGS ADDRESS PORT */
static long do_sendto(struct act_call *call)
{
	struct sockaddr_storage to;
	socklen_t length = act_address(call, 4, &to);

	return sendto(act_number(call, 1), act_bytes, act_number(call, 2), act_number(call, 3),
		      any(&to), length);
}

/* FD COUNT ADDRESS PORT */
static long do_sendmsg(struct act_call *call)
{
	struct sockaddr_storage to;
	struct iovec vector = { .iov_base = act_bytes, .iov_len = act_number(call, 2) };
	struct msghdr message = {
		.msg_name = &to,
		.msg_namelen = act_address(call, 3, &to),
		.msg_iov = &vector,
		.msg_iovlen = 1,
	};

	return sendmsg(act_number(call, 1), &message, 0);
}

/* FD COUNT ADDRESS PORT: three messages */
static long do_sendmmsg(struct act_call *call)
{
	struct sockaddr_storage to;
	struct iovec vector = { .iov_base = act_bytes, .iov_len = act_number(call, 2) };
	struct mmsghdr messages[3] = { 0 };
	int i;

	for (i = 0; i < 3; i++) {
		messages[i].msg_hdr.msg_name = &to;
		messages[i].msg_hdr.msg_namelen = act_address(call, 3, &to);
		messages[i].msg_hdr.msg_iov = &vector;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	return sendmmsg(act_number(call, 1), messages, 3, 0);
}

/* FD HEX: exactly these bytes */
static long do_bytes(struct act_call *call)
{
	unsigned char bytes[1024];
	size_t count = strlen(call->words[2]) / 2, i;

	for (i = 0; i < count && i < sizeof(bytes); i++)
		sscanf(call->words[2] + 2 * i, "%2hhx", &bytes[i]);
	return write(act_number(call, 1), bytes, i);
}

/* FD COUNT */
static long do_sendfile(struct act_call *call)
{
	int file = memfd_create("sent", 0);
	off_t offset = 0;
	long result;

	if (write(file, act_bytes, act_number(call, 2)) < 0)
		return -1;
	result = sendfile(act_number(call, 1), file, &offset, act_number(call, 2));
	close(file);
	return result;
}

/* FD COUNT: by a pipe */
static long do_splice(struct act_call *call)
{
	long result;
	int ends[2];

	if (pipe(ends) || write(ends[1], act_bytes, act_number(call, 2)) < 0)
		return -1;
	result = splice(ends[0], NULL, act_number(call, 1), NULL, act_number(call, 2), 0);
	close(ends[0]);
	close(ends[1]);
	return result;
}

/* FD COUNT: exactly so many, unless the end comes before */
static long do_read(struct act_call *call)
{
	long wanted = act_number(call, 2), count = 0;
	ssize_t part;

	while (count < wanted) {
		part = read(act_number(call, 1), act_bytes, wanted - count);
		if (part < 0)
			return -1;
		if (!part)
			break;
		count += part;
	}
	return count;
}

/* FD COUNT FLAGS */
static long do_recv(struct act_call *call)
{
	return recv(act_number(call, 1), act_bytes, act_number(call, 2), act_number(call, 3));
}

/* FD COUNT: a datagram, answered with so many bytes to where it came from */
static long do_reply(struct act_call *call)
{
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	int fd = act_number(call, 1);

	if (recvfrom(fd, act_bytes, sizeof(act_bytes), 0, any(&from), &length) < 0)
		return -1;
	return sendto(fd, act_bytes, act_number(call, 2), 0, any(&from), length);
}

/* FD HOW */
static long do_shutdown(struct act_call *call)
{
	return shutdown(act_number(call, 1), act_number(call, 2));
}

/* FD */
static long do_close(struct act_call *call)
{
	return close(act_number(call, 1));
}

/* NAME: a TUN device, made where there is none */
static long do_tun(struct act_call *call)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR);

	strncpy(request.ifr_name, call->words[1], IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		return -1;
	return fd;
}

/* COUNT ADDRESS PORT: so many sockets that sent one datagram, left open */
static long do_sockets(struct act_call *call)
{
	struct sockaddr_storage to;
	socklen_t length = act_address(call, 2, &to);
	long count = act_number(call, 1), i;
	int fd;

	for (i = 0; i < count; i++) {
		fd = socket(to.ss_family, SOCK_DGRAM, 0);
		if (fd < 0 || sendto(fd, "x", 1, 0, any(&to), length) < 0)
			return -1;
	}
	return i;
}

const struct act_entry act_sockets[] = {
	{ "socket", 3, do_socket },     { "bind", 3, do_bind },
	{ "connect", 3, do_connect },   { "listen", 2, do_listen },
	{ "accept", 1, do_accept },     { "port", 1, do_port },
	{ "option", 4, do_option },     { "linger", 1, do_linger },
	{ "write", 2, do_write },       { "send", 3, do_send },
	{ "sendto", 5, do_sendto },     { "sendmsg", 4, do_sendmsg },
	{ "sendmmsg", 4, do_sendmmsg }, { "bytes", 2, do_bytes },
	{ "sendfile", 2, do_sendfile }, { "splice", 2, do_splice },
	{ "read", 2, do_read },         { "reply", 2, do_reply },
	{ "shutdown", 2, do_shutdown }, { "close", 1, do_close },
	{ "recv", 3, do_recv },         { "steer", 2, do_steer },
	{ "tun", 1, do_tun },           { "sockets", 3, do_sockets },
	{ "patience", 2, do_patience }, { "device", 2, do_device },
	{ "unconnect", 1, do_unconnect },
	{ 0 },
};
