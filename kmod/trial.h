/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_TRIAL_H
#define E7_TRIAL_H

#include <linux/types.h>

struct genl_info;
struct rule_set;

int trial_get_seconds(struct genl_info *info, u32 *seconds);
u32 trial_seconds_left(void);

/* Under enl_lock. */
bool trial_is_on(void);
int trial_refuse(struct genl_info *info);
void trial_begin(struct rule_set *before, u32 seconds);
int trial_settle(bool revert);

void trial_init(void);
void trial_exit(void);

#endif /* E7_TRIAL_H */
