/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_ENL_H
#define E7_ENL_H

#include <linux/types.h>

#include "uapi/e7.h"

struct evt_record;

int enl_init(void);
void enl_exit(void);

bool enl_has_listeners(enum e7_group group);
void enl_send_event(const struct evt_record *record);

#endif /* E7_ENL_H */
