// SPDX-License-Identifier: GPL-2.0-or-later
/* TCP connections over loopback: opened, accepted, reset. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "batch.h"

static int listener;
static struct sockaddr_in address;

static void connect_one(void)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	const int client = socket(AF_INET, SOCK_STREAM, 0);

	must(client >= 0, "socket");
	must(connect(client, (struct sockaddr *)&address, sizeof(address)) == 0, "connect");
	const int server = accept(listener, NULL, NULL);

	must(server >= 0, "accept");
	must(setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0, "SO_LINGER");
	close(client);
	close(server);
}

static void rest(void)
{
}

int main(void)
{
	socklen_t length = sizeof(address);

	listener = socket(AF_INET, SOCK_STREAM, 0);
	must(listener >= 0, "socket");
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
	must(listen(listener, 16) == 0, "listen");
	must(getsockname(listener, (struct sockaddr *)&address, &length) == 0, "getsockname");
	run_batches(5, connect_one, rest);
	return 0;
}
