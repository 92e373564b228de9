// SPDX-License-Identifier: GPL-2.0-only
/*
 * flow_: which socket a packet that comes in is for, by its addresses.
 *
 * Without this each packet would cost a look-up in the kernel's own tables,
 * and for an ICMP echo reply there is none.  What is found here is a cookie,
 * so a flow that outlives its socket leads to nobody.
 *
 * A fixed table that forgets: a newer flow takes the place of an older one in
 * the same slot.  A slot is written under a sequence number by whoever is
 * first; who comes second goes without.  The whole key is compared, so whoever
 * finds addresses that meet in one slot slows down his own flows alone.
 */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "flow.h"

struct flow_slot *flow_table __read_mostly;
u64 flow_secret __read_mostly;

/* In any context. */
void flow_learn(const struct flow_key *key, u64 cookie)
{
	struct flow_slot *slot = flow_slot_of(key);
	u32 seq = READ_ONCE(slot->seq);

	if (seq & 1 || cmpxchg(&slot->seq, seq, seq + 1) != seq)
		return;
	/* Nobody sees the new key before it is odd, nor the old one after. */
	smp_wmb();
	slot->key = *key;
	WRITE_ONCE(slot->cookie, cookie);
	smp_store_release(&slot->seq, seq + 2);
}

int flow_init(void)
{
	BUILD_BUG_ON(sizeof(struct flow_slot) != 64);
	get_random_bytes(&flow_secret, sizeof(flow_secret));
	flow_table = kvcalloc(1ul << FLOW_BITS, sizeof(*flow_table),
			      GFP_KERNEL);
	return flow_table ? 0 : -ENOMEM;
}

void flow_exit(void)
{
	kvfree(flow_table);
}
