// SPDX-License-Identifier: GPL-2.0-only
/*
 * pair_: who began between a socket and a remote end, and what was decided, for
 * protocols whose sockets know neither: all but TCP.
 *
 * A pair is only learnt where a decision hangs on it.  The table is fixed and
 * forgets; whoever sends next has then begun.  So that nobody makes it forget
 * other people's pairs, a new one takes the place of one of the same user, if
 * there is one among the few that it may stand in; a user who fills the table
 * has a place in each row and no more.
 */
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pair.h"
#include "slot.h"

#define PAIR_BITS 12	/* of rows */
#define PAIR_WAYS 4

struct pair_slot {
	u32 seq;	/* see slot.h */
	uid_t uid;
	struct pair_key key;	/* of cookie 0 where it is free */
	struct pair pair;
} ____cacheline_aligned;

struct pair_row {
	struct pair_slot slots[PAIR_WAYS];
};

static struct pair_row *pair_table __read_mostly;
static u64 pair_secret __read_mostly;

static struct pair_row *pair_row_of(const struct pair_key *key)
{
	u64 hash = (key->cookie ^ pair_secret) * GOLDEN_RATIO_64;

	hash = (hash ^ hash >> 32 ^ key->remote[0]) * GOLDEN_RATIO_64;
	hash = (hash ^ hash >> 32 ^ key->remote[1] ^ key->kind) *
	       GOLDEN_RATIO_64;
	return &pair_table[hash >> (64 - PAIR_BITS)];
}

static bool pair_read(const struct pair_slot *slot,
		      const struct pair_key *key, struct pair *pair)
{
	u32 seq = slot_read(&slot->seq);

	if (memcmp(&slot->key, key, sizeof(*key)))
		return false;
	pair->quiet = READ_ONCE(slot->pair.quiet);
	pair->owner = READ_ONCE(slot->pair.owner);
	pair->began = READ_ONCE(slot->pair.began);
	return slot_is_same(&slot->seq, seq);
}

/* Whether it is remembered; then *pair is what.  In any context. */
bool pair_find(const struct pair_key *key, struct pair *pair)
{
	const struct pair_row *row = pair_row_of(key);
	unsigned int way;

	for (way = 0; way < PAIR_WAYS; way++)
		if (pair_read(&row->slots[way], key, pair))
			return true;
	return false;
}

/* Where a pair is or is to be: its own slot, a free one, one of its user's. */
static struct pair_slot *pair_slot_for(struct pair_row *row,
				       const struct pair_key *key, uid_t uid)
{
	struct pair_slot *slot, *free = NULL, *own = NULL;

	for (slot = row->slots; slot < row->slots + PAIR_WAYS; slot++) {
		if (!memcmp(&slot->key, key, sizeof(*key)))
			return slot;
		if (!slot->key.cookie)
			free = slot;
		else if (slot->uid == uid)
			own = slot;
	}
	/* Of strangers' one or the other: nobody knows whose is still needed. */
	return free ?: own ?: &row->slots[jiffies % PAIR_WAYS];
}

/*
 * Remembers it on the account of the user whose socket it is.  In any context;
 * who comes second to a slot goes without.
 */
void pair_learn(const struct pair_key *key, const struct pair *pair, uid_t uid)
{
	struct pair_slot *slot = pair_slot_for(pair_row_of(key), key, uid);

	if (!slot_write(&slot->seq))
		return;
	slot->uid = uid;
	slot->key = *key;
	slot->pair = *pair;
	slot_written(&slot->seq);
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
