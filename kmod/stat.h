/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_STAT_H
#define E7_STAT_H

#include <linux/percpu.h>
#include <linux/types.h>

/* Counters of one processor, only ever added to by it. */
struct stat_counters {
	u64 packets;
	u64 drops;
	u64 lost;
};

DECLARE_PER_CPU(struct stat_counters, stat_counters);

/* In any context, without a lock. */
#define stat_inc(counter) this_cpu_inc(stat_counters.counter)

void stat_init(void);
u64 stat_flag(unsigned int counter);

#endif /* E7_STAT_H */
