// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule_sort: many rules in order.
 *
 * A merge sort, since the kernel's sort() of a hundred thousand keeps the
 * processor for tens of milliseconds, and compares through one more pointer.
 * May sleep; like rule_set.c it is compiled on the host too.
 */
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "rule_sort.h"

/* Rules that are sorted by insertion, before runs of them are merged. */
#define SORT_RUN 8
/* Rules that are merged at most until others may run. */
#define SORT_BREATH 1024

static void insert(struct rule **rules, unsigned int count,
		   rule_compare *compare)
{
	unsigned int i, at;
	struct rule *rule;

	for (i = 1; i < count; i++) {
		rule = rules[i];
		for (at = i; at && compare(rule, rules[at - 1]) < 0; at--)
			rules[at] = rules[at - 1];
		rules[at] = rule;
	}
}

/* Two runs that lie one behind the other, of which the first ends at middle. */
static void merge(struct rule **into, struct rule *const *from,
		  unsigned int middle, unsigned int end, rule_compare *compare)
{
	unsigned int left = 0, right = middle, i;

	for (i = 0; i < end; i++) {
		if (left < middle &&
		    (right == end || compare(from[right], from[left]) >= 0))
			into[i] = from[left++];
		else
			into[i] = from[right++];
		if (!((i + 1) % SORT_BREATH))
			cond_resched();
	}
}

/* Room is for as many rules, and holds nothing that is needed afterwards. */
void rule_sort(struct rule **rules, struct rule **room, unsigned int count,
	       rule_compare *compare)
{
	struct rule **from = rules, **into = room;
	unsigned int i, run;

	for (i = 0; i < count; i += SORT_RUN) {
		insert(rules + i, min_t(unsigned int, SORT_RUN, count - i),
		       compare);
		if (!(i % SORT_BREATH))
			cond_resched();
	}
	for (run = SORT_RUN; run < count; run *= 2) {
		for (i = 0; i < count; i += 2 * run) {
			merge(into + i, from + i, min(run, count - i),
			      min(2 * run, count - i), compare);
			/* Also where the runs are short. */
			if (!(i % SORT_BREATH))
				cond_resched();
		}
		swap(from, into);
	}
	if (from != rules)
		memcpy(rules, from, count * sizeof(*rules));
}
