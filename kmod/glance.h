/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * glance_: whether a packet is of a flow that is known and lets pass, with
 * nothing to be told.  All that an established flow costs, so it takes no lock,
 * allocates nothing, and is inlined into the hooks; glance.c has the rest.
 */
#ifndef E7_GLANCE_H
#define E7_GLANCE_H

#include <linux/filter.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/request_sock.h>

#include "flow.h"
#include "ksc.h"
#include "psi.h"
#include "rule.h"

bool glance_refresh(struct ksc_entry *entry, u8 prot,
		    enum e7_direction direction);
bool glance_begin(const struct nf_hook_state *state);
bool glance_pair(const struct sk_buff *skb, const struct nf_hook_state *state,
		 u8 family, enum e7_direction direction);
bool glance_listener(const struct nf_hook_state *state, u64 local,
		     u64 local_rest, u64 kind, bool answered);

/*
 * Whether what is sent, or comes in for it, is still this process instance's.
 * Another one that sends on its socket owns it from now on.
 */
static __always_inline bool glance_is_owner(const struct psi_proc *proc,
					    bool sent)
{
	return sent && psi_in_task() ? psi_is_current(proc) :
				       !READ_ONCE(proc->over);
}

/*
 * Whether the packets of the socket of this entry pass in this direction, with
 * nothing to be told.  With `refresh`, prot is the packet's protocol, or 0 for
 * one that says nothing of the socket's own, as with raw sockets.
 */
static __always_inline bool glance_passes(struct ksc_entry *entry,
					  enum e7_direction direction, bool sent,
					  bool refresh, u8 prot)
{
	if (unlikely(READ_ONCE(entry->quiet[direction - 1]) != rule_epoch()) &&
	    !(refresh && prot && glance_refresh(entry, prot, direction)))
		return false;
	if (unlikely(!glance_is_owner(entry->proc, sent)))
		return false;
	ksc_touch(entry);
	return true;
}

/* A SYN-ACK is sent in anybody's context, for the listener. */
static __always_inline bool glance_answer(const struct sock *sk)
{
	const struct sock *listener = inet_reqsk(sk)->rsk_listener;
	struct ksc_entry *entry;

	entry = listener ? ksc_find(atomic64_read(&listener->sk_cookie)) : NULL;
	return entry && glance_passes(entry, E7_DIRECTION_OUT, false, true,
				      listener->sk_protocol);
}

static __always_inline bool glance_out(const struct nf_hook_state *state,
				       bool refresh)
{
	const struct sock *sk = state->sk;
	struct ksc_entry *entry;
	u8 tcp_state;

	if (unlikely(!sk))
		return false;
	tcp_state = READ_ONCE(sk->sk_state);
	/* One that connects may have been connected to another end before. */
	if (unlikely(BIT(tcp_state) & (TCPF_SYN_SENT | TCPF_NEW_SYN_RECV)))
		return refresh && tcp_state == TCP_NEW_SYN_RECV &&
		       glance_answer(sk);
	entry = ksc_find(atomic64_read(&sk->sk_cookie));
	return likely(entry) &&
	       glance_passes(entry, E7_DIRECTION_OUT, true, refresh,
			     refresh && sk_fullsock(sk) &&
			     sk->sk_type != SOCK_RAW ? sk->sk_protocol : 0);
}

/* A packet that comes in, as far as a known flow goes by it. */
struct glance {
	u64 local, local_rest;	/* the destination */
	u32 ports;	/* see flow_ports() */
	u8 prot;	/* 0 where it takes a closer look */
	u8 offset;	/* of the transport header */
};

static __always_inline const struct tcphdr *
glance_tcp(const struct sk_buff *skb, const struct glance *glance)
{
	return (const struct tcphdr *)(skb->data + glance->offset);
}

