// SPDX-License-Identifier: GPL-2.0-only
/*
 * reject_: telling at once that a packet does not pass.
 *
 * Who sends from here gets the error from the system call; an open connection
 * has it in its socket.  Who sends from elsewhere gets a reset or ICMP's "port
 * unreachable", by the kernel's own code for that.
 */
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <net/icmp.h>
#include <net/net_namespace.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>
#include <net/sock.h>

#include "packet.h"
#include "reject.h"

/* Who sends an answer of ours on this processor, which is not judged. */
static DEFINE_PER_CPU(struct task_struct *, reject_sender);

/* In any hook. */
bool reject_sends(void)
{
	return this_cpu_read(reject_sender) == current;
}

static void reject_send(const struct nf_hook_state *state, struct sk_buff *skb,
			u8 number)
{
	bool tcp = number == IPPROTO_TCP;

	if (state->pf == NFPROTO_IPV4) {
		if (tcp)
			nf_send_reset(state->net, state->sk, skb, state->hook);
		else
			nf_send_unreach(skb, ICMP_PORT_UNREACH, state->hook);
		return;
	}
#if IS_ENABLED(CONFIG_IPV6)
	if (tcp)
		nf_send_reset6(state->net, state->sk, skb, state->hook);
	else
		nf_send_unreach6(state->net, skb, ICMPV6_PORT_UNREACH,
				 state->hook);
#endif
}

/*
 * Answers who sent a packet from elsewhere; skb stays the caller's.  In any
 * context.
 */
void reject_answer(const struct nf_hook_state *state, struct sk_buff *skb,
		   u8 number)
{
	/* Where it is an error itself, icmp_send() and its like send none. */
	local_bh_disable();
	this_cpu_write(reject_sender, current);
	reject_send(state, skb, number);
	this_cpu_write(reject_sender, NULL);
	local_bh_enable();
}

/*
 * Sockets whose send does not tell: an open connection's, on which all fails from
 * now on, and that of ping(8) for IPv6, where the next call does.  Under the lock
 * of the socket.
 */
void reject_tell(struct sock *sk)
{
	bool open = sk->sk_protocol == IPPROTO_TCP &&
		    sk->sk_state != TCP_SYN_SENT && sk->sk_state != TCP_LISTEN;
	bool ping = sk->sk_protocol == IPPROTO_ICMPV6 &&
		    sk->sk_type == SOCK_DGRAM;

	if (!open && !ping)
		return;
	WRITE_ONCE(sk->sk_err, ECONNREFUSED);
	sk->sk_error_report(sk);
}

/* What a hook returns for a packet that is rejected. */
unsigned int reject_packet(const struct packet *packet)
{
	if (packet_is_out(packet)) {
		/* The hook is under the lock of the socket that sends. */
		if (packet->sk && packet->sk == packet->state->sk)
			reject_tell(packet->sk);
		return NF_DROP_ERR(-ECONNREFUSED);
	}
	reject_answer(packet->state, packet->skb, packet->ip.number);
	return NF_DROP;
}
