/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_ASC_H
#define E7_ASC_H

#include <linux/types.h>

int asc_init(void);
void asc_exit(void);

u32 asc_want(void);
bool asc_is_done(u32 walk);

#endif /* E7_ASC_H */
