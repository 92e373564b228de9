/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_RULE_SORT_H
#define E7_RULE_SORT_H

#include "rule_set.h"

/* Below 0 where a comes before b. */
typedef int rule_compare(const struct rule *a, const struct rule *b);

void rule_sort(struct rule **rules, struct rule **room, unsigned int count,
	       rule_compare *compare);

#endif /* E7_RULE_SORT_H */
