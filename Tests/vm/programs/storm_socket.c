// SPDX-License-Identifier: GPL-2.0-or-later
/* Chance, and the sockets that steps and servers have. */
#define _GNU_SOURCE
#include "storm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* How long a peer is waited for: a rule may drop what it says. */
#define STORM_PATIENCE_S 1
/* Older libraries have no names for these. */
#define DCCP_TYPE 6
#define DCCP_NUMBER 33
#define DCCP_LEVEL 269
#define DCCP_SERVICE 2
#define MPTCP_NUMBER 262

static uint64_t chance;

/* xorshift64*: the same on every machine. */
uint32_t draw(uint32_t below)
{
	chance ^= chance >> 12;
	chance ^= chance << 25;
	chance ^= chance >> 27;
	return (chance * 0x2545F4914F6CDD1DULL >> 32) % below;
}

void sow(uint64_t seed, uint64_t index)
{
	int i;

	chance = (seed + 1) * 0x9E3779B97F4A7C15ULL ^ (index + 1);
	for (i = 0; i < 8; i++)
		draw(1);
}

void sow_child(void)
{
	sow(chance, getpid());
}

const struct kind kinds[KINDS] = {
	{ SOCK_STREAM, 0 },
	{ SOCK_STREAM, MPTCP_NUMBER },
	{ SOCK_STREAM, IPPROTO_SCTP },
	{ DCCP_TYPE, DCCP_NUMBER },
	{ SOCK_DGRAM, 0 },
	{ SOCK_DGRAM, IPPROTO_UDPLITE },
};

struct place place_at(const char *text, int port)
{
	struct place place = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&place.address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&place.address;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		place.length = sizeof(*v4);
	} else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		place.length = sizeof(*v6);
	} else {
		fprintf(stderr, "storm: %s is no address\n", text);
		exit(2);
	}
	return place;
}

/* Somebody's server, at any of the addresses. */
struct place somewhere(void)
{
	return place_at(addresses[draw(address_count)], STORM_PORT + draw(STORM_PROGRAMS));
}

/* -1 also where the kernel lacks the protocol; errno tells. */
int open_socket(const struct kind *kind, int family)
{
	struct timeval patience = { .tv_sec = STORM_PATIENCE_S };
	int fd = socket(family, kind->type | SOCK_CLOEXEC, kind->protocol);
	unsigned int service = htonl(1);

	if (fd < 0)
		return -1;
	if (kind->type == DCCP_TYPE)
		setsockopt(fd, DCCP_LEVEL, DCCP_SERVICE, &service, sizeof(service));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fd;
}

enum outcome without_socket(void)
{
	switch (errno) {
	case EPROTONOSUPPORT:
	case ESOCKTNOSUPPORT:
	case EAFNOSUPPORT:
	case ENOPROTOOPT:
		return LACKING;
	default:
		return FAILED;
	}
}

const char message[STORM_MESSAGE] = "storm";

enum outcome talk_on(int fd)
{
	char back[STORM_MESSAGE];
	size_t size = 1 + draw(sizeof(message));

	if (send(fd, message, size, 0) < 0 || recv(fd, back, sizeof(back), 0) <= 0)
		return FAILED;
	return DONE;
}

/* A connected socket, or -1. */
int dial(enum outcome *outcome, int kind)
{
	struct place to = somewhere();
	int fd = open_socket(&kinds[kind], family_of(&to));

	*outcome = DONE;
	if (fd < 0) {
		*outcome = without_socket();
	} else if (connect(fd, of(&to), to.length)) {
		*outcome = FAILED;
		close(fd);
		fd = -1;
	}
	return fd;
}

socklen_t mailbox(struct sockaddr_un *address, int index)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	/* Abstract: of this network namespace. */
	return offsetof(struct sockaddr_un, sun_path) + 1 +
	       snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "e7-storm-%d", index);
}
