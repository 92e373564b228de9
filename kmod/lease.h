/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_LEASE_H
#define E7_LEASE_H

#include <linux/compiler.h>
#include <linux/types.h>

extern bool lease_lapsed;

/*
 * Whether flag fail decides in the rules' place.  In any context; behind the
 * epoch that a verdict is remembered by.
 */
static inline bool lease_has_lapsed(void)
{
	return READ_ONCE(lease_lapsed);
}

void lease_hold(bool live);
void lease_exit(void);

#endif /* E7_LEASE_H */
