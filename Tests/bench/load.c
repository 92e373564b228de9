// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a large transaction costs in the kernel: rules of mixed shapes, said to
 * the module's family by this program itself, many in a datagram.  Prints, in
 * nanoseconds a rule, which under `tools/vm --icount` are instructions,
 *
 *	ADD AGAIN FIND COMMIT
 *
 * where ADD is RULE_ADD into a draft that begins empty, from the system call to
 * the draft; AGAIN the same messages once more, which are read, looked up and
 * found to be there; FIND that looking up alone, by the module's source compiled
 * for user space; COMMIT the rest.  So the module's own work is ADD - AGAIN +
 * FIND + COMMIT, and reading the messages costs AGAIN - FIND.
 *
 *	load RULES
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shape.h"

/* The kernel's own linux/types.h stands in for the one of user space. */
#define __u8 unsigned char
#define __u16 unsigned short
#define __u32 unsigned int
#include <linux/genetlink.h>
#include <linux/netlink.h>

enum { DATAGRAM = 32768, MESSAGE_ROOM = 512 };

static int fd;
static unsigned short family = GENL_ID_CTRL;
static unsigned int sequence;

static void must(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static void put(struct nlmsghdr *message, int type, const void *value, int size)
{
	struct nlattr *attr = (void *)((char *)message + NLMSG_ALIGN(message->nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + size;
	memcpy(attr + 1, value, size);
	memset((char *)(attr + 1) + size, 0, NLA_ALIGN(size) - size);
	message->nlmsg_len = NLMSG_ALIGN(message->nlmsg_len) + NLA_ALIGN(attr->nla_len);
}

#define PUT(message, type, kind, value) \
	put(message, type, &(kind){ value }, sizeof(kind))

static struct nlmsghdr *begin(void *at, int command, int flags)
{
	struct nlmsghdr *message = at;
	struct genlmsghdr *header = NLMSG_DATA(message);

	*message = (struct nlmsghdr) {
		.nlmsg_len = NLMSG_LENGTH(sizeof(*header)),
		.nlmsg_type = family,
		.nlmsg_flags = NLM_F_REQUEST | flags,
		.nlmsg_seq = ++sequence };
	*header = (struct genlmsghdr) { .cmd = command, .version = 1 };
	return message;
}

static void put_rule(struct nlmsghdr *message, const struct rule_match *match)
{
	const struct rule_key *key = &match->key;
	char path[PATH_ROOM];

	PUT(message, E7_ATTR_ACTION, u8, E7_ACTION_BLOCK);
	PUT(message, E7_ATTR_PROT, u16, key->prot);
	if (key->quick)
		put(message, E7_ATTR_QUICK, "", 0);
	if (match->length) {
		memcpy(path, match->path, match->length);
		path[match->length] = '\0';
		put(message, E7_ATTR_PATH, path, match->length + 1);
	}
	if (key->direction)
		PUT(message, E7_ATTR_DIRECTION, u8, key->direction);
	if (key->family) {
		put(message, E7_ATTR_REMOTE, key->remote, key->family == 4 ? 4 : 16);
		PUT(message, E7_ATTR_PREFIX, u8, key->prefix);
	}
	if (key->port_first <= key->port_last) {
		PUT(message, E7_ATTR_PORT_FIRST, u16, key->port_first);
		PUT(message, E7_ATTR_PORT_LAST, u16, key->port_last);
	}
	if (key->uid != RULE_NO_USER)
		PUT(message, E7_ATTR_UID, u32, key->uid);
}

/* Sends, and waits for the answer to the message with this number. */
static void exchange(const void *bytes, size_t size, unsigned int last)
{
	static char buffer[65536];
	struct nlmsghdr *message;
	const struct nlmsgerr *end;
	ssize_t received;

	must(send(fd, bytes, size, 0) == (ssize_t)size, "send");
	for (;;) {
		received = recv(fd, buffer, sizeof(buffer), 0);
		must(received > 0, "recv");
		for (message = (void *)buffer; NLMSG_OK(message, received);
		     message = NLMSG_NEXT(message, received)) {
			if (message->nlmsg_type == GENL_ID_CTRL) {
				/* CTRL_ATTR_FAMILY_NAME, then the number. */
				struct nlattr *attr = (void *)((char *)NLMSG_DATA(message) + GENL_HDRLEN);

				while (attr->nla_type != CTRL_ATTR_FAMILY_ID)
					attr = (void *)((char *)attr + NLA_ALIGN(attr->nla_len));
				family = *(unsigned short *)(attr + 1);
			}
			if (message->nlmsg_type != NLMSG_ERROR)
				continue;
			end = NLMSG_DATA(message);
			errno = -end->error;
			must(!end->error, "the module refuses");
			if (message->nlmsg_seq == last)
				return;
		}
	}
}

static void simply(int command, int attr)
{
	char room[MESSAGE_ROOM];
	struct nlmsghdr *message = begin(room, command, NLM_F_ACK);

	if (attr)
		put(message, attr, "", 0);
	exchange(message, message->nlmsg_len, sequence);
}

static void find_family(void)
{
	char room[MESSAGE_ROOM];
	struct nlmsghdr *message = begin(room, CTRL_CMD_GETFAMILY, NLM_F_ACK);

	put(message, CTRL_ATTR_FAMILY_NAME, E7_GENL_NAME, sizeof(E7_GENL_NAME));
	exchange(message, message->nlmsg_len, sequence);
}

/* Datagrams of rules, one behind the other, the last message of each asking. */
struct datagram {
	size_t size;
	unsigned int last;
	char *bytes;
};

static long long send_all(const struct datagram *datagrams, unsigned int count)
{
	long long took = -nanoseconds();
	unsigned int i;

	for (i = 0; i < count; i++)
		exchange(datagrams[i].bytes, datagrams[i].size, datagrams[i].last);
	return took + nanoseconds();
}

int main(int argc, char **argv)
{
	const unsigned int rules = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	const struct rule_terms terms = { .action = E7_ACTION_BLOCK, .comment = "" };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct rule_match *matches = calloc(rules + 1, sizeof(*matches));
	char (*paths)[PATH_ROOM] = calloc(rules + 1, PATH_ROOM);
	struct datagram *datagrams = calloc(rules + 1, sizeof(*datagrams)), *datagram;
	struct rule_set *set = rule_set_new(rules);
	long long add, again, find, commit;
	struct nlmsghdr *message = NULL;
	unsigned int i, count = 0;
	int one = 1;

	if (!rules) {
		fprintf(stderr, "usage: load RULES\n");
		return 2;
	}
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	must(fd >= 0 && connect(fd, (void *)&kernel, sizeof(kernel)) == 0, "netlink");
	must(setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)) == 0, "NETLINK_CAP_ACK");
	find_family();

	for (i = 0; set->count < rules;) {
		draw_rule(&matches[i], paths[i], rules / 4 + 1);
		if (rule_set_put(set, &matches[i], &terms, i) == 1)
			i++;
	}
	for (i = 0; i < rules; i++) {
		if (!i || datagrams[count - 1].size + MESSAGE_ROOM > DATAGRAM)
			datagrams[count++].bytes = malloc(DATAGRAM);
		datagram = &datagrams[count - 1];
		message = begin(datagram->bytes + datagram->size, E7_CMD_RULE_ADD, 0);
		put_rule(message, &matches[i]);
		datagram->size += message->nlmsg_len;
		datagram->last = sequence;
		if (i + 1 == rules || datagram->size + MESSAGE_ROOM > DATAGRAM)
			message->nlmsg_flags |= NLM_F_ACK;
	}

	simply(E7_CMD_BEGIN, E7_ATTR_REPLACE);
	add = send_all(datagrams, count);
	again = send_all(datagrams, count);
	find = -nanoseconds();
	for (i = 0; i < rules; i++)
		rule_set_put(set, &matches[i], &terms, i);
	find += nanoseconds();
	commit = -nanoseconds();
	simply(E7_CMD_COMMIT, 0);
	commit += nanoseconds();
	printf("%lld %lld %lld %lld\n", add / rules, again / rules, find / rules, commit / rules);
	return 0;
}
