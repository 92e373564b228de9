/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_CAST_H
#define E7_CAST_H

#include <linux/types.h>

#include "uapi/e7.h"

struct evt_record;

bool cast_has_listeners(enum e7_group group);
void cast_notice(enum e7_notice kind, unsigned int number);
void cast_event(const struct evt_record *record);

#endif /* E7_CAST_H */
