// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long an edit takes: a rule's action, changed and changed back.  Prints the
 * median and the 99th percentile in nanoseconds, which under `tools/vm --icount`
 * are instructions of all processes together.
 *
 *	edit kernel COUNT	from send(2) to the kernel's acknowledgement, by this
 *				program itself, as root
 *	edit lane COUNT		from send(2) on a lane to e7-priv's answer
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "../../kmod/uapi/e7.h"
#include "batch.h"

/* A lane takes so many edits a second, and no more. */
enum { PAUSE_US = 2 * 1000000 / E7_LIMIT_LANE_RATE };

struct message {
	size_t size;
	_Alignas(8) char bytes[512];
};

static int fd;
static unsigned int sequence;
static unsigned short family;

static void put(struct message *message, int type, const void *value, size_t size)
{
	struct nlattr attr = { .nla_len = NLA_HDRLEN + size, .nla_type = type };

	memcpy(message->bytes + message->size, &attr, sizeof(attr));
	memcpy(message->bytes + message->size + NLA_HDRLEN, value, size);
	message->size += NLA_ALIGN(attr.nla_len);
}

static void put_edit(struct message *message, unsigned int turn)
{
	const unsigned char action = turn % 2 ? E7_ACTION_ALLOW : E7_ACTION_BLOCK;
	const unsigned short prot = E7_PROT_TCP;

	put(message, E7_ATTR_ACTION, &action, sizeof(action));
	put(message, E7_ATTR_PROT, &prot, sizeof(prot));
	put(message, E7_ATTR_PATH, "/opt/edited", sizeof("/opt/edited"));
}

/* ---- by netlink ---- */

static void begin_netlink(struct message *message, int type, int command)
{
	const struct genlmsghdr header = { .cmd = command, .version = 1 };

	memset(message, 0, sizeof(*message));
	memcpy(message->bytes + NLMSG_HDRLEN, &header, sizeof(header));
	message->size = NLMSG_HDRLEN + GENL_HDRLEN;
	((struct nlmsghdr *)message->bytes)->nlmsg_type = type;
}

/* The answer in front of the acknowledgement stays in `answer`. */
static void ask_netlink(struct message *message, char *answer, size_t room)
{
	struct nlmsghdr *header = (void *)message->bytes;
	static _Alignas(8) char buffer[8192];
	ssize_t left;

	header->nlmsg_len = message->size;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	header->nlmsg_seq = ++sequence;
	must(send(fd, message->bytes, message->size, 0) == (ssize_t)message->size, "send");
	for (;;) {
		must((left = recv(fd, buffer, sizeof(buffer), 0)) > 0, "recv");
		for (header = (void *)buffer; NLMSG_OK(header, left);
		     header = NLMSG_NEXT(header, left)) {
			if (header->nlmsg_type == NLMSG_ERROR) {
				errno = -((struct nlmsgerr *)NLMSG_DATA(header))->error;
				must(!errno, "the kernel refuses");
				return;
			}
			if (header->nlmsg_len <= room)
				memcpy(answer, header, header->nlmsg_len);
		}
	}
}

