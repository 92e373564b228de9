/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_FACTOR_H
#define E7_FACTOR_H

#include <linux/hash.h>
#include <linux/types.h>

/*
 * An odd factor that spreads keys over a table, in the upper bits of the
 * product.  Its upper quarter is the golden ratio's, so that numbers which were
 * counted up are spread evenly; the rest is of `random`, which nobody knows, so
 * that nobody collects keys that meet.
 */
static inline u64 factor_of(u64 random)
{
	return (random >> 16 ^ GOLDEN_RATIO_64) | 1;
}

#endif /* E7_FACTOR_H */
