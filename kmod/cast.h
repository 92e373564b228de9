/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_CAST_H
#define E7_CAST_H

#include <linux/types.h>

#include "uapi/e7.h"

struct evt_record;
struct role_holder;

bool cast_wants_events(void);
void cast_notice(enum e7_notice kind, unsigned int number);
void cast_role(enum e7_notice kind, enum e7_role role,
	       const struct role_holder *holder, bool force);
void cast_event(const struct evt_record *record);

#endif /* E7_CAST_H */
