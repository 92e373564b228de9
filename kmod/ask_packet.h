/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_ASK_PACKET_H
#define E7_ASK_PACKET_H

#include <linux/list.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "uapi/e7.h"

struct packet;

/* A packet that was taken from its hook. */
struct ask_packet {
	struct list_head node;
	struct sk_buff *skb;
	struct nf_hook_state state;	/* socket and devices referenced */
	u8 number;	/* IP protocol */
	u8 action;	/* enum e7_action: what becomes of it */
	bool pinned;	/* its network namespace is referenced */
};

struct ask_packet *ask_packet_take(const struct packet *packet);
bool ask_packet_is_on(const struct ask_packet *held,
		      const struct net_device *dev);
bool ask_packet_has_socket(const struct ask_packet *held);
void ask_packet_decide(struct ask_packet *held, unsigned int action);
void ask_packets_drop(struct list_head *packets);
void ask_packets_release(struct list_head *packets);

#endif /* E7_ASK_PACKET_H */
