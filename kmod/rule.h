/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_RULE_H
#define E7_RULE_H

#include <linux/types.h>

#include "rule_set.h"

/* What was decided about a flow, small enough to be remembered in a word. */
struct rule_verdict {
	u8 action;	/* enum e7_action */
	u8 reason;	/* enum e7_reason */
	u64 id;		/* of the rule, where one decided */
};

int rule_init(void);
void rule_exit(void);

u64 rule_epoch(void);
void rule_epoch_bump(void);
struct rule_verdict rule_decide(const struct rule_flow *flow);

unsigned int rule_count(void);
u64 rule_generation(void);

/* For writers and dumps, one at a time: enl.c's lock is held. */
struct rule_set *rule_current(void);
void rule_publish(struct rule_set *set);
u64 rule_new_id(void);

#endif /* E7_RULE_H */
