/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * glance_: whether a packet is of a flow that is known and lets pass, with
 * nothing to be told.  All that an established flow costs, so it takes no lock,
 * allocates nothing, and is inlined into the hooks.
 */
#ifndef E7_GLANCE_H
#define E7_GLANCE_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/inet_sock.h>
#include <net/request_sock.h>

#include "flow.h"
#include "ksc.h"
#include "psi.h"
#include "rule.h"

/* A verdict that the socket does not remember may be known of its program. */
static noinline bool glance_refresh(struct ksc_entry *entry, u8 prot,
				    enum e7_direction direction, u64 epoch)
{
	u64 *word = psi_verdict_of(psi_exe_of(entry->proc), prot);

	if (!word || !rule_is_quiet(READ_ONCE(*word), epoch))
		return false;
	WRITE_ONCE(entry->verdicts[direction - 1], READ_ONCE(*word));
	return true;
}

/*
 * Whether the packets of the socket of this entry pass in this direction, with
 * nothing to be told.  With `refresh`, prot is the packet's protocol, or 0 for
 * one that says nothing of the socket's own, as with raw sockets.
 */
static __always_inline bool glance_passes(struct ksc_entry *entry,
					  enum e7_direction direction, bool own,
					  bool refresh, u8 prot)
{
	u64 epoch = rule_epoch();
	const struct psi_proc *proc;

	if (unlikely(!entry))
		return false;
	if (unlikely(!rule_is_quiet(READ_ONCE(entry->verdicts[direction - 1]),
				    epoch)) &&
	    !(refresh && prot && glance_refresh(entry, prot, direction, epoch)))
		return false;
	proc = entry->proc;
	/* Another one that sends on the socket owns it from now on. */
	if (own ? unlikely(!psi_is_current(proc)) :
		  unlikely(READ_ONCE(proc->over)))
		return false;
	ksc_touch(entry);
	return true;
}

static __always_inline bool glance_out(const struct nf_hook_state *state,
				       bool refresh)
{
	const struct sock *sk = state->sk;
	bool own = psi_in_task();

	if (unlikely(!sk))
		return false;
	/* A SYN-ACK is sent in anybody's context, for the listener. */
	if (unlikely(sk->sk_state == TCP_NEW_SYN_RECV)) {
		sk = inet_reqsk(sk)->rsk_listener;
		own = false;
		if (!sk)
			return false;
	}
	return glance_passes(ksc_find(atomic64_read(&sk->sk_cookie)),
			   E7_DIRECTION_OUT, own, refresh,
			   refresh && sk_fullsock(sk) &&
			   sk->sk_type != SOCK_RAW ? sk->sk_protocol : 0);
}

/* A packet that comes in, as far as a known flow goes by it. */
struct glance {
	u64 local, local_rest;
	u64 remote, remote_rest;
	u32 ports;	/* see flow_ports() */
	u8 prot;
	bool bare;	/* over TCP: says nothing but that something arrived */
};

/* False where the packet begins a flow, or takes a closer look. */
static __always_inline bool glance_transport(const struct sk_buff *skb,
					     unsigned int offset,
					     struct glance *glance)
{
	const u8 *transport = skb->data + offset;
	unsigned int rest = skb_headlen(skb) - offset;

	glance->bare = false;
	if (glance->prot == IPPROTO_TCP) {
		const struct tcphdr *tcp = (const struct tcphdr *)transport;

		if (rest < sizeof(*tcp) || (tcp->syn && !tcp->ack))
			return false;
		glance->bare = (tcp_flag_word(tcp) &
				(TCP_FLAG_ACK | TCP_FLAG_RST | TCP_FLAG_FIN |
				 TCP_FLAG_SYN)) == TCP_FLAG_ACK &&
			       skb->len - offset == tcp->doff * 4;
		glance->ports = flow_ports(tcp->source, tcp->dest);
	} else if (glance->prot == IPPROTO_UDP) {
		const struct udphdr *udp = (const struct udphdr *)transport;

		if (rest < sizeof(*udp))
			return false;
		glance->ports = flow_ports(0, udp->dest);
	} else {
		return false;
	}
	return true;
}

static __always_inline bool glance_ip4(const struct sk_buff *skb,
				       struct glance *glance)
{
	const struct iphdr *ip = (const struct iphdr *)skb->data;

	if (unlikely(skb_headlen(skb) < sizeof(*ip) || *skb->data != 0x45 ||
		     ip->frag_off & htons(IP_MF | IP_OFFSET)))
		return false;
	glance->prot = ip->protocol;
	glance->local = (__force u32)ip->daddr;
	glance->local_rest = 0;
	glance->remote = (__force u32)ip->saddr;
	glance->remote_rest = 0;
	return glance_transport(skb, sizeof(*ip), glance);
}

static __always_inline bool glance_ip6(const struct sk_buff *skb,
				       struct glance *glance)
{
	const struct ipv6hdr *ip = (const struct ipv6hdr *)skb->data;

	if (unlikely(skb_headlen(skb) < sizeof(*ip)))
		return false;
	glance->prot = ip->nexthdr;
	memcpy(&glance->local, &ip->daddr.s6_addr[0], 8);
	memcpy(&glance->local_rest, &ip->daddr.s6_addr[8], 8);
	memcpy(&glance->remote, &ip->saddr.s6_addr[0], 8);
	memcpy(&glance->remote_rest, &ip->saddr.s6_addr[8], 8);
	return glance_transport(skb, sizeof(*ip), glance);
}

/* On loopback, and for most of UDP, a packet that comes in has no socket yet. */
static __always_inline bool glance_in(const struct sk_buff *skb,
				      const struct nf_hook_state *state,
				      u8 family, bool refresh)
{
	const struct sock *sk = skb->sk;
	struct glance glance;
	struct ksc_entry *entry;
	u64 cookie;
	u8 flags;

	if (sk) {
		/* One of another namespace it may still carry by mistake. */
		cookie = atomic64_read(&sk->sk_cookie);
		return net_eq(sock_net(sk), state->net) && cookie &&
		       glance_passes(ksc_find(cookie), E7_DIRECTION_IN, false,
				   false, 0);
	}
	if (unlikely(!(family == NFPROTO_IPV4 ? glance_ip4(skb, &glance) :
						glance_ip6(skb, &glance))))
		return false;
	if (!flow_has_remote(glance.prot))
		glance.remote = glance.remote_rest = 0;
	cookie = flow_cookie_at(glance.local, glance.local_rest, glance.remote,
				glance.remote_rest, (unsigned long)state->net,
				flow_kind(family, glance.prot, glance.ports));
	entry = cookie ? ksc_find(cookie) : NULL;
	if (unlikely(!entry))
		return false;
	flags = READ_ONCE(entry->state);
	/* The listener's, until there is a socket that takes what follows. */
	if (unlikely(flags & (KSC_UNBOUND | KSC_LISTENS)) &&
	    (flags & KSC_UNBOUND || !glance.bare))
		return false;
	return glance_passes(entry, E7_DIRECTION_IN, false, refresh, glance.prot);
}

#endif /* E7_GLANCE_H */
