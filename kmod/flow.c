// SPDX-License-Identifier: GPL-2.0-only
/*
 * flow_: which socket a packet that comes in is for, by its addresses.
 *
 * Without this each packet would cost a look-up in the kernel's own tables,
 * and for an ICMP echo reply there is none.  What is found here is a cookie,
 * so a flow that outlives its socket leads to nobody.
 *
 * A fixed table that forgets: a newer flow takes the place of an older one in
 * the same slot.  The whole key is compared, so whoever finds addresses that
 * meet in one slot slows down his own flows alone.
 */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "factor.h"
#include "flow.h"

struct flow_slot *flow_table __read_mostly;
u64 flow_factor __read_mostly;

/* In any context. */
void flow_learn(const struct flow_key *key, u64 cookie)
{
	struct flow_slot *slot = flow_slot_of(key);

	if (!slot_write(&slot->seq))
		return;
	slot->key = *key;
	WRITE_ONCE(slot->cookie, cookie);
	slot_written(&slot->seq);
}

int flow_init(void)
{
	BUILD_BUG_ON(sizeof(struct flow_slot) != 64);
	get_random_bytes(&flow_factor, sizeof(flow_factor));
	flow_factor = factor_of(flow_factor);
	flow_table = kvcalloc(1ul << FLOW_BITS, sizeof(*flow_table),
			      GFP_KERNEL);
	return flow_table ? 0 : -ENOMEM;
}

void flow_exit(void)
{
	kvfree(flow_table);
}
