/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_FLOW_H
#define E7_FLOW_H

#include <linux/bitops.h>
#include <linux/cache.h>
#include <linux/in.h>
#include <linux/types.h>

#include "slot.h"

#define FLOW_BITS 14

/* A flow as one of its ends sees it: six words, so that a look-up is short. */
struct flow_key {
	u64 local[2];	/* addresses in network order; of IPv4 only the first */
	u64 remote[2];
	u64 net;	/* address of the network namespace */
	u64 kind;	/* see flow_kind() */
};

struct flow_slot {
	u32 seq;	/* see slot.h */
	u32 unused;
	struct flow_key key;
	u64 cookie;
} ____cacheline_aligned;

extern struct flow_slot *flow_table;
extern u64 flow_factor;

int flow_init(void);
void flow_exit(void);

void flow_learn(const struct flow_key *key, u64 cookie);

/*
 * Whether the remote end is part of a flow's key.  A port of UDP that one
 * socket has for itself is that socket's whoever sends.
 */
static inline bool flow_has_remote(u8 prot)
{
	return prot != IPPROTO_UDP;
}

/* Both ports in network order; of ICMP's echo the identifier is the local one. */
static inline u32 flow_ports(__be16 remote, __be16 local)
{
	return (u32)(__force u16)local << 16 | (__force u16)remote;
}

/* Family (NFPROTO_...), protocol and ports in one word. */
static inline u64 flow_kind(u8 family, u8 prot, u32 ports)
{
	return (u64)ports << 32 | prot << 8 | family;
}

/* Of what stands for all flows of a protocol that begin at a local end. */
static inline u64 flow_kind_of_port(u8 family, u8 prot, u32 ports)
{
	return flow_kind(family, prot, ports & 0xffff0000) | BIT(16);
}

/* In scalars, which the compiler keeps in registers on a packet's way. */
static __always_inline struct flow_slot *
flow_slot_at(u64 local, u64 local_rest, u64 remote, u64 remote_rest, u64 net,
	     u64 kind)
{
	u64 hash = (local ^ rol64(remote, 32)) * flow_factor;

	hash ^= local_rest ^ rol64(remote_rest, 32) ^ net ^ kind;
	hash *= flow_factor;
	return &flow_table[hash >> (64 - FLOW_BITS)];
}

/*
 * What else of a key differs where the kinds are the same: a family has as many
 * words of address, and flows by port alone have no remote end.
 */
enum flow_shape {
	FLOW_BY_PORT = 0,
	FLOW_BY_ENDS = 1,
	FLOW_OF_IP6 = 2,
};

/*
 * Whether the flow is known; then *cookie is its socket's.  With a shape that is
 * known when it is compiled, only what can differ is read.
 */
static __always_inline bool flow_find_at(u64 local, u64 local_rest,
					 u64 remote, u64 remote_rest, u64 net,
					 u64 kind, unsigned int shape,
					 u64 *cookie)
{
	const struct flow_slot *slot = flow_slot_at(local, local_rest, remote,
						    remote_rest, net, kind);
	u32 seq = slot_read(&slot->seq);

	if (slot->key.local[0] != local || slot->key.kind != kind ||
	    slot->key.net != net ||
	    (shape & FLOW_BY_ENDS && slot->key.remote[0] != remote) ||
	    (shape & FLOW_OF_IP6 &&
	     (slot->key.local[1] != local_rest ||
	      slot->key.remote[1] != remote_rest)))
		return false;
	*cookie = READ_ONCE(slot->cookie);
	return slot_is_same(&slot->seq, seq);
}

static inline struct flow_slot *flow_slot_of(const struct flow_key *key)
{
	return flow_slot_at(key->local[0], key->local[1], key->remote[0],
			    key->remote[1], key->net, key->kind);
}

/* The cookie of the flow's socket, or 0.  In any context. */
static inline u64 flow_cookie(const struct flow_key *key)
{
	u64 cookie;

	return flow_find_at(key->local[0], key->local[1], key->remote[0],
			    key->remote[1], key->net, key->kind,
			    FLOW_BY_ENDS | FLOW_OF_IP6, &cookie) ? cookie : 0;
}

#endif /* E7_FLOW_H */
