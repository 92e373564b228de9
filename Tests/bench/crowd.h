/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets that are open and processes that sleep, beside what is measured. */
#ifndef E7_BENCH_CROWD_H
#define E7_BENCH_CROWD_H

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "batch.h"

enum { PORT_LEAST = 20000, PORTS = 10000 };

/* Bound to addresses of loopback, since one has too few ports. */
static inline void open_others(int count)
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

static inline void start_others(int count)
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

static inline void start_crowd(int sockets, int processes)
{
	/* Before the sockets, which they would hold too. */
	start_others(processes);
	open_others(sockets);
}

#endif
