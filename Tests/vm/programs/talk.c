// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program that talks, for the scenarios: quick to start in an emulated
 * machine, and a file of its own for rules to name.
 *
 *	talk tcp|udp echo PORT			answers on both families, says "ready"
 *	talk tcp|udp ask ADDRESS PORT MS	0: its bytes came back in time
 *	talk udp burst ADDRESS PORT COUNT	sends so many datagrams
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
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

static void echo_stream(int fd)
{
	char buffer[4096];
	ssize_t count;

	while ((count = read(fd, buffer, sizeof(buffer))) > 0)
		if (write(fd, buffer, count) != count)
			break;
}

static int echo(int type, int port)
{
	socklen_t length;
	struct sockaddr_storage any = address_of("::", port, &length), from;
	int fd = socket(AF_INET6, type, 0), on = 1, off = 0, child;
	char buffer[4096];
	ssize_t count;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (struct sockaddr *)&any, length))
		return 1;
	if (type == SOCK_STREAM && listen(fd, 64))
		return 1;
	puts("ready");
	fflush(stdout);
	signal(SIGCHLD, SIG_IGN);

	while (type == SOCK_STREAM) {
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

static int ask(int type, const char *text, int port, int milliseconds)
{
	socklen_t length, size = sizeof(int);
	struct sockaddr_storage to = address_of(text, port, &length);
	int fd = socket(to.ss_family, type | SOCK_NONBLOCK, 0), error = 0;
	char buffer[16];

	if (connect(fd, (struct sockaddr *)&to, length) && errno != EINPROGRESS)
		return 1;
	if (!wait_for(fd, POLLOUT, milliseconds))
		return 1;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error || write(fd, "hello", 5) != 5)
		return 1;
	return !(wait_for(fd, POLLIN, milliseconds) && read(fd, buffer, sizeof(buffer)) == 5 &&
		 !memcmp(buffer, "hello", 5));
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
	int type = argc > 1 && !strcmp(argv[1], "tcp") ? SOCK_STREAM : SOCK_DGRAM;

	if (argc == 4 && !strcmp(argv[2], "echo"))
		return echo(type, atoi(argv[3]));
	if (argc == 6 && !strcmp(argv[2], "ask"))
		return ask(type, argv[3], atoi(argv[4]), atoi(argv[5]));
	if (argc == 6 && !strcmp(argv[2], "burst"))
		return burst(argv[3], atoi(argv[4]), atoi(argv[5]));
	return 2;
}
