/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_RULE_H
#define E7_RULE_H

#include <linux/types.h>
#include <asm/barrier.h>

#include "rule_index.h"
#include "rule_set.h"

/* What was decided about a flow. */
struct rule_verdict {
	u8 action;	/* enum e7_action */
	u8 reason;	/* enum e7_reason */
	u8 depends;	/* what of the flow it hangs on, RULE_ON_... */
	bool quiet;	/* remembered: lets pass, and nothing is to be told */
	u64 id;		/* of the rule, where one decided */
};

/*
 * A verdict is remembered only where it lets pass and nothing is to be told of
 * it: as the epoch in which that is so.  0 is none.
 */
extern u64 rule_epoch_now;

/* What was decided before this was read holds while it reads the same. */
static inline u64 rule_epoch(void)
{
	return smp_load_acquire(&rule_epoch_now);
}

int rule_init(void);
void rule_exit(void);

void rule_epoch_bump(void);
struct rule_verdict rule_decide(const struct rule_flow *flow);

unsigned int rule_count(void);
u64 rule_generation(void);

struct rule_set *rule_hold(void);

/* For writers, one at a time: enl.c's lock is held. */
struct rule_set *rule_current(void);
int rule_publish(struct rule_set *set);
u64 rule_new_id(void);

#endif /* E7_RULE_H */
