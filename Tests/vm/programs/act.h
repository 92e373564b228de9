/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program that makes system calls as it is told; see act.c. */
#ifndef ACT_H
#define ACT_H

#include <sys/socket.h>

/* The words of one command, and the descriptors that come and go with it. */
struct act_call {
	char *words[16];	/* [0] is the verb */
	int count;
	int taken;		/* came with the command, or -1 */
	int given;		/* goes with the answer, or -1 */
};

/* A result, or -1 and errno. */
typedef long act_verb(struct act_call *call);

struct act_entry {
	const char *name;
	int arguments;
	act_verb *verb;
};

extern const struct act_entry act_sockets[];
extern const struct act_entry act_rings[];
extern const struct act_entry act_selves[];

long act_number(const struct act_call *call, int index);
socklen_t act_address(const struct act_call *call, int index, struct sockaddr_storage *to);
void act_serve(int channel);

#endif
