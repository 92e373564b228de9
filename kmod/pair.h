/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_PAIR_H
#define E7_PAIR_H

#include <linux/types.h>

/* A socket and a remote end. */
struct pair_key {
	u64 cookie;	/* of the socket */
	u64 remote[2];	/* in network order; of IPv4 only the first */
	u64 kind;	/* flow_kind() with both ports */
};

/* What is remembered of one. */
struct pair {
	u64 quiet;	/* as psi_exe's, for the instance with this serial: */
	u64 owner;
	u8 began;	/* enum e7_direction */
};

int pair_init(void);
void pair_exit(void);

bool pair_find(const struct pair_key *key, struct pair *pair);
void pair_learn(const struct pair_key *key, const struct pair *pair, uid_t uid);

#endif /* E7_PAIR_H */
