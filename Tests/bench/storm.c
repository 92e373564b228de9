// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A storm of connections, as of a crawler that follows links from host to host:
 * each asks for a name over a new UDP socket, is answered, and opens a new TCP
 * connection, over which a request and an answer go before both ends close it.
 * Servers are in the same process; others hold sockets and sleep.
 *
 *	storm SOCKETS PROCESSES [WALK]
 *
 * With WALK, a file that Tests/bench/walk serves: afterwards also the
 * instructions of a walk through the descriptors of all processes.
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "batch.h"
#include "crowd.h"

static int names, web;
static struct sockaddr_in names_at, web_at;

static void serve(int fd, struct sockaddr_in *at)
{
	socklen_t length = sizeof(*at);

	must(fd >= 0, "socket");
	at->sin_family = AF_INET;
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(fd, (struct sockaddr *)at, sizeof(*at)) == 0, "bind");
	must(getsockname(fd, (struct sockaddr *)at, &length) == 0, "getsockname");
}

static void look_up(void)
{
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	char bytes[64] = "a question";

	must(fd >= 0, "socket");
	must(sendto(fd, bytes, 32, 0, (struct sockaddr *)&names_at, sizeof(names_at)) == 32, "sendto");
	must(recvfrom(names, bytes, 64, 0, (struct sockaddr *)&from, &length) == 32, "recvfrom");
	must(sendto(names, bytes, 48, 0, (struct sockaddr *)&from, length) == 48, "sendto");
	must(recv(fd, bytes, 64, 0) == 48, "recv");
	close(fd);
}

static void fetch(void)
{
	const int client = socket(AF_INET, SOCK_STREAM, 0);
	char bytes[512] = "a page";
	int server;

	must(client >= 0, "socket");
	must(connect(client, (struct sockaddr *)&web_at, sizeof(web_at)) == 0, "connect");
	server = accept(web, NULL, NULL);
	must(server >= 0, "accept");
	must(write(client, bytes, 100) == 100 && read(server, bytes, 512) == 100, "request");
	must(write(server, bytes, 512) == 512 && read(client, bytes, 512) == 512, "answer");
	close(server);
	close(client);
}

static void follow_link(void)
{
	look_up();
	fetch();
}

static void nothing(void)
{
}

/* What a walk takes, as the module that walks has counted it. */
static void tell_walk(const char *path)
{
	FILE *file = fopen(path, "r");
	long long taken;

	must(file != NULL, path);
	must(fscanf(file, "%lld", &taken) == 1, path);
	printf("%lld\n", taken);
	fclose(file);
}

int main(int argc, char **argv)
{
	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: storm SOCKETS PROCESSES [WALK]\n");
		return 2;
	}
	start_crowd(atoi(argv[1]), atoi(argv[2]));
	names = socket(AF_INET, SOCK_DGRAM, 0);
	serve(names, &names_at);
	web = socket(AF_INET, SOCK_STREAM, 0);
	serve(web, &web_at);
	must(listen(web, 16) == 0, "listen");
	run_batches(5, follow_link, nothing);
	if (argc == 4)
		tell_walk(argv[3]);
	return 0;
}
