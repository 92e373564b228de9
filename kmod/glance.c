// SPDX-License-Identifier: GPL-2.0-only
/*
 * glance_: what a second look may learn of a packet that a first one did not
 * know, from what is remembered of the program.
 */
#include <linux/netfilter.h>
#include <linux/string.h>
#include <net/inet_connection_sock.h>
#include <net/inet_sock.h>
#include <net/sock.h>

#include "flow.h"
#include "glance.h"
#include "ksc.h"
#include "pair.h"
#include "psi.h"
#include "rule.h"
#include "stat.h"

/* A verdict that the socket does not remember may be known of its program. */
bool glance_refresh(struct ksc_entry *entry, u8 prot,
		    enum e7_direction direction)
{
	const u64 *shared = psi_quiet_of(psi_exe_of(entry->proc), prot);
	u64 epoch = rule_epoch();

	if (!shared || READ_ONCE(*shared) != epoch)
		return false;
	WRITE_ONCE(entry->quiet[direction - 1], epoch);
	return true;
}

/*
 * Remembers the flow that a socket of TCP, full, is connected by: what comes
 * in, after all translation of addresses, is addressed like this.
 */
static void glance_learn_flow(const struct sock *sk, u8 family)
{
	const struct inet_sock *inet = inet_sk(sk);
	const u32 ports = flow_ports(inet->inet_dport, inet->inet_sport);
	struct flow_key key = {
		.net = (unsigned long)sock_net(sk),
		.kind = flow_kind(family, IPPROTO_TCP, ports),
	};

	if (family == NFPROTO_IPV4) {
		key.local[0] = (__force u32)inet->inet_saddr;
		key.remote[0] = (__force u32)inet->inet_daddr;
	}
#if IS_ENABLED(CONFIG_IPV6)
	if (family == NFPROTO_IPV6) {
		memcpy(key.local, &sk->sk_v6_rcv_saddr, sizeof(key.local));
		memcpy(key.remote, &sk->sk_v6_daddr, sizeof(key.remote));
	}
#endif
	flow_learn(&key, atomic64_read(&sk->sk_cookie));
}

/*
 * What the task that runs begins to send on a socket of its own: the socket is
 * learnt, and passes if all that the program sends over this protocol does.
 */
bool glance_begin(const struct nf_hook_state *state)
{
	struct sock *sk = state->sk;
	struct psi_proc *proc;
	u64 *quiet;

	if (!sk || !psi_clean() || !sk_fullsock(sk) || sk->sk_kern_sock ||
	    sk->sk_type == SOCK_RAW || ksc_find(atomic64_read(&sk->sk_cookie)))
		return false;
	proc = psi_current();
	quiet = psi_quiet_of(psi_exe_of(proc), sk->sk_protocol);
	if (!quiet || READ_ONCE(*quiet) != rule_epoch() ||
	    !ksc_learn(sk, proc, E7_STAT_LEARNT, 0))
		return false;
	stat_count(E7_STAT_LEARNT);
	if (sk->sk_protocol == IPPROTO_TCP)
		glance_learn_flow(sk, state->pf);
	return true;
}

/*
 * Whether the entry is of a socket of TCP that listens, and with `answered`
 * waits for the answer that completes a connection.  The socket may be gone,
 * but the memory of one of TCP stays one under RCU (SLAB_TYPESAFE_BY_RCU); the
 * cookie tells that it is the same.
 */
static bool glance_listens(const struct ksc_entry *entry, bool answered)
{
	const struct sock *sk = READ_ONCE(entry->sk);

	return READ_ONCE(entry->state) & KSC_LISTENS && sk &&
	       READ_ONCE(sk->sk_state) == TCP_LISTEN &&
	       (!answered || inet_csk_reqsk_queue_len(sk)) &&
	       atomic64_read(&sk->sk_cookie) == entry->cookie;
}

/*
 * Whether a packet to this local end is for a listener that is known, and
 * passes; with `answered` only if a connection waits for its last answer.
 */
bool glance_listener(const struct nf_hook_state *state, u64 local,
		     u64 local_rest, u64 kind, bool answered)
{
	struct ksc_entry *entry;
	u64 cookie;

	if (!flow_find_at(local, local_rest, 0, 0, (unsigned long)state->net,
			  kind, FLOW_BY_PORT | FLOW_OF_IP6, &cookie))
		return false;
	entry = ksc_find(cookie);
	return entry && glance_listens(entry, answered) && glance_by_port(state) &&
	       glance_passes(entry, E7_DIRECTION_IN, false, false, 0);
}

/* The socket that a datagram comes in for, as in glance_in(). */
static struct ksc_entry *glance_taker(const struct sk_buff *skb,
				      const struct glance *glance,
				      const struct nf_hook_state *state,
				      u8 family)
{
	struct ksc_entry *entry;

	if (skb->sk)
		return net_eq(sock_net(skb->sk), state->net) ?
		       ksc_find(atomic64_read(&skb->sk->sk_cookie)) : NULL;
	if (!glance_by_port(state))
		return NULL;
	entry = glance_entry(skb, glance, state, family);
	return entry && !(READ_ONCE(entry->state) & KSC_UNBOUND) ? entry : NULL;
}

static struct ksc_entry *glance_sender(const struct nf_hook_state *state)
{
	const struct sock *sk = state->sk;

	if (!sk || !sk_fullsock(sk) || sk->sk_protocol != IPPROTO_UDP ||
	    sk->sk_type == SOCK_RAW)
		return NULL;
	return ksc_find(atomic64_read(&sk->sk_cookie));
}

/* A datagram's socket and its remote end. */
static struct pair_key glance_pair_key(const struct sk_buff *skb,
				       const struct glance *glance, u64 cookie,
				       u8 family, bool out)
{
	const struct udphdr *udp =
		(const struct udphdr *)(skb->data + glance->offset);
	struct pair_key key = { .cookie = cookie };

	if (out) {
		key.remote[0] = glance->local;
		key.remote[1] = glance->local_rest;
		key.kind = flow_kind(family, IPPROTO_UDP,
				     flow_ports(udp->dest, udp->source));
	} else {
		glance_source(skb, family, &key.remote[0], &key.remote[1]);
		key.kind = flow_kind(family, IPPROTO_UDP,
				     flow_ports(udp->source, udp->dest));
	}
	return key;
}

/*
 * Whether a datagram between a socket that is known and this remote end passes,
 * where what is decided hangs on the end.
 */
bool glance_pair(const struct sk_buff *skb, const struct nf_hook_state *state,
		 u8 family, enum e7_direction direction)
{
	const struct glance glance = glance_at(skb, family);
	bool out = direction == E7_DIRECTION_OUT;
	struct ksc_entry *entry;
	struct pair_key key;
	struct pair pair;

	if (glance.prot != IPPROTO_UDP)
		return false;
	entry = out ? glance_sender(state) :
		      glance_taker(skb, &glance, state, family);
	if (!entry || !entry->proc)
		return false;
	key = glance_pair_key(skb, &glance, entry->cookie, family, out);
	if (!pair_find(&key, &pair) || pair.owner != entry->proc->serial ||
	    pair.quiet != rule_epoch() || !glance_is_owner(entry->proc, out))
		return false;
	ksc_touch(entry);
	return true;
}
