// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first packet of a new socket: a UDP socket that is made, sends one
 * datagram over loopback and is closed, while so many others are open and so
 * many processes sleep.
 *
 *	first SOCKETS PROCESSES
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "batch.h"
#include "crowd.h"

enum { DATAGRAMS = 10 };

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

int main(int argc, char **argv)
{
	socklen_t length = sizeof(address);

	if (argc != 3) {
		fprintf(stderr, "usage: first SOCKETS PROCESSES\n");
		return 2;
	}
	start_crowd(atoi(argv[1]), atoi(argv[2]));
	receiver = socket(AF_INET, SOCK_DGRAM, 0);
	must(receiver >= 0, "socket");
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(receiver, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
	must(getsockname(receiver, (struct sockaddr *)&address, &length) == 0, "getsockname");
	run_batches(DATAGRAMS, send_first, take_all);
	return 0;
}
