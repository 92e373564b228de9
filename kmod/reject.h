/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_REJECT_H
#define E7_REJECT_H

#include <linux/types.h>

struct nf_hook_state;
struct packet;
struct sk_buff;
struct sock;

unsigned int reject_packet(const struct packet *packet);
void reject_answer(const struct nf_hook_state *state, struct sk_buff *skb,
		   u8 number);
void reject_tell(struct sock *sk);
bool reject_sends(void);

#endif /* E7_REJECT_H */
