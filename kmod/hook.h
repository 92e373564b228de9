/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_HOOK_H
#define E7_HOOK_H

#include <linux/types.h>

struct nf_hook_state;
struct sk_buff;

int hook_init(void);
void hook_exit(void);

bool hook_by_mode(const struct nf_hook_state *state, u8 *action);
void hook_continue(struct sk_buff *skb, struct nf_hook_state *state);

#endif /* E7_HOOK_H */
