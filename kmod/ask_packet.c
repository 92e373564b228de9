// SPDX-License-Identifier: GPL-2.0-only
/*
 * ask_packet_: packets that were taken from a hook, and go on later or do not.
 *
 * A packet goes on behind the hook that it was taken from, so that what stands
 * there (conntrack's confirmation, for one) sees it as it would have.  Until
 * then it refers to its route, its socket and its devices, but to its network
 * namespace only once it is decided about: whoever holds packets lets go of
 * them when a namespace ends, and keeps none alive.
 */
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/dst.h>
#include <net/inet_sock.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "ask_packet.h"
#include "hook.h"
#include "packet.h"
#include "reject.h"
#include "stat.h"

/* What early demux or TPROXY found may be there by RCU alone. */
static bool ask_packet_hold_found(struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	if (!skb_sk_is_prefetched(skb) || sk_is_refcounted(sk))
		return true;
	if (!refcount_inc_not_zero(&sk->sk_refcnt))
		return false;
	skb->destructor = sock_edemux;
	return true;
}

static bool ask_packet_hold(struct ask_packet *held)
{
	struct nf_hook_state *state = &held->state;

	if (!skb_dst_force(held->skb) || !ask_packet_hold_found(held->skb))
		return false;
	if (state->sk && !refcount_inc_not_zero(&state->sk->sk_refcnt))
		return false;
	if (state->in)
		dev_hold(state->in);
	if (state->out)
		dev_hold(state->out);
	return true;
}

/*
 * Takes the packet from its hook, which then returns NF_STOLEN; null where it
 * cannot be held, and is still the hook's.  In any hook.
 */
struct ask_packet *ask_packet_take(const struct packet *packet)
{
	struct ask_packet *held = kmalloc(sizeof(*held),
					  GFP_ATOMIC | __GFP_NOWARN);

	if (!held)
		return NULL;
	held->skb = packet->skb;
	held->state = *packet->state;
	held->number = packet->ip.number;
	held->pinned = false;
	if (ask_packet_hold(held))
		return held;
	kfree(held);
	return NULL;
}

bool ask_packet_is_on(const struct ask_packet *held,
		      const struct net_device *dev)
{
	return held->state.in == dev || held->state.out == dev;
}

/* Whether what sends it could still get an answer: a connection of TCP. */
bool ask_packet_has_socket(const struct ask_packet *held)
{
	const struct sock *sk = held->state.sk;

	return !sk || sk->sk_protocol != IPPROTO_TCP ||
	       READ_ONCE(sk->sk_state) != TCP_CLOSE;
}

/* What is to become of it, for ask_packets_release().  In any context. */
void ask_packet_decide(struct ask_packet *held, unsigned int action)
{
	held->pinned = action != E7_ACTION_BLOCK &&
		       maybe_get_net(held->state.net);
	/* In a namespace that ends nothing goes on. */
	held->action = held->pinned ? action : E7_ACTION_BLOCK;
}

static void ask_packet_free(struct ask_packet *held)
{
	struct nf_hook_state *state = &held->state;

	if (state->in)
		dev_put(state->in);
	if (state->out)
		dev_put(state->out);
	if (state->sk)
		sock_gen_put(state->sk);
	if (held->pinned)
		put_net(state->net);
	kfree(held);
}

static void ask_packet_drop(struct ask_packet *held)
{
	stat_inc(drops);
	kfree_skb(held->skb);
	ask_packet_free(held);
}

/* In any context. */
void ask_packets_drop(struct list_head *packets)
{
	struct ask_packet *held, *next;

	list_for_each_entry_safe(held, next, packets, node)
		ask_packet_drop(held);
}

/* Tells the program that sends it, whose system call is over or waits. */
static void ask_packet_tell(struct sock *sk)
{
	if (sk->sk_protocol == IPPROTO_TCP && sk->sk_state == TCP_SYN_SENT) {
		tcp_abort(sk, ECONNREFUSED);
		return;
	}
	lock_sock(sk);
	if (sk->sk_protocol == IPPROTO_TCP) {
		reject_tell(sk);
	} else if (sk->sk_state == TCP_ESTABLISHED) {
		/* Connected, as ICMP's port unreachable would have it. */
		WRITE_ONCE(sk->sk_err, ECONNREFUSED);
		sk->sk_error_report(sk);
	}
	release_sock(sk);
}

static void ask_packet_reject(struct ask_packet *held)
{
	struct nf_hook_state *state = &held->state;

	if (state->hook != NF_INET_LOCAL_OUT)
		reject_answer(state, held->skb, held->number);
	else if (state->sk && sk_fullsock(state->sk))
		ask_packet_tell(state->sk);
	ask_packet_drop(held);
}

/*
 * Does with each what its action says, in the order in which they came.  In
 * process context; may sleep.
 */
void ask_packets_release(struct list_head *packets)
{
	struct ask_packet *held, *next;

	list_for_each_entry_safe(held, next, packets, node) {
		list_del(&held->node);
		switch (held->action) {
		case E7_ACTION_ALLOW:
			hook_continue(held->skb, &held->state);
			ask_packet_free(held);
			break;
		case E7_ACTION_REJECT:
			ask_packet_reject(held);
			break;
		default:
			ask_packet_drop(held);
		}
		cond_resched();
	}
}
