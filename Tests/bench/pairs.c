// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One-byte UDP datagrams over loopback on so many processors at once: on each a
 * thread of its own with a sender and a receiver.  Each datagram is an operation
 * for count.c.
 *
 *	pairs PROCESSORS
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "batch.h"

enum { WARM = 200, DATAGRAMS = 5000, AT_ONCE = 50 };

static pthread_barrier_t ready;
static atomic_int talking;

struct pair {
	int sender, receiver;
	struct sockaddr_in address;
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set) == 0, "sched_setaffinity");
}

static void open_pair(struct pair *pair)
{
	/* What is sent may wait for ksoftirqd, on a busy machine for long. */
	const struct timeval patience = { .tv_sec = 60 };
	socklen_t length = sizeof(pair->address);

	pair->sender = socket(AF_INET, SOCK_DGRAM, 0);
	pair->receiver = socket(AF_INET, SOCK_DGRAM, 0);
	must(pair->sender >= 0 && pair->receiver >= 0, "socket");
	pair->address = (struct sockaddr_in) {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	must(bind(pair->receiver, (struct sockaddr *)&pair->address, length) == 0, "bind");
	must(getsockname(pair->receiver, (struct sockaddr *)&pair->address, &length) == 0,
	     "getsockname");
	must(setsockopt(pair->receiver, SOL_SOCKET, SO_RCVTIMEO, &patience,
			sizeof(patience)) == 0, "SO_RCVTIMEO");
}

static void send_one(const struct pair *pair)
{
	must(sendto(pair->sender, "x", 1, 0, (const struct sockaddr *)&pair->address,
		    sizeof(pair->address)) == 1, "sendto");
}

static void take(const struct pair *pair, int count)
{
	char byte;

	while (count-- > 0)
		must(recv(pair->receiver, &byte, 1, 0) == 1, "recv");
}

static void talk(const struct pair *pair, int datagrams, int counted)
{
	for (int i = 0; i < datagrams; i += AT_ONCE) {
		for (int j = 0; j < AT_ONCE; j++) {
			if (counted)
				mark(MARK_BEGIN);
			send_one(pair);
			if (counted)
				mark(MARK_END);
		}
		take(pair, AT_ONCE);
	}
}

static void *run_pair(void *cpu)
{
	struct pair pair;

	pin((int)(long)cpu);
	open_pair(&pair);
	talk(&pair, WARM, 0);
	pthread_barrier_wait(&ready);
	talk(&pair, DATAGRAMS, 1);
	/* To the end none is counted that has a processor, or a lock, to itself. */
	talking--;
	while (talking)
		talk(&pair, AT_ONCE, 0);
	return NULL;
}

int main(int argc, char **argv)
{
	const int count = argc == 2 ? atoi(argv[1]) : 0;

	if (count < 1 || count > 64) {
		fprintf(stderr, "usage: pairs PROCESSORS\n");
		return 2;
	}
	pthread_t threads[count];

	pthread_barrier_init(&ready, NULL, count);
	talking = count;
	for (long i = 0; i < count; i++)
		must(pthread_create(&threads[i], NULL, run_pair, (void *)i) == 0,
		     "pthread_create");
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	mark(MARK_TELL);
	return 0;
}
