// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first packet of a new socket: a UDP socket that is made, sends one
 * datagram over loopback and is closed, while so many others are open and so
 * many processes sleep.
 *
 *	first SOCKETS PROCESSES
 */
#include <arpa/inet.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "batch.h"

enum { DATAGRAMS = 10, PORT_LEAST = 20000, PORTS = 10000 };

static int receiver;
static struct sockaddr_in address;

static void send_first(void)
{
	const int sender = socket(AF_INET, SOCK_DGRAM, 0);

	must(sender >= 0, "socket");
	must(sendto(sender, "x", 1, 0, (struct sockaddr *)&address, sizeof(address)) == 1,
	     "sendto");
	close(sender);
}

static void take_all(void)
{
	char byte;

	for (int i = 0; i < DATAGRAMS; i++)
		must(recv(receiver, &byte, 1, MSG_DONTWAIT) == 1, "recv");
}

/* Bound to addresses of loopback, since one has too few ports. */
static void open_others(int count)
{
	struct rlimit limit = { .rlim_cur = count + 100, .rlim_max = count + 100 };

	must(setrlimit(RLIMIT_NOFILE, &limit) == 0, "RLIMIT_NOFILE");
	for (int i = 0; i < count; i++) {
		const int other = socket(AF_INET, SOCK_DGRAM, 0);
		struct sockaddr_in bound = {
			.sin_family = AF_INET,
			.sin_port = htons(PORT_LEAST + i % PORTS),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + i / PORTS),
		};

		must(other >= 0, "socket");
		must(bind(other, (struct sockaddr *)&bound, sizeof(bound)) == 0, "bind");
	}
}

static void start_others(int count)
{
	for (int i = 0; i < count; i++) {
		const pid_t pid = fork();

		must(pid >= 0, "fork");
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
	}
}

int main(int argc, char **argv)
{
	socklen_t length = sizeof(address);

	if (argc != 3) {
		fprintf(stderr, "usage: first SOCKETS PROCESSES\n");
		return 2;
	}
	/* Before the sockets, which they would hold too. */
	start_others(atoi(argv[2]));
	open_others(atoi(argv[1]));
	receiver = socket(AF_INET, SOCK_DGRAM, 0);
	must(receiver >= 0, "socket");
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(receiver, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
	must(getsockname(receiver, (struct sockaddr *)&address, &length) == 0, "getsockname");
	run_batches(DATAGRAMS, send_first, take_all);
	return 0;
}