static void open_netlink(void)
{
	static _Alignas(8) char answer[8192];
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const struct nlattr *attr = (void *)(answer + NLMSG_HDRLEN + GENL_HDRLEN);
	struct message message;

	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	must(fd >= 0 && connect(fd, (void *)&kernel, sizeof(kernel)) == 0, "netlink");
	begin_netlink(&message, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	put(&message, CTRL_ATTR_FAMILY_NAME, E7_GENL_NAME, sizeof(E7_GENL_NAME));
	ask_netlink(&message, answer, sizeof(answer));
	while (attr->nla_type != CTRL_ATTR_FAMILY_ID)
		attr = (void *)((char *)attr + NLA_ALIGN(attr->nla_len));
	memcpy(&family, attr + 1, sizeof(family));
}

static void edit_netlink(unsigned int turn)
{
	struct message message;

	begin_netlink(&message, family, E7_CMD_RULE_ADD);
	put_edit(&message, turn);
	ask_netlink(&message, NULL, 0);
}

/* ---- by E7IPC ---- */

struct header {
	unsigned int magic;
	unsigned char major, minor;
	unsigned short type;
	unsigned int reserved, sequence, length;
};

static void begin_ipc(struct message *message, int type)
{
	const struct header header = {
		.magic = E7_IPC_MAGIC,
		.major = E7_IPC_MAJOR, .minor = E7_IPC_MINOR, .type = type,
		.sequence = ++sequence };

	memset(message, 0, sizeof(*message));
	memcpy(message->bytes, &header, sizeof(header));
	message->size = sizeof(header);
}

/* Sends, with a descriptor or without (-1), and waits for DONE, which says 0. */
static void ask_ipc(int to, struct message *message, int passed)
{
	static _Alignas(8) char buffer[65536];
	union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control = {
		.header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
			    .cmsg_type = SCM_RIGHTS } };
	struct iovec part = { message->bytes, message->size };
	struct msghdr datagram = { .msg_iov = &part, .msg_iovlen = 1 };
	const struct header *header = (void *)buffer;
	const struct nlattr *attr = (void *)(buffer + sizeof(*header));
	unsigned int length = message->size;

	memcpy(message->bytes + offsetof(struct header, length), &length, sizeof(length));
	if (passed >= 0) {
		memcpy(CMSG_DATA(&control.header), &passed, sizeof(passed));
		datagram.msg_control = &control;
		datagram.msg_controllen = sizeof(control);
	}
	must(sendmsg(to, &datagram, 0) == (ssize_t)message->size, "sendmsg");
	do {
		must(recv(to, buffer, sizeof(buffer), 0) > 0, "the suite is silent");
	} while (header->type != E7_MSG_DONE);
	while ((char *)attr < buffer + header->length && attr->nla_type != E7_ATTR_ERROR)
		attr = (void *)((char *)attr + NLA_ALIGN(attr->nla_len));
	if ((char *)attr < buffer + header->length)
		errno = *(const int *)(attr + 1);
	else
		errno = EPROTO;
	must(!errno, "the suite refuses");
}

static void greet(int to)
{
	const unsigned char minor = E7_IPC_MINOR;
	struct message message;

	begin_ipc(&message, E7_MSG_HELLO);
	put(&message, E7_ATTR_MINOR, &minor, sizeof(minor));
	ask_ipc(to, &message, -1);
}

static void open_lane(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/e7/console.sock" };
	const int console = socket(AF_UNIX, SOCK_SEQPACKET, 0), on = 1;
	struct message message;
	int pair[2];

	must(console >= 0 && connect(console, (void *)&address, sizeof(address)) == 0, "console");
	greet(console);
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0, "socketpair");
	for (int i = 0; i < 2; i++)
		must(setsockopt(pair[i], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0, "SO_PASSCRED");
	begin_ipc(&message, E7_MSG_LANE);
	ask_ipc(console, &message, pair[1]);
	close(pair[1]);
	fd = pair[0];
	greet(fd);
}

static void edit_lane(unsigned int turn)
{
	struct message message;

	begin_ipc(&message, E7_CMD_RULE_ADD);
	put_edit(&message, turn);
	ask_ipc(fd, &message, -1);
}

int main(int argc, char **argv)
{
	const unsigned int count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0, warm = count / 4;
	const int by_lane = argc == 3 && strcmp(argv[1], "lane") == 0;
	double *times = calloc(count + 1, sizeof(*times));

	if (!count || (!by_lane && strcmp(argv[1], "kernel") != 0)) {
		fprintf(stderr, "usage: edit kernel|lane COUNT\n");
		return 2;
	}
	if (by_lane)
		open_lane();
	else
		open_netlink();
	for (unsigned int i = 0; i < warm + count; i++) {
		const long long start = nanoseconds();

		if (by_lane)
			edit_lane(i);
		else
			edit_netlink(i);
		if (i >= warm)
			times[i - warm] = nanoseconds() - start;
		usleep(PAUSE_US);
	}
	qsort(times, count, sizeof(times[0]), ascending);
	printf("%.0f %.0f\n", times[count / 2], times[count - 1 - count / 100]);
	return 0;
}
