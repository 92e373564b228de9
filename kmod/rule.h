/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_RULE_H
#define E7_RULE_H

#include <linux/bits.h>
#include <linux/types.h>
#include <asm/barrier.h>

#include "rule_index.h"
#include "rule_set.h"

/* What was decided about a flow, small enough to be remembered in a word. */
struct rule_verdict {
	u8 action;	/* enum e7_action */
	u8 reason;	/* enum e7_reason */
	u8 depends;	/* what of the flow it hangs on, RULE_ON_... */
	u64 id;		/* of the rule, where one decided */
};

/*
 * A verdict as it is remembered, in one word: the epoch, RULE_QUIET, the
 * reason, the action.  The rule's id is not kept.
 */
#define RULE_EPOCH_SHIFT 16
#define RULE_QUIET BIT(15)	/* lets pass, and nothing is to be told of it */
#define RULE_REASON_SHIFT 8
#define RULE_REASON_MASK 0x7f

extern u64 rule_epoch_now;
extern u64 rule_quiet_now;	/* rule_quiet_of() that */

/* What was decided before this was read holds while it reads the same. */
static inline u64 rule_epoch(void)
{
	return smp_load_acquire(&rule_epoch_now);
}

static inline u64 rule_remembered(const struct rule_verdict *verdict,
				  u64 epoch, bool quiet)
{
	return epoch << RULE_EPOCH_SHIFT | (quiet ? RULE_QUIET : 0) |
	       (u64)verdict->reason << RULE_REASON_SHIFT | verdict->action;
}

/* What all words of an epoch that let pass without a word have in common. */
static inline u64 rule_quiet_of(u64 epoch)
{
	return epoch << RULE_EPOCH_SHIFT | RULE_QUIET;
}

/* Whether a remembered verdict is of those, by rule_quiet_of() of its epoch. */
static __always_inline bool rule_is_among(u64 word, u64 quiet)
{
	return (word & ~(u64)(RULE_QUIET - 1)) == quiet;
}

/* Whether a remembered verdict of this epoch lets pass without a word. */
static inline bool rule_is_quiet(u64 word, u64 epoch)
{
	return rule_is_among(word, rule_quiet_of(epoch));
}

/* Whether a remembered verdict is of this epoch; it then goes to *verdict. */
static inline bool rule_recall(u64 word, u64 epoch,
			       struct rule_verdict *verdict)
{
	if (word >> RULE_EPOCH_SHIFT != epoch)
		return false;
	verdict->action = (u8)word;
	verdict->depends = 0;
	verdict->reason = word >> RULE_REASON_SHIFT & RULE_REASON_MASK;
	verdict->id = 0;
	return true;
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
