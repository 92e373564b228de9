// SPDX-License-Identifier: GPL-2.0-or-later
/* One-byte UDP datagrams over loopback to a socket that is bound. */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "batch.h"

/*
 * One, so that the next has its memory again.  With more of them waiting, a
 * boot's earlier work decides how often a batch comes to the end of a slab's
 * page: with 20 some 30 instructions a datagram, with 100 some 265.
 */
enum { DATAGRAMS = 1 };

static int sender, receiver;
static struct sockaddr_in address;

static void send_one(void)
{
	must(sendto(sender, "x", 1, 0, (struct sockaddr *)&address, sizeof(address)) == 1,
	     "sendto");
}

static void take_all(void)
{
	char byte;

	for (int i = 0; i < DATAGRAMS; i++)
		must(recv(receiver, &byte, 1, MSG_DONTWAIT) == 1, "recv");
}

int main(void)
{
	socklen_t length = sizeof(address);

	sender = socket(AF_INET, SOCK_DGRAM, 0);
	receiver = socket(AF_INET, SOCK_DGRAM, 0);
	must(sender >= 0 && receiver >= 0, "socket");
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(receiver, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
	must(getsockname(receiver, (struct sockaddr *)&address, &length) == 0, "getsockname");
	run_batches(DATAGRAMS, send_one, take_all);
	return 0;
}
