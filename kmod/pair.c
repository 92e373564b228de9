// SPDX-License-Identifier: GPL-2.0-only
/*
 * pair_: who began between a socket and a remote end, and what was decided, for
 * protocols whose sockets know neither: all but TCP.
 *
 * A pair is only learnt where a decision hangs on it.  As in flow.c the table
 * is fixed and forgets; whoever sends next has then begun.
 */
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "pair.h"

#define PAIR_BITS 14

struct pair_slot {
	u32 seq;	/* odd while it is written */
	u32 unused;
	struct pair_key key;
	struct pair pair;
} ____cacheline_aligned;

static struct pair_slot *pair_table __read_mostly;
static u64 pair_secret __read_mostly;

static struct pair_slot *pair_slot_of(const struct pair_key *key)
{
	u64 hash = (key->cookie ^ pair_secret) * GOLDEN_RATIO_64;

	hash = (hash ^ hash >> 32 ^ key->remote[0]) * GOLDEN_RATIO_64;
	hash = (hash ^ hash >> 32 ^ key->remote[1] ^ key->kind) *
	       GOLDEN_RATIO_64;
	return &pair_table[hash >> (64 - PAIR_BITS)];
}

/* Whether it is remembered; then *pair is what.  In any context. */
bool pair_find(const struct pair_key *key, struct pair *pair)
{
	const struct pair_slot *slot = pair_slot_of(key);
	u32 seq = smp_load_acquire(&slot->seq);

	if (seq & 1 || memcmp(&slot->key, key, sizeof(*key)))
		return false;
	pair->verdict = READ_ONCE(slot->pair.verdict);
	pair->owner = READ_ONCE(slot->pair.owner);
	pair->began = READ_ONCE(slot->pair.began);
	smp_rmb();
	return READ_ONCE(slot->seq) == seq;
}

/* In any context; who comes second to a slot goes without. */
void pair_learn(const struct pair_key *key, const struct pair *pair)
{
	struct pair_slot *slot = pair_slot_of(key);
	u32 seq = READ_ONCE(slot->seq);

	if (seq & 1 || cmpxchg(&slot->seq, seq, seq + 1) != seq)
		return;
	/* Nobody sees what is new before it is odd, nor what is old after. */
	smp_wmb();
	slot->key = *key;
	slot->pair = *pair;
	smp_store_release(&slot->seq, seq + 2);
}

int pair_init(void)
{
	BUILD_BUG_ON(sizeof(struct pair_slot) != 64);
	get_random_bytes(&pair_secret, sizeof(pair_secret));
	pair_table = kvcalloc(1ul << PAIR_BITS, sizeof(*pair_table),
			      GFP_KERNEL);
	return pair_table ? 0 : -ENOMEM;
}

void pair_exit(void)
{
	kvfree(pair_table);
}
