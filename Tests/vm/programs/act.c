// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program that makes one system call after another, as it is told, so that
 * a scenario says what happens in which order and in which program.  It is
 * linked statically, to run under any root; copies of it are the programs
 * that the scenarios tell apart.
 *
 * Standard input is a socket of type SEQPACKET.  A message on it is a verb and
 * its arguments, between blanks, and may carry one descriptor.  The answer is
 * a number, a negative one being an errno, and may carry one too.  Whatever
 * begins to listen says 0 first: the program, and each of its forks and
 * threads on the channel it was given.
 *
 *	act once ADDRESS PORT	connects by TCP, writes, ends
 */
#include "act.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHANNEL 0

static const struct act_entry *const act_tables[] = { act_sockets, act_rings, act_selves };

long act_number(const struct act_call *call, int index)
{
	return strtol(call->words[index], NULL, 0);
}

/* The address and the port in the words from index on. */
socklen_t act_address(const struct act_call *call, int index, struct sockaddr_storage *to)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
	in_port_t port = htons(act_number(call, index + 1));

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, call->words[index], &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = port;
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, call->words[index], &v6->sin6_addr) != 1)
		return 0;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = port;
	return sizeof(*v6);
}

/* The text of the next message in line, its descriptor in *descriptor. */
static ssize_t act_receive(int channel, char *line, size_t size, int *descriptor)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec vector = { .iov_base = line, .iov_len = size - 1 };
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t length = recvmsg(channel, &message, 0);
	struct cmsghdr *header;

	*descriptor = -1;
	if (length <= 0)
		return length;
	line[length] = '\0';
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(descriptor, CMSG_DATA(header), sizeof(int));
	return length;
}

static void act_answer(int channel, long result, int descriptor)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, text[32];
	struct iovec vector = { .iov_base = text };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	struct cmsghdr *header;

	vector.iov_len = snprintf(text, sizeof(text), "%ld", result);
	if (descriptor >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
	}
	sendmsg(channel, &message, 0);
}

static const struct act_entry *act_find(const char *name)
{
	const struct act_entry *entry;
	size_t i;

	for (i = 0; i < sizeof(act_tables) / sizeof(*act_tables); i++)
		for (entry = act_tables[i]; entry->name; entry++)
			if (!strcmp(entry->name, name))
				return entry;
	return NULL;
}

static long act_perform(struct act_call *call)
{
	const struct act_entry *entry = call->count ? act_find(call->words[0]) : NULL;
	long result;

	if (!entry)
		return -ENOSYS;
	if (call->count != entry->arguments + 1)
		return -E2BIG;
	result = entry->verb(call);
	return result == -1 ? -errno : result;
}

/* Until the other end of the channel is closed. */
void act_serve(int channel)
{
	struct act_call call;
	char line[4096];
	char *rest, *word;
	long result;

	act_answer(channel, 0, -1);
	while (act_receive(channel, line, sizeof(line), &call.taken) > 0) {
		call.count = 0;
		call.given = -1;
		for (word = strtok_r(line, " ", &rest); word && call.count < 16;
		     word = strtok_r(NULL, " ", &rest))
			call.words[call.count++] = word;
		result = act_perform(&call);
		act_answer(channel, result, call.given);
	}
}

static int act_once(char **arguments)
{
	struct act_call call = { .words = { arguments[0], arguments[1] }, .count = 2 };
	struct sockaddr_storage to;
	socklen_t length = act_address(&call, 0, &to);
	int fd = socket(to.ss_family, SOCK_STREAM, 0);

	return connect(fd, (struct sockaddr *)&to, length) || write(fd, "once", 4) != 4;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	/* Nobody waits for children. */
	signal(SIGCHLD, SIG_IGN);
	if (argc == 4 && !strcmp(argv[1], "once"))
		return act_once(argv + 2);
	act_serve(CHANNEL);
	return 0;
}
