// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traffic of all kinds, for tools/storm: copies of this program, each a file of
 * its own, talk to each other by whatever protocol the kernel has, fork, exec,
 * pass sockets and go away in the middle of it.  Linked statically.
 *
 *	storm run FOLDER SEED INDEX SECONDS RESTS ADDRESS...
 *		serves at its port and talks to the others' at ADDRESS..., and rests
 *		RESTS times as long as that took a processor
 *	storm steps FOLDER SEED FD COUNT ADDRESS...
 *		so many steps, the first of them on a socket that it was left
 *	storm report FOLDER
 *		what all of them did: a line "NAME DONE FAILED LACKING" for each step
 *
 * FOLDER holds STORM_PROGRAMS copies of this program, p0, p1, ..., and the file
 * `counts`, which they share.  What is drawn depends on SEED and INDEX alone;
 * what comes of it depends on everybody else.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STORM_PROGRAMS 20
#define STORM_PORT 7500
/* Nobody listens there. */
#define STORM_PORT_CLOSED 7499
/* How long a peer is waited for: a rule may drop what it says. */
#define STORM_PATIENCE_S 1
/* And a client, by a server that others wait for. */
#define STORM_PATIENCE_US 200000
#define STORM_MESSAGE 512

/* Older libraries have no names for these. */
#define DCCP_TYPE 6
#define DCCP_NUMBER 33
#define DCCP_LEVEL 269
#define DCCP_SERVICE 2
#define MPTCP_NUMBER 262
#define UDP_CORK_OPTION 1
/* RFC 3692 leaves it to experiments. */
#define RAW_NUMBER 253

enum outcome { DONE, FAILED, LACKING, OUTCOMES };

struct count {
	uint64_t of[OUTCOMES];
};

struct step {
	const char *name;
	enum outcome (*take)(void);
	bool breeds;	/* makes processes that take steps themselves */
};

static char *folder;
static char **addresses;
static int address_count;
static struct count *counts;
static uint64_t chance;

/* ---- chance ---- */

/* xorshift64*: the same on every machine. */
static uint32_t draw(uint32_t below)
{
	chance ^= chance >> 12;
	chance ^= chance << 25;
	chance ^= chance >> 27;
	return (chance * 0x2545F4914F6CDD1DULL >> 32) % below;
}

static void sow(uint64_t seed, uint64_t index)
{
	int i;

	chance = (seed + 1) * 0x9E3779B97F4A7C15ULL ^ (index + 1);
	for (i = 0; i < 8; i++)
		draw(1);
}

static void sow_child(void)
{
	sow(chance, getpid());
}

/* ---- sockets ---- */

static const struct kind {
	int type, protocol;
} kinds[] = {
	{ SOCK_STREAM, 0 },
	{ SOCK_STREAM, MPTCP_NUMBER },
	{ SOCK_STREAM, IPPROTO_SCTP },
	{ DCCP_TYPE, DCCP_NUMBER },
	{ SOCK_DGRAM, 0 },
	{ SOCK_DGRAM, IPPROTO_UDPLITE },
};

enum { TCP, MPTCP, SCTP, DCCP, UDP, UDPLITE, KINDS };

struct place {
	struct sockaddr_storage address;
	socklen_t length;
};

static struct sockaddr *of(struct place *place)
{
	return (struct sockaddr *)&place->address;
}

static int family_of(const struct place *place)
{
	return place->address.ss_family;
}

static struct place place_at(const char *text, int port)
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
static struct place somewhere(void)
{
	return place_at(addresses[draw(address_count)], STORM_PORT + draw(STORM_PROGRAMS));
}

/* -1 also where the kernel lacks the protocol; errno tells. */
static int open_socket(const struct kind *kind, int family)
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

static enum outcome without_socket(void)
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

static const char message[STORM_MESSAGE] = "storm";

static enum outcome talk_on(int fd)
{
	char back[STORM_MESSAGE];
	size_t size = 1 + draw(sizeof(message));

	if (send(fd, message, size, 0) < 0 || recv(fd, back, sizeof(back), 0) <= 0)
		return FAILED;
	return DONE;
}

/* A connected socket, or -1. */
static int dial(enum outcome *outcome, int kind)
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

/* ---- steps: one talk by each protocol ---- */

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

/* ---- steps: ways to send ---- */

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

/* ---- steps: processes ---- */

static void take_steps(int count, bool breed);

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

static socklen_t mailbox(struct sockaddr_un *address, int index)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	/* Abstract: of this network namespace. */
	return offsetof(struct sockaddr_un, sun_path) + 1 +
	       snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "e7-storm-%d", index);
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

