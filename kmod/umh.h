/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_UMH_H
#define E7_UMH_H

#include "uapi/e7.h"

struct genl_info;
struct sk_buff;

/*
 * Milliseconds until a helper is started again that lived so long, where the
 * pause before it was that long.
 */
static inline unsigned int umh_pause_after(unsigned int pause,
					   unsigned int lived)
{
	if (!pause || lived >= E7_LIMIT_HELPER_PAUSE_MAX)
		return E7_LIMIT_HELPER_PAUSE;
	if (pause >= E7_LIMIT_HELPER_PAUSE_MAX / 2)
		return E7_LIMIT_HELPER_PAUSE_MAX;
	return 2 * pause;
}

int umh_init(void);
void umh_exit(void);

int umh_answer(struct sk_buff *skb, struct genl_info *info);
void umh_released(void);

#endif /* E7_UMH_H */
