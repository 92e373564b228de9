// SPDX-License-Identifier: GPL-2.0-or-later
/* What a program of the storm answers to, by all protocols. */
#define _GNU_SOURCE
#include "storm.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long a client is waited for by a server that others wait for. */
#define STORM_PATIENCE_US 200000

static int listen_at(const struct kind *kind, int port)
{
	struct place own = place_at("::", port);
	int fd = open_socket(kind, AF_INET6), on = 1, queue = 8;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (kind->type == SOCK_STREAM && !kind->protocol)
		setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue));
	if (bind(fd, of(&own), own.length) || (kind->type != SOCK_DGRAM && listen(fd, 32))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void serve_stream(int listener)
{
	struct timeval patience = { .tv_usec = STORM_PATIENCE_US };
	char bytes[4096];
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ssize_t count, back;

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	count = recv(fd, bytes, sizeof(bytes), 0);
	back = count < STORM_MESSAGE ? count : STORM_MESSAGE;
	count_served(SERVED, count > 0 && send(fd, bytes, back, 0) > 0 ? DONE : FAILED);
	close(fd);
}

static void serve_datagram(int fd)
{
	struct place from = { .length = sizeof(from.address) };
	char bytes[4096];
	ssize_t count = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT, of(&from), &from.length);

	count_served(SERVED, count >= 0 && sendto(fd, bytes, count, 0, of(&from), from.length) >= 0 ?
			     DONE : FAILED);
}

/* Says a word on each socket that somebody has sent. */
static void serve_mail(int post)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec vector = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr letter = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	int fd;

	if (recvmsg(post, &letter, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return;
	header = CMSG_FIRSTHDR(&letter);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return;
	memcpy(&fd, CMSG_DATA(header), sizeof(int));
	count_served(TAKEN, talk_on(fd));
	close(fd);
}

/* At one port by all protocols; now and then one of them is closed under load. */
void serve(int index)
{
	struct pollfd polled[KINDS + 1];
	struct sockaddr_un own;
	int i, post = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (bind(post, (struct sockaddr *)&own, mailbox(&own, index)))
		exit(1);
	for (i = 0; i < KINDS; i++)
		polled[i] = (struct pollfd){ listen_at(&kinds[i], STORM_PORT + index), POLLIN, 0 };
	polled[KINDS] = (struct pollfd){ post, POLLIN, 0 };

	for (;;) {
		poll(polled, KINDS + 1, 1000);
		for (i = 0; i < KINDS; i++)
			if (polled[i].revents && kinds[i].type == SOCK_DGRAM)
				serve_datagram(polled[i].fd);
			else if (polled[i].revents)
				serve_stream(polled[i].fd);
		if (polled[KINDS].revents)
			serve_mail(post);
		if (draw(100))
			continue;
		i = draw(KINDS);
		if (polled[i].fd >= 0)
			close(polled[i].fd);
		polled[i].fd = listen_at(&kinds[i], STORM_PORT + index);
		count_served(REOPENED, polled[i].fd >= 0 ? DONE : FAILED);
	}
}
