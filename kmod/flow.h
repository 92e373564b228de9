/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_FLOW_H
#define E7_FLOW_H

#include <linux/cache.h>
#include <linux/types.h>

/* A flow as one of its ends sees it: six words, so that a look-up is short. */
struct flow_key {
	u64 local[2];	/* addresses in network order; of IPv4 only the first */
	u64 remote[2];
	u64 net;	/* address of the network namespace */
	u32 ports;	/* remote << 16 | local, as they stand in the packet */
	u16 prot;
	u16 family;	/* NFPROTO_IPV4 or NFPROTO_IPV6 */
};

struct flow_slot {
	u32 seq;	/* odd while it is written */
	u32 used;
	struct flow_key key;
	u64 cookie;
} ____cacheline_aligned;

extern struct flow_slot *flow_table;
extern u64 flow_secret;
extern unsigned int flow_bits;

int flow_init(void);
void flow_exit(void);

void flow_learn(const struct flow_key *key, u64 cookie);

static inline u64 flow_hash(const struct flow_key *key)
{
	u64 hash = key->local[0] ^ flow_secret;

	hash = (hash ^ key->local[1]) * 0x9e3779b97f4a7c15ull;
	hash = (hash ^ key->remote[0] ^ hash >> 32) * 0x9e3779b97f4a7c15ull;
	hash ^= key->remote[1] ^ key->net ^ hash >> 29;
	hash = (hash ^ (u64)key->ports << 32 ^ key->prot) *
	       0x9e3779b97f4a7c15ull;
	return hash >> (64 - flow_bits);
}

static inline bool flow_same(const struct flow_key *a, const struct flow_key *b)
{
	return a->local[0] == b->local[0] && a->remote[0] == b->remote[0] &&
	       a->ports == b->ports && a->prot == b->prot &&
	       a->family == b->family && a->net == b->net &&
	       a->local[1] == b->local[1] && a->remote[1] == b->remote[1];
}

/* The cookie of the flow's socket, or 0.  In any context. */
static inline u64 flow_cookie(const struct flow_key *key)
{
	const struct flow_slot *slot = &flow_table[flow_hash(key)];
	u32 seq = smp_load_acquire(&slot->seq);
	u64 cookie;

	if (seq & 1 || !flow_same(&slot->key, key))
		return 0;
	cookie = READ_ONCE(slot->cookie);
	smp_rmb();
	return READ_ONCE(slot->seq) == seq ? cookie : 0;
}

#endif /* E7_FLOW_H */
