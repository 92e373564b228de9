/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_PACKET_H
#define E7_PACKET_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "flow.h"
#include "ksc.h"
#include "pair.h"
#include "prot.h"
#include "psi.h"

/* What one packet is, as the steps find it out. */
struct packet {
	const struct nf_hook_state *state;
	struct sk_buff *skb;
	enum e7_direction direction;

	const struct prot_ops *ops;	/* null: no submodule */
	struct prot_ip ip;
	struct prot_ports ports;

	struct sock *sk;	/* full and a user's, or null */
	struct ksc_entry *entry;
	struct psi_proc *proc;
	struct psi_exe *exe;
	enum e7_class class;
	enum e7_stat why;	/* of class UNKNOWN */
	bool failed;		/* memory ran out on the way */
	enum e7_direction began;	/* who began the flow */
};

static inline bool packet_is_out(const struct packet *packet)
{
	return packet->direction == E7_DIRECTION_OUT;
}

enum prot_result packet_parse(struct packet *packet);
void packet_addresses(const struct packet *packet, union nf_inet_addr *local,
		      union nf_inet_addr *remote);
struct flow_key packet_flow(const struct packet *packet);
struct flow_key packet_ends(const struct packet *packet);
struct pair_key packet_pair(const struct packet *packet);

#endif /* E7_PACKET_H */
