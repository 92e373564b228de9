// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program that talks, for the scenarios: quick to start in an emulated
 * machine, and a file of its own for rules to name.
 *
 *	talk KIND echo PORT			answers on both families, says "ready"
 *	talk KIND ask ADDRESS PORT MS [SIZE]	0: its bytes came back in time
 *	talk udp burst ADDRESS PORT COUNT	sends so many datagrams
 *	talk NUMBER send ADDRESS		0: one packet of an IP protocol is sent
 *
 * KIND is tcp, udp, udplite, sctp or dccp.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_storage address_of(const char *text, int port, socklen_t *length)
{
	struct sockaddr_storage storage = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		*length = sizeof(*v4);
	} else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		*length = sizeof(*v6);
	} else {
		exit(2);
	}
	return storage;
}

/* Older libraries have no name for DCCP's. */
#define DCCP_TYPE 6
#define DCCP_NUMBER 33
#define DCCP_LEVEL 269
#define DCCP_SERVICE 2

static const struct kind {
	const char *name;
	int type, protocol;
} kinds[] = {
	{ "tcp", SOCK_STREAM, 0 },
	{ "udp", SOCK_DGRAM, 0 },
	{ "udplite", SOCK_DGRAM, IPPROTO_UDPLITE },
	{ "sctp", SOCK_STREAM, IPPROTO_SCTP },
	{ "dccp", DCCP_TYPE, DCCP_NUMBER },
};

static char buffer[65536];

static int open_socket(const struct kind *kind, int family, int flags)
{
	int fd = socket(family, kind->type | flags, kind->protocol);
	unsigned int service = htonl(1);

	if (fd < 0) {
		perror(kind->name);
		exit(3);
	}
	/* Both ends must mean the same service. */
	if (kind->type == DCCP_TYPE)
		setsockopt(fd, DCCP_LEVEL, DCCP_SERVICE, &service, sizeof(service));
	return fd;
}

static void echo_stream(int fd)
{
	ssize_t count;

	while ((count = read(fd, buffer, sizeof(buffer))) > 0)
		if (write(fd, buffer, count) != count)
			break;
}

static int echo(const struct kind *kind, int port)
{
	socklen_t length;
	struct sockaddr_storage any = address_of("::", port, &length), from;
	int fd = open_socket(kind, AF_INET6, 0), on = 1, off = 0, child;
	bool accepts = kind->type != SOCK_DGRAM;
	ssize_t count;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (struct sockaddr *)&any, length))
		return 1;
	if (accepts && listen(fd, 64))
		return 1;
	puts("ready");
	fflush(stdout);
	signal(SIGCHLD, SIG_IGN);

	while (accepts) {
		child = accept(fd, NULL, NULL);
		if (child >= 0 && !fork()) {
			echo_stream(child);
			_exit(0);
		}
		close(child);
	}
	for (;;) {
		length = sizeof(from);
		count = recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &length);
		if (count >= 0)
			sendto(fd, buffer, count, 0, (struct sockaddr *)&from, length);
	}
}

static int wait_for(int fd, short what, int milliseconds)
{
	struct pollfd ready = { .fd = fd, .events = what };

	return poll(&ready, 1, milliseconds) == 1;
}

static int ask(const struct kind *kind, const char *text, int port, int milliseconds, size_t size)
{
	socklen_t length, room = sizeof(int);
	struct sockaddr_storage to = address_of(text, port, &length);
	int fd = open_socket(kind, to.ss_family, SOCK_NONBLOCK), error = 0;
	ssize_t count;

	if (size >= sizeof(buffer))
		return 2;
	memset(buffer, 'e', size);
	if (connect(fd, (struct sockaddr *)&to, length) && errno != EINPROGRESS)
		return 1;
	if (!wait_for(fd, POLLOUT, milliseconds))
		return 1;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &room);
	if (error || write(fd, buffer, size) != (ssize_t)size)
		return 1;
	while (size) {
		if (!wait_for(fd, POLLIN, milliseconds))
			return 1;
		memset(buffer, 0, size);
		count = read(fd, buffer, size);
		if (count <= 0 || strspn(buffer, "e") < (size_t)count)
			return 1;
		size -= count;
	}
	return 0;
}

static int send_one(int number, const char *text)
{
	socklen_t length;
	struct sockaddr_storage to = address_of(text, 0, &length);
	int fd = socket(to.ss_family, SOCK_RAW, number);

	return sendto(fd, "12345678", 8, 0, (struct sockaddr *)&to, length) != 8;
}

static int burst(const char *text, int port, int count)
{
	socklen_t length;
	struct sockaddr_storage to = address_of(text, port, &length);
	int fd = socket(to.ss_family, SOCK_DGRAM, 0);

	while (count-- > 0)
		sendto(fd, "x", 1, 0, (struct sockaddr *)&to, length);
	return 0;
}

int main(int argc, char **argv)
{
	const struct kind *kind;

	if (argc == 4 && !strcmp(argv[2], "send"))
		return send_one(atoi(argv[1]), argv[3]);
	for (kind = kinds; kind < kinds + sizeof(kinds) / sizeof(*kinds); kind++) {
		if (argc < 4 || strcmp(argv[1], kind->name))
			continue;
		if (argc == 4 && !strcmp(argv[2], "echo"))
			return echo(kind, atoi(argv[3]));
		if ((argc == 6 || argc == 7) && !strcmp(argv[2], "ask"))
			return ask(kind, argv[3], atoi(argv[4]), atoi(argv[5]),
				   argc == 7 ? atoi(argv[6]) : 5);
		if (argc == 6 && !strcmp(argv[2], "burst"))
			return burst(argv[3], atoi(argv[4]), atoi(argv[5]));
	}
	return 2;
}
