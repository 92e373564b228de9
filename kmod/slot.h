/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slot_: a sequence number in front of a slot of a table that is read without a
 * lock; odd while the slot is written.  Whoever is first writes; who comes
 * second goes without.  In any context.
 */
#ifndef E7_SLOT_H
#define E7_SLOT_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <asm/barrier.h>

/* Whether the slot is the caller's to write, until slot_written(). */
static inline bool slot_write(u32 *seq)
{
	u32 old = READ_ONCE(*seq);

	if (old & 1 || cmpxchg(seq, old, old + 1) != old)
		return false;
	/* Nobody sees what is new before it is odd, nor what is old after. */
	smp_wmb();
	return true;
}

static inline void slot_written(u32 *seq)
{
	smp_store_release(seq, *seq + 1);
}

/* Before reading.  What is odd never reads the same again. */
static __always_inline u32 slot_read(const u32 *seq)
{
	return smp_load_acquire(seq) & ~1u;
}

/* Whether what was read since is of one piece. */
static __always_inline bool slot_is_same(const u32 *seq, u32 before)
{
	smp_rmb();
	return READ_ONCE(*seq) == before;
}

#endif /* E7_SLOT_H */
