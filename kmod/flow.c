// SPDX-License-Identifier: GPL-2.0-only
/*
 * flow_: which socket asked, for answers that no socket look-up finds.
 *
 * A fixed table of (key, cookie) pairs that forgets: a newer flow takes the
 * place of an older one with the same low bits.  Each pair is two words
 * written without a lock; the first is key xor cookie, so that a reader who
 * meets two halves of different pairs sees a key that is not the one it looks
 * for.  Keys are keyed hashes, which nobody outside can make collide.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/random.h>
#include <linux/siphash.h>

#include "flow.h"

#define FLOW_SLOTS 8192

struct flow_slot {
	u64 check;	/* key ^ cookie */
	u64 cookie;
};

static struct flow_slot *flow_table;
static siphash_key_t flow_secret __read_mostly;

static u64 flow_hash(const struct flow_key *key)
{
	return siphash(key, sizeof(*key), &flow_secret);
}

/* In any context.  key has no uninitialised padding. */
void flow_learn(const struct flow_key *key, u64 cookie)
{
	u64 hash = flow_hash(key);
	struct flow_slot *slot = &flow_table[hash % FLOW_SLOTS];

	if (READ_ONCE(slot->cookie) == cookie &&
	    READ_ONCE(slot->check) == (hash ^ cookie))
		return;
	WRITE_ONCE(slot->check, hash ^ cookie);
	WRITE_ONCE(slot->cookie, cookie);
}

/* The cookie of the socket that began the flow, or 0.  In any context. */
u64 flow_cookie(const struct flow_key *key)
{
	u64 hash = flow_hash(key);
	const struct flow_slot *slot = &flow_table[hash % FLOW_SLOTS];
	u64 cookie = READ_ONCE(slot->cookie);

	return (READ_ONCE(slot->check) ^ cookie) == hash ? cookie : 0;
}

int flow_init(void)
{
	BUILD_BUG_ON(sizeof(struct flow_key) !=
		     sizeof(union nf_inet_addr) + 8);
	get_random_bytes(&flow_secret, sizeof(flow_secret));
	flow_table = kvcalloc(FLOW_SLOTS, sizeof(*flow_table), GFP_KERNEL);
	return flow_table ? 0 : -ENOMEM;
}

void flow_exit(void)
{
	kvfree(flow_table);
}