/* Whether a packet of TCP begins a connection. */
static __always_inline bool glance_begins(const struct sk_buff *skb,
					  const struct glance *glance)
{
	return (tcp_flag_word(glance_tcp(skb, glance)) &
		(TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN;
}

/* Whether a packet of TCP says nothing but that something arrived. */
static __always_inline bool glance_is_bare(const struct sk_buff *skb,
					   const struct glance *glance)
{
	const struct tcphdr *tcp = glance_tcp(skb, glance);

	return (tcp_flag_word(tcp) & (TCP_FLAG_ACK | TCP_FLAG_RST |
				      TCP_FLAG_FIN | TCP_FLAG_SYN)) ==
		       TCP_FLAG_ACK &&
	       skb->len - glance->offset == tcp->doff * 4;
}

static __always_inline void glance_transport(const struct sk_buff *skb,
					     struct glance *glance)
{
	const u8 *transport = skb->data + glance->offset;
	unsigned int length = skb_headlen(skb);

	if (glance->prot == IPPROTO_UDP &&
	    length >= glance->offset + sizeof(struct udphdr)) {
		const struct udphdr *udp = (const struct udphdr *)transport;

		glance->ports = flow_ports(0, udp->dest);
	} else if (glance->prot == IPPROTO_TCP &&
		   length >= glance->offset + sizeof(struct tcphdr)) {
		const struct tcphdr *tcp = (const struct tcphdr *)transport;

		glance->ports = flow_ports(tcp->source, tcp->dest);
	} else {
		glance->prot = 0;
	}
}

/* In both hooks an IP header is whole and linear. */
static __always_inline struct glance glance_ip4(const struct sk_buff *skb)
{
	const struct iphdr *ip = (const struct iphdr *)skb->data;
	struct glance glance = { .offset = sizeof(*ip) };

	if (unlikely(*skb->data != 0x45 ||
		     ip->frag_off & htons(IP_MF | IP_OFFSET)))
		return glance;
	glance.prot = ip->protocol;
	glance.local = (__force u32)ip->daddr;
	glance_transport(skb, &glance);
	return glance;
}

static __always_inline struct glance glance_ip6(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip = (const struct ipv6hdr *)skb->data;
	struct glance glance = { .offset = sizeof(*ip) };

	glance.prot = ip->nexthdr;
	memcpy(&glance.local, &ip->daddr.s6_addr[0], 8);
	memcpy(&glance.local_rest, &ip->daddr.s6_addr[8], 8);
	glance_transport(skb, &glance);
	return glance;
}

static __always_inline struct glance glance_at(const struct sk_buff *skb,
					       u8 family)
{
	return family == NFPROTO_IPV4 ? glance_ip4(skb) : glance_ip6(skb);
}

/* Where a packet comes from. */
static __always_inline void glance_source(const struct sk_buff *skb, u8 family,
					  u64 *source, u64 *rest)
{
	if (family == NFPROTO_IPV4) {
		const struct iphdr *ip = (const struct iphdr *)skb->data;

		*source = (__force u32)ip->saddr;
		*rest = 0;
	} else {
		const struct ipv6hdr *ip = (const struct ipv6hdr *)skb->data;

		memcpy(source, &ip->saddr.s6_addr[0], 8);
		memcpy(rest, &ip->saddr.s6_addr[8], 8);
	}
}

/* What is known of the socket of the packet's flow, or null. */
static __always_inline struct ksc_entry *
glance_entry(const struct sk_buff *skb, const struct glance *glance,
	     const struct nf_hook_state *state, u8 family)
{
	const unsigned int six = family == NFPROTO_IPV6 ? FLOW_OF_IP6 : 0;
	u64 net = (unsigned long)state->net;
	u64 remote, remote_rest, cookie;

	if (glance->prot == IPPROTO_UDP)
		return flow_find_at(glance->local, glance->local_rest, 0, 0,
				    net, flow_kind(family, IPPROTO_UDP,
						   glance->ports),
				    FLOW_BY_PORT | six, &cookie) ?
		       ksc_find(cookie) : NULL;
	glance_source(skb, family, &remote, &remote_rest);
	return flow_find_at(glance->local, glance->local_rest, remote,
			    remote_rest, net,
			    flow_kind(family, IPPROTO_TCP, glance->ports),
			    FLOW_BY_ENDS | six, &cookie) ?
	       ksc_find(cookie) : NULL;
}

/*
 * Whether nothing but addresses and ports says which socket takes a packet:
 * neither a VRF, nor a program that an administrator attached to look-ups.
 */
static __always_inline bool glance_by_port(const struct nf_hook_state *state)
{
#ifdef CONFIG_BPF_SYSCALL
	if (static_branch_unlikely(&bpf_sk_lookup_enabled))
		return false;
#endif
	return likely(!netif_is_l3_master(state->in));
}

/*
 * A packet of TCP of no flow that is known: it passes if it begins a connection
 * with a listener that is, or is the bare answer that completes one.  What
 * follows is for the socket that somebody accepts.
 */
static __always_inline bool glance_first(const struct sk_buff *skb,
					 const struct glance *glance,
					 const struct nf_hook_state *state,
					 u8 family)
{
	bool begins = glance_begins(skb, glance);

	return (begins || glance_is_bare(skb, glance)) &&
	       glance_listener(state, glance->local, glance->local_rest,
			       flow_kind_of_port(family, IPPROTO_TCP,
						 glance->ports),
			       !begins);
}

/* What comes in for a socket that the packet carries. */
static __always_inline bool glance_taken(const struct sock *sk,
					 const struct nf_hook_state *state)
{
	struct ksc_entry *entry;

	/* One of another namespace it may still carry by mistake. */
	if (!net_eq(sock_net(sk), state->net))
		return false;
	entry = ksc_find(atomic64_read(&sk->sk_cookie));
	return entry && glance_passes(entry, E7_DIRECTION_IN, false, false, 0);
}

/* On loopback, and for most of UDP, a packet that comes in has no socket yet. */
static __always_inline bool glance_in(const struct sk_buff *skb,
				      const struct nf_hook_state *state,
				      u8 family, bool refresh)
{
	const struct glance glance = glance_at(skb, family);
	bool tcp = glance.prot == IPPROTO_TCP;
	struct ksc_entry *entry;
	u8 flags;

	if (skb->sk)
		return glance_taken(skb->sk, state);
	if (unlikely(!glance.prot || (!tcp && !glance_by_port(state)) ||
		     (tcp && !refresh && glance_begins(skb, &glance))))
		return false;
	entry = glance_entry(skb, &glance, state, family);
	if (unlikely(!entry))
		return tcp && refresh &&
		       glance_first(skb, &glance, state, family);
	/* What begins anew on a flow that is known takes a closer look. */
	if (tcp && refresh && glance_begins(skb, &glance))
		return false;
	flags = READ_ONCE(entry->state);
	/* The listener's, until there is a socket that takes what follows. */
	if (unlikely(flags & (KSC_UNBOUND | KSC_LISTENS)) &&
	    (flags & KSC_UNBOUND || !glance_is_bare(skb, &glance)))
		return false;
	return glance_passes(entry, E7_DIRECTION_IN, false, refresh, glance.prot);
}

#endif /* E7_GLANCE_H */
