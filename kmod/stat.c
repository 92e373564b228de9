// SPDX-License-Identifier: GPL-2.0-only
/*
 * stat_: the counters, kept a processor and added up when they are read, so
 * that a packet writes nothing that another processor reads.
 */
#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/timekeeping.h>

#include "ask.h"
#include "def.h"
#include "ksc.h"
#include "lease.h"
#include "probe.h"
#include "psi.h"
#include "role.h"
#include "rule.h"
#include "stat.h"

DEFINE_PER_CPU(struct stat_counters, stat_counters);

static time64_t stat_loaded;

void stat_init(void)
{
	stat_loaded = ktime_get_boottime_seconds();
}

#define stat_sum(counter) ({ \
	u64 sum_ = 0; \
	int cpu_; \
	for_each_possible_cpu(cpu_) \
		sum_ += READ_ONCE(per_cpu(stat_counters, cpu_).counter); \
	sum_; })

/* The present number of a flag that is only read. */
u64 stat_flag(unsigned int counter)
{
	switch (counter) {
	case E7_FLAG_UPTIME:
		return ktime_get_boottime_seconds() - stat_loaded;
	case E7_FLAG_QPACKETS:
		return stat_sum(packets);
	case E7_FLAG_QDROPS:
		return stat_sum(drops);
	case E7_FLAG_QHELD:
		return stat_sum(held);
	case E7_FLAG_QLOST:
		return stat_sum(lost);
	case E7_FLAG_RULES:
		return rule_count();
	case E7_FLAG_GENERATION:
		return rule_generation();
	case E7_FLAG_LAPSED:
		return lease_has_lapsed();
	case E7_FLAG_CONTROL:
		return role_control_pid();
	default:
		return 0;
	}
}

#define E7_STAT(N, s, n, a, d) static_assert((n) < STAT_MAX, "statistic " #a);
#include "uapi/defs.x"

static const u8 stat_numbers[] = {
#define E7_STAT(N, s, n, a, d) n,
#include "uapi/defs.x"
};

/* The statistic at index of the table, or -1 past its end. */
int stat_next(unsigned int index)
{
	return index < ARRAY_SIZE(stat_numbers) ? stat_numbers[index] : -1;
}

/* The present value of a statistic. */
u64 stat_value(enum e7_stat stat)
{
	switch (stat) {
	case E7_STAT_SOCKETS:
		return ksc_count();
	case E7_STAT_PROCESSES:
		return psi_procs_count();
	case E7_STAT_PROGRAMS:
		return psi_exes_count();
	case E7_STAT_ASKING:
		return ask_held_count();
	case E7_STAT_ANSWERED:
		return ask_answered_count();
	default:
		return stat_sum(of[stat]);
	}
}
