/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_STAT_H
#define E7_STAT_H

#include <linux/percpu.h>
#include <linux/types.h>

#include "uapi/e7.h"

/* Past the greatest number of a statistic. */
#define STAT_MAX 32

/* Counters of one processor, only ever added to by it. */
struct stat_counters {
	u64 packets;
	u64 drops;
	u64 held;
	u64 lost;
	u64 of[STAT_MAX];	/* by enum e7_stat */
};

DECLARE_PER_CPU(struct stat_counters, stat_counters);

/* In any context, without a lock. */
#define stat_inc(counter) this_cpu_inc(stat_counters.counter)

/* Counts a statistic.  In any context, without a lock. */
static inline void stat_count(enum e7_stat stat)
{
	this_cpu_inc(stat_counters.of[stat]);
}

void stat_init(void);
u64 stat_flag(unsigned int counter);
u64 stat_value(enum e7_stat stat);
int stat_next(unsigned int index);

#endif /* E7_STAT_H */
