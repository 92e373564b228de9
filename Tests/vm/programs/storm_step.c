// SPDX-License-Identifier: GPL-2.0-or-later
/* What a program of the storm does: one step after another, drawn by chance. */
#define _GNU_SOURCE
#include "storm.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nobody listens there. */
#define STORM_PORT_CLOSED 7499
/* Older libraries have no name for it. */
#define UDP_CORK_OPTION 1
/* RFC 3692 leaves it to experiments. */
#define RAW_NUMBER 253

/* ---- one talk by each protocol ---- */

static enum outcome exchange(int kind)
{
	struct linger reset = { .l_onoff = 1 };
	enum outcome outcome;
	int fd = dial(&outcome, kind);

	if (fd < 0)
		return outcome;
	outcome = talk_on(fd);
	if (!draw(4))
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	return outcome;
}

static enum outcome step_tcp(void) { return exchange(TCP); }
static enum outcome step_mptcp(void) { return exchange(MPTCP); }
static enum outcome step_sctp(void) { return exchange(SCTP); }
static enum outcome step_dccp(void) { return exchange(DCCP); }
static enum outcome step_udp(void) { return exchange(UDP); }
static enum outcome step_udplite(void) { return exchange(UDPLITE); }

static enum outcome step_ping(void)
{
	struct place to = somewhere();
	bool v4 = family_of(&to) == AF_INET;
	struct kind kind = { SOCK_DGRAM, v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6 };
	struct icmphdr request = { .type = v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST };
	char back[STORM_MESSAGE];
	int fd = open_socket(&kind, family_of(&to));
	bool answered;

	if (fd < 0)
		return without_socket();
	/* Its port is no address's. */
	((struct sockaddr_in *)&to.address)->sin_port = 0;
	answered = sendto(fd, &request, sizeof(request), 0, of(&to), to.length) > 0 &&
		   recv(fd, back, sizeof(back), 0) > 0;
	close(fd);
	return answered ? DONE : FAILED;
}

static enum outcome step_raw(void)
{
	struct place to = somewhere();
	struct kind kind = { SOCK_RAW, RAW_NUMBER };
	int fd = open_socket(&kind, family_of(&to));
	bool sent;

	if (fd < 0)
		return FAILED;
	((struct sockaddr_in *)&to.address)->sin_port = 0;
	sent = sendto(fd, message, 1 + draw(64), 0, of(&to), to.length) > 0;
	close(fd);
	return sent ? DONE : FAILED;
}

/* ---- ways to send ---- */

/* Not connected, several at once, each to somebody else. */
static enum outcome step_sendmmsg(void)
{
	struct place to[4];
	struct mmsghdr messages[4] = { 0 };
	struct iovec vector = { .iov_base = (void *)message, .iov_len = 20 };
	int fd, i, sent;

	to[0] = somewhere();
	for (i = 0; i < 4; i++) {
		/* One socket speaks one family. */
		do
			to[i] = i ? somewhere() : to[0];
		while (family_of(&to[i]) != family_of(&to[0]));
		messages[i].msg_hdr.msg_name = &to[i].address;
		messages[i].msg_hdr.msg_namelen = to[i].length;
		messages[i].msg_hdr.msg_iov = &vector;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	fd = open_socket(&kinds[UDP], family_of(&to[0]));
	if (fd < 0)
		return FAILED;
	sent = sendmmsg(fd, messages, 4, 0);
	close(fd);
	return sent > 0 ? DONE : FAILED;
}

/* More than a packet holds, put together in several calls. */
static enum outcome step_cork(void)
{
	char bytes[2000] = "";
	enum outcome outcome;
	int fd = dial(&outcome, UDP), on = 1, off = 0;

	if (fd < 0)
		return outcome;
	setsockopt(fd, IPPROTO_UDP, UDP_CORK_OPTION, &on, sizeof(on));
	send(fd, bytes, sizeof(bytes), 0);
	send(fd, bytes, sizeof(bytes), 0);
	if (setsockopt(fd, IPPROTO_UDP, UDP_CORK_OPTION, &off, sizeof(off)))
		outcome = FAILED;
	close(fd);
	return outcome;
}

static enum outcome step_fastopen(void)
{
	struct place to = somewhere();
	char back[STORM_MESSAGE];
	int fd = open_socket(&kinds[TCP], family_of(&to));
	bool answered;

	if (fd < 0)
		return FAILED;
	answered = sendto(fd, message, 100, MSG_FASTOPEN, of(&to), to.length) > 0 &&
		   recv(fd, back, sizeof(back), 0) > 0;
	close(fd);
	return answered ? DONE : FAILED;
}

static enum outcome step_sendfile(void)
{
	char path[4096], back[STORM_MESSAGE];
	enum outcome outcome;
	int fd, from;

	snprintf(path, sizeof(path), "%s/p0", folder);
	from = open(path, O_RDONLY | O_CLOEXEC);
	fd = dial(&outcome, TCP);
	if (fd >= 0 && (sendfile(fd, from, NULL, 20000) <= 0 ||
			recv(fd, back, sizeof(back), 0) <= 0))
		outcome = FAILED;
	close(from);
	close(fd);
	return outcome;
}

/* Resets and errors come of no socket. */
static enum outcome step_nobody(void)
{
	struct place to = place_at(addresses[draw(address_count)], STORM_PORT_CLOSED);
	int fd = open_socket(&kinds[draw(2) ? TCP : UDP], family_of(&to));
	char byte = 0;

