/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_HOOK_H
#define E7_HOOK_H

int hook_init(void);
void hook_exit(void);

#endif /* E7_HOOK_H */