static const struct step steps[] = {
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
};

#define STEPS (sizeof(steps) / sizeof(*steps))

/* Steps of the servers, which are not drawn. */
enum { SERVED = STEPS, REOPENED, TAKEN, COUNTS };

static const char *const served_names[] = { "served", "reopened", "taken" };

static void count_at(size_t index, enum outcome outcome)
{
	__atomic_add_fetch(&counts[index].of[outcome], 1, __ATOMIC_RELAXED);
}

/* A namespace takes the kernel as long as a hundred other steps, which it should see, too. */
static bool is_rare(const struct step *step)
{
	return step->take == step_namespace && draw(10);
}

static void take_steps(int count, bool breed)
{
	const struct step *step;

	while (count-- > 0) {
		do
			step = &steps[draw(STEPS)];
		while ((step->breeds && !breed) || is_rare(step));
		count_at(step - steps, step->take());
	}
}

static void open_counts(void)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/counts", folder);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || ftruncate(fd, COUNTS * sizeof(*counts))) {
		perror(path);
		exit(1);
	}
	counts = mmap(NULL, COUNTS * sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (counts == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
}

/* ---- servers ---- */

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
	ssize_t count;

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	count = recv(fd, bytes, sizeof(bytes), 0);
	count_at(SERVED, count > 0 && send(fd, bytes, count < STORM_MESSAGE ? count : STORM_MESSAGE,
					   0) > 0 ? DONE : FAILED);
	close(fd);
}

static void serve_datagram(int fd)
{
	struct place from = { .length = sizeof(from.address) };
	char bytes[4096];
	ssize_t count = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT, of(&from), &from.length);

	count_at(SERVED, count >= 0 && sendto(fd, bytes, count, 0, of(&from), from.length) >= 0 ?
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
	count_at(TAKEN, talk_on(fd));
	close(fd);
}

/* At one port by all protocols; now and then one of them is closed under load. */
static void serve(int index)
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
		count_at(REOPENED, polled[i].fd >= 0 ? DONE : FAILED);
	}
}

/* ---- the program ---- */

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* Microseconds of a processor's time that this process and its children, which are over, took. */
static long long used(void)
{
	long long sum = 0;

	for (int who = RUSAGE_SELF; who >= RUSAGE_CHILDREN; who--) {
		struct rusage usage;

		getrusage(who, &usage);
		sum += (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL +
		       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
	}
	return sum;
}

/*
 * For each microsecond of a processor's that a program took, it leaves `rests`.  What
 * the kernel does by itself, to end a namespace or the module, waits for grace periods,
 * which a machine that is never idle, and slow besides, hardly comes to.
 */
static void rest(long long took, int rests)
{
	const long long left = took * rests;
	const struct timespec time = { left / 1000000, left % 1000000 * 1000 };

	nanosleep(&time, NULL);
}

static int run(uint64_t seed, int index, int seconds, int rests)
{
	time_t end = now() + seconds;
	pid_t self = getpid(), server = fork();

	if (!server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != self)
			_exit(1);
		sow(seed, index + STORM_PROGRAMS);
		serve(index);
	}
	sow(seed, index);
	while (now() < end) {
		const long long before = used();

		take_steps(1, true);
		rest(used() - before, rests);
	}
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return 0;
}

static int report(void)
{
	size_t i;

	for (i = 0; i < COUNTS; i++)
		printf("%s %llu %llu %llu\n", i < STEPS ? steps[i].name : served_names[i - STEPS],
		       (unsigned long long)counts[i].of[DONE],
		       (unsigned long long)counts[i].of[FAILED],
		       (unsigned long long)counts[i].of[LACKING]);
	return 0;
}

int main(int argc, char **argv)
{
	bool runs;
	int fd, fixed;

	if (argc < 3)
		return 2;
	folder = argv[2];
	open_counts();
	if (argc == 3 && !strcmp(argv[1], "report"))
		return report();
	runs = !strcmp(argv[1], "run");
	fixed = runs ? 7 : 6;
	if (argc <= fixed)
		return 2;
	addresses = argv + fixed;
	address_count = argc - fixed;
	signal(SIGPIPE, SIG_IGN);
	if (runs)
		return run(strtoull(argv[3], NULL, 0), atoi(argv[4]), atoi(argv[5]), atoi(argv[6]));
	if (strcmp(argv[1], "steps"))
		return 2;
	sow(strtoull(argv[3], NULL, 0), 0);
	fd = atoi(argv[4]);
	if (fd >= 0)
		talk_on(fd);
	take_steps(atoi(argv[5]), false);
	return 0;
}