	if (fd < 0)
		return FAILED;
	if (!connect(fd, of(&to), to.length) && send(fd, &byte, 1, 0) == 1)
		recv(fd, &byte, 1, 0);
	close(fd);
	return errno == ECONNREFUSED ? DONE : FAILED;
}

/* Many sockets at once, left open until all have sent. */
static enum outcome step_many(void)
{
	struct place to;
	int fds[64], i, sent = 0;

	for (i = 0; i < 64; i++) {
		to = somewhere();
		fds[i] = open_socket(&kinds[UDP], family_of(&to));
		if (fds[i] >= 0 && sendto(fds[i], message, 1, 0, of(&to), to.length) == 1)
			sent++;
	}
	while (i--)
		close(fds[i]);
	return sent ? DONE : FAILED;
}

/* ---- processes ---- */

static enum outcome reap(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child)
		return FAILED;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? DONE : FAILED;
}

/* Parent and child send on one socket; who is first closes it first. */
static enum outcome step_fork(void)
{
	enum outcome outcome;
	int fd = dial(&outcome, draw(2) ? TCP : UDP);
	pid_t child = fork();

	if (!child) {
		sow_child();
		if (fd >= 0)
			talk_on(fd);
		take_steps(draw(3), false);
		_exit(0);
	}
	if (fd >= 0)
		talk_on(fd);
	close(fd);
	return reap(child);
}

/* A process that is gone before its packets are. */
static enum outcome step_exit(void)
{
	enum outcome outcome;
	pid_t child = fork();
	int fd;

	if (child)
		return reap(child);
	sow_child();
	fd = dial(&outcome, draw(2) ? TCP : UDP);
	if (fd >= 0)
		send(fd, message, 100, 0);
	_exit(0);
}

/* Another program goes on with a socket that this one has connected. */
static enum outcome step_exec(void)
{
	char *arguments[7 + 16] = { NULL }, path[4096], seed[24], left[12];
	enum outcome outcome;
	pid_t child = fork();
	int fd, i, n = 0;

	if (child)
		return reap(child);
	sow_child();
	fd = dial(&outcome, draw(2) ? TCP : UDP);
	if (fd >= 0) {
		send(fd, message, 1, 0);
		fcntl(fd, F_SETFD, 0);
	}
	snprintf(path, sizeof(path), "%s/p%u", folder, draw(STORM_PROGRAMS));
	snprintf(seed, sizeof(seed), "%u", draw(1u << 31));
	snprintf(left, sizeof(left), "%d", fd);
	arguments[n++] = path;
	arguments[n++] = "steps";
	arguments[n++] = folder;
	arguments[n++] = seed;
	arguments[n++] = left;
	arguments[n++] = "2";
	for (i = 0; i < address_count && i < 16; i++)
		arguments[n++] = addresses[i];
	execv(path, arguments);
	_exit(1);
}

/* Somebody else's server goes on with a socket that it is sent. */
static enum outcome step_pass(void)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec vector = { .iov_base = &byte, .iov_len = 1 };
	struct sockaddr_un to;
	struct msghdr letter = {
		.msg_name = &to,
		.msg_namelen = mailbox(&to, draw(STORM_PROGRAMS)),
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&letter);
	enum outcome outcome;
	int fd = dial(&outcome, draw(2) ? TCP : UDP), post;

	if (fd < 0)
		return outcome;
	if (draw(2))
		send(fd, message, 1, 0);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	post = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sendmsg(post, &letter, MSG_DONTWAIT) != 1)
		outcome = FAILED;
	close(post);
	close(fd);
	return outcome;
}

/* A network of its own, which goes away with what is still on its way in it. */
static enum outcome step_namespace(void)
{
	static char *lo[] = { "127.0.0.1", "::1" };
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	pid_t child = fork();
	int fd, port;

	if (child)
		return reap(child);
	sow_child();
	/* An ordinary user has to have a user namespace first. */
	if (unshare((geteuid() ? CLONE_NEWUSER : 0) | CLONE_NEWNET))
		_exit(1);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		_exit(1);
	for (port = STORM_PORT; port < STORM_PORT + STORM_PROGRAMS; port++) {
		struct place own = place_at("::", port);
		int server = open_socket(&kinds[port & 1 ? TCP : UDP], AF_INET6);

		if (bind(server, of(&own), own.length) || (port & 1 && listen(server, 8)))
			_exit(1);
	}
	addresses = lo;
	address_count = 2;
	take_steps(3, false);
	_exit(0);
}

/* ---- all steps ---- */

const struct step steps[] = {
	{ "tcp", step_tcp, false },
	{ "udp", step_udp, false },
	{ "udplite", step_udplite, false },
	{ "ping", step_ping, false },
	{ "raw", step_raw, false },
	{ "mptcp", step_mptcp, false },
	{ "sctp", step_sctp, false },
	{ "dccp", step_dccp, false },
	{ "sendmmsg", step_sendmmsg, false },
	{ "cork", step_cork, false },
	{ "fastopen", step_fastopen, false },
	{ "sendfile", step_sendfile, false },
	{ "nobody", step_nobody, false },
	{ "many", step_many, false },
	{ "pass", step_pass, false },
	{ "fork", step_fork, true },
	{ "exit", step_exit, true },
	{ "exec", step_exec, true },
	{ "namespace", step_namespace, true },
	{ 0 },
};

#define STEPS (sizeof(steps) / sizeof(*steps) - 1)

/* A namespace takes the kernel as long as a hundred other steps, which it should see, too. */
static bool is_rare(const struct step *step)
{
	return step->take == step_namespace && draw(6);
}

void take_steps(int count, bool breed)
{
	const struct step *step;

	while (count-- > 0) {
		do
			step = &steps[draw(STEPS)];
		while ((step->breeds && !breed) || is_rare(step));
		count_step(step, step->take());
	}
}
