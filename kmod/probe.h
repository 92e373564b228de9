/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_PROBE_H
#define E7_PROBE_H

#include <linux/types.h>

void probe_init(void);
void probe_exit(void);

bool probe_sees_unbind(void);

#endif /* E7_PROBE_H */
