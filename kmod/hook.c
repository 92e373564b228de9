// SPDX-License-Identifier: GPL-2.0-only
/*
 * hook_: from a packet to its verdict.
 *
 * The hooks stand at LOCAL_OUT and LOCAL_IN of both families in every network
 * namespace.  They run in process context or softirq, under rcu_read_lock(),
 * and neither sleep nor wait.  A packet goes through
 *
 *	hook_parse()	which protocol, which ports
 *	hook_owner()	which socket, which process instance
 *	hook_decide()	remembered verdict, or the rules
 *	hook_tell()	counters, an event if one is due
 */
#include <linux/if.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/skbuff.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_socket.h>
#include <net/request_sock.h>

#include "def.h"
#include "evt.h"
#include "flow.h"
#include "hook.h"
#include "ksc.h"
#include "prot.h"
#include "psi.h"
#include "rule.h"
#include "stat.h"

/* What one packet is, as the steps find it out. */
struct hook_packet {
	const struct nf_hook_state *state;
	struct sk_buff *skb;
	enum e7_direction direction;

	const struct prot_ops *ops;	/* null: no submodule */
	struct prot_ports ports;
	u16 prot;
	u8 hop_limit;

	struct sock *sk;	/* full and a user's, or null */
	struct ksc_entry *entry;
	struct psi_proc *proc;
	bool failed;		/* memory ran out on the way */
};

/* ---- what it is ---- */

/* Reads the IP header's protocol and where the transport header begins. */
static enum prot_result hook_parse_ip(struct hook_packet *packet,
				      unsigned int *offset, bool *fragment)
{
	struct sk_buff *skb = packet->skb;
	unsigned short frag_offset = 0;
	unsigned int start = 0;
	struct iphdr *ip;
	int prot;

	if (packet->state->pf == NFPROTO_IPV4) {
		if (skb->len < sizeof(*ip))
			return PROT_MALFORMED;
		ip = ip_hdr(skb);
		/* Raw sockets with IP_HDRINCL write what they like here. */
		if (ip->ihl < 5 || ip->ihl * 4 > skb->len)
			return PROT_MALFORMED;
		packet->prot = ip->protocol;
		packet->hop_limit = ip->ttl;
		*offset = ip->ihl * 4;
		*fragment = ip->frag_off & htons(IP_OFFSET);
		return PROT_OK;
	}

	if (skb->len < sizeof(struct ipv6hdr))
		return PROT_MALFORMED;
	prot = ipv6_find_hdr(skb, &start, -1, &frag_offset, NULL);
	if (prot < 0)
		return PROT_MALFORMED;
	packet->prot = prot;
	packet->hop_limit = ipv6_hdr(skb)->hop_limit;
	*offset = start;
	*fragment = frag_offset;
	return PROT_OK;
}

static enum prot_result hook_parse(struct hook_packet *packet)
{
	struct sk_buff *skb = packet->skb;
	u8 buffer[PROT_SIZE_MAX];
	unsigned int offset;
	const u8 *header;
	bool fragment;

	if (hook_parse_ip(packet, &offset, &fragment) != PROT_OK)
		return PROT_MALFORMED;
	packet->ops = prot_find(packet->prot);
	/* Only the first fragment has a transport header. */
	if (!packet->ops || fragment)
		return PROT_OK;
	header = skb_header_pointer(skb, offset, packet->ops->size, buffer);
	if (!header)
		return PROT_MALFORMED;
	return packet->ops->parse(header, skb->len - offset, &packet->ports);
}

static void hook_addresses(const struct hook_packet *packet,
			   union nf_inet_addr *local,
			   union nf_inet_addr *remote)
{
	bool out = packet->direction == E7_DIRECTION_OUT;
	union nf_inet_addr *source = out ? local : remote;
	union nf_inet_addr *destination = out ? remote : local;

	memset(local, 0, sizeof(*local));
	memset(remote, 0, sizeof(*remote));
	if (packet->state->pf == NFPROTO_IPV4) {
		source->ip = ip_hdr(packet->skb)->saddr;
		destination->ip = ip_hdr(packet->skb)->daddr;
	} else {
		source->in6 = ipv6_hdr(packet->skb)->saddr;
		destination->in6 = ipv6_hdr(packet->skb)->daddr;
	}
}

static struct flow_key hook_flow(const struct hook_packet *packet)
{
	struct flow_key key = {
		.netns = packet->state->net->ns.inum,
		.id = packet->ports.source,
		.prot = packet->prot,
	};
	union nf_inet_addr local;

	hook_addresses(packet, &local, &key.remote);
	return key;
}

/* ---- whose it is ---- */

/*
 * A kernel socket belongs to no program, but for MPTCP's subflows: those are
 * kernel sockets whose struct socket is the user's.
 */
static struct sock *hook_user_sock(struct sock *sk)
{
	struct socket *sock;

	if (!sk->sk_kern_sock)
		return sk;
	sock = READ_ONCE(sk->sk_socket);
	return sock && sock->sk && sock->sk != sk ? sock->sk : NULL;
}

static void hook_known(struct hook_packet *packet, u64 cookie)
{
	packet->entry = ksc_find(cookie);
	if (!packet->entry)
		return;
	packet->proc = packet->entry->proc;
	ksc_touch(packet->entry);
}

/* What the process that runs now sends on its own account. */
static void hook_own(struct hook_packet *packet, struct sock *sk)
{
	hook_known(packet, ksc_cookie(sk));
	if (packet->proc && psi_is_current(packet->proc))
		return;
	packet->proc = psi_current(PSI_HERE);
	packet->entry = packet->proc ? ksc_learn(sk, packet->proc) : NULL;
	packet->failed = !packet->entry;
}

/*
 * Finds the entry and the process instance of a socket of any kind, and leaves
 * in packet->sk the full socket, if there is one.  Request and time-wait
 * sockets are never looked into as full ones.
 */
static void hook_owner_of(struct hook_packet *packet, struct sock *sk)
{
	bool own = packet->direction == E7_DIRECTION_OUT && psi_clean();

	if (sk->sk_state == TCP_TIME_WAIT)
		return hook_known(packet, ksc_cookie(sk));
	if (sk->sk_state == TCP_NEW_SYN_RECV) {
		/* A SYN-ACK is sent in anybody's context. */
		own = false;
		sk = inet_reqsk(sk)->rsk_listener;
	}
	packet->sk = sk ? hook_user_sock(sk) : NULL;
	if (!packet->sk)
		return;
	if (own)
		hook_own(packet, packet->sk);
	else
		hook_known(packet, ksc_cookie(packet->sk));
}

/*
 * The socket that a packet comes in for; *put where it is the caller's to
 * release.  Early demux has found it for some, and none on loopback.
 */
static struct sock *hook_lookup(const struct hook_packet *packet, bool *put)
{
	const struct nf_hook_state *state = packet->state;
	struct sk_buff *skb = packet->skb;

	*put = false;
	if (skb->sk && net_eq(sock_net(skb->sk), state->net))
		return skb->sk;
	*put = true;
	if (state->pf == NFPROTO_IPV4)
		return nf_sk_lookup_slow_v4(state->net, skb, state->in);
#if IS_ENABLED(CONFIG_IPV6)
	return nf_sk_lookup_slow_v6(state->net, skb, state->in);
#else
	return NULL;
#endif
}

/*
 * Returns a socket that the caller puts when it is done with the packet, since
 * packet->sk may be it or its listener.
 */
static struct sock *hook_owner(struct hook_packet *packet)
{
	struct flow_key key;
	struct sock *sk;
	bool put;

	if (packet->direction == E7_DIRECTION_OUT) {
		/* Not skb->sk, which in a tunnel is the inner packet's. */
		sk = packet->state->sk;
		if (sk)
			hook_owner_of(packet, sk);
		if (packet->ports.echo_request && packet->entry) {
			key = hook_flow(packet);
			flow_learn(&key, packet->entry->cookie);
		}
		return NULL;
	}

	/* A request is for the kernel, which answers it itself. */
	if (packet->ports.echo_request)
		return NULL;
	if (packet->ports.echo_reply) {
		key = hook_flow(packet);
		hook_known(packet, flow_cookie(&key));
		return NULL;
	}
	sk = hook_lookup(packet, &put);
	if (sk)
		hook_owner_of(packet, sk);
	return put ? sk : NULL;
}

/* ---- what becomes of it ---- */

static bool hook_is_loopback(const struct nf_hook_state *state)
{
	const struct net_device *dev = state->out ?: state->in;

	return dev && dev->flags & IFF_LOOPBACK;
}

static struct rule_verdict hook_decide(struct hook_packet *packet)
{
	const struct psi_exe *exe = psi_exe_of(packet->proc);
	struct rule_verdict verdict;
	struct rule_flow flow;
	u64 epoch = rule_epoch();
	bool remembers;

	/* A raw socket sends any protocol, and gets errors of others. */
	remembers = exe && packet->entry && packet->sk &&
		    packet->sk->sk_protocol == packet->prot;
	if (remembers &&
	    ksc_recall(packet->entry, packet->direction, epoch, &verdict))
		return verdict;

	flow.path = exe ? exe->path : NULL;
	flow.length = exe ? exe->length : 0;
	flow.class = exe ? E7_CLASS_HOST : E7_CLASS_UNKNOWN;
	flow.prot = packet->prot;
	flow.prot_known = packet->ops;
	verdict = rule_decide(&flow);
	if (remembers)
		ksc_remember(packet->entry, packet->direction, epoch, &verdict);
	return verdict;
}

static enum e7_event hook_event_kind(const struct rule_verdict *verdict)
{
	if (verdict->reason != E7_REASON_RULE)
		return E7_EVENT_NORULE;
	return verdict->action == E7_ACTION_BLOCK ? E7_EVENT_DROP :
						    E7_EVENT_ACCEPT;
}

static void hook_fill_socket(struct evt_record *record, struct sock *sk)
{
	record->uid = from_kuid(&init_user_ns, compat_sk_uid(sk));
	record->has_uid = true;
#ifdef CONFIG_SOCK_CGROUP_DATA
	record->cgroup = cgroup_id(sock_cgroup_ptr(&sk->sk_cgrp_data));
#endif
}

static void hook_tell(struct hook_packet *packet,
		      const struct rule_verdict *verdict)
{
	bool out = packet->direction == E7_DIRECTION_OUT;
	enum e7_event kind = hook_event_kind(verdict);
	struct psi_exe *exe = psi_exe_of(packet->proc);
	struct evt_record record = {
		.exe = exe,
		.prot = packet->prot,
		.family = packet->state->pf,
		.kind = kind,
		.verdict = verdict->action == E7_ACTION_BLOCK ?
			   E7_VERDICT_BLOCK : E7_VERDICT_ALLOW,
		.reason = verdict->reason,
		.direction = packet->direction,
		.rule = verdict->id,
	};
	struct prot_ports *ports = &packet->ports;

	if (!evt_due(kind, exe, packet->prot, record.verdict,
		     &record.left_out))
		return;

	/* A remembered verdict has forgotten its rule. */
	if (verdict->reason == E7_REASON_RULE && !verdict->id && exe) {
		struct rule_flow flow = {
			.path = exe->path,
			.length = exe->length,
			.class = E7_CLASS_HOST,
			.prot = packet->prot,
			.prot_known = packet->ops,
		};

		record.rule = rule_decide(&flow).id;
	}
	record.time = ktime_get_real_ns();
	record.netns = packet->state->net->ns.inum;
	hook_addresses(packet, &record.local, &record.remote);
	record.has_ports = ports->present;
	record.local_port = out ? ports->source : ports->destination;
	record.remote_port = out ? ports->destination : ports->source;
	record.pid = packet->proc ? packet->proc->pid : 0;
	if (packet->sk)
		hook_fill_socket(&record, packet->sk);
	evt_put(&record);
}

static struct rule_verdict hook_judge(struct hook_packet *packet)
{
	struct rule_verdict verdict = {
		.action = def_flag(E7_FLAG_FAIL),
		.reason = E7_REASON_FAIL,
	};
	struct sock *held;

	switch (hook_parse(packet)) {
	case PROT_MALFORMED:
		return verdict;
	case PROT_LINK:
		/* RFC 4861: nothing from beyond the link has hop limit 255. */
		if (packet->hop_limit == 255 &&
		    (packet->direction == E7_DIRECTION_IN ||
		     !packet->state->sk || packet->state->sk->sk_kern_sock)) {
			verdict.action = E7_ACTION_ALLOW;
			return verdict;
		}
		break;
	case PROT_OK:
		break;
	}

	held = hook_owner(packet);
	if (!packet->failed) {
		verdict = hook_decide(packet);
		hook_tell(packet, &verdict);
	}
	if (held)
		sock_gen_put(held);
	return verdict;
}

static unsigned int hook_packet(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	struct hook_packet packet = {
		.state = state,
		.skb = skb,
		.direction = state->hook == NF_INET_LOCAL_OUT ?
			     E7_DIRECTION_OUT : E7_DIRECTION_IN,
	};
	u32 mode = def_flag(E7_FLAG_MODE);
	struct rule_verdict verdict;

	if (mode == E7_MODE_DISABLED)
		return NF_ACCEPT;
	if (hook_is_loopback(state) &&
	    (mode == E7_MODE_BLOCK ||
	     def_flag(E7_FLAG_LOOPBACK) == E7_SCOPE_ALLOW))
		return NF_ACCEPT;

	stat_inc(packets);
	if (mode == E7_MODE_BLOCK)
		verdict = (struct rule_verdict) {
			.action = E7_ACTION_BLOCK,
			.reason = E7_REASON_MODE,
		};
	else
		verdict = hook_judge(&packet);

	if (unlikely(def_flag(E7_FLAG_DEBUG)))
		printk_ratelimited(KERN_DEBUG "e7: %s prot %u pid %d %s by %s\n",
				   def_word(E7_LIST_DIRECTION, packet.direction),
				   packet.prot,
				   packet.proc ? packet.proc->pid : 0,
				   def_word(E7_LIST_ACTION, verdict.action),
				   def_word(E7_LIST_REASON, verdict.reason));
	if (verdict.action == E7_ACTION_ALLOW)
		return NF_ACCEPT;
	stat_inc(drops);
	return NF_DROP;
}

/* ---- where it stands ---- */

/* Out: behind NAT, to see who is really spoken to.  In: before confirming. */
#define HOOK(family, point, order) { \
	.hook = hook_packet, .pf = family, .hooknum = point, .priority = order }

static const struct nf_hook_ops hook_ops[] = {
	HOOK(NFPROTO_IPV4, NF_INET_LOCAL_OUT, NF_IP_PRI_LAST),
	HOOK(NFPROTO_IPV4, NF_INET_LOCAL_IN, NF_IP_PRI_CONNTRACK_HELPER + 1),
#if IS_ENABLED(CONFIG_IPV6)
	HOOK(NFPROTO_IPV6, NF_INET_LOCAL_OUT, NF_IP6_PRI_LAST),
	HOOK(NFPROTO_IPV6, NF_INET_LOCAL_IN, NF_IP6_PRI_CONNTRACK_HELPER + 1),
#endif
};

static int __net_init hook_net_init(struct net *net)
{
	return nf_register_net_hooks(net, hook_ops, ARRAY_SIZE(hook_ops));
}

static void __net_exit hook_net_exit(struct net *net)
{
	nf_unregister_net_hooks(net, hook_ops, ARRAY_SIZE(hook_ops));
}

static struct pernet_operations hook_net_ops = {
	.init = hook_net_init,
	.exit = hook_net_exit,
};

int hook_init(void)
{
	return register_pernet_subsys(&hook_net_ops);
}

/* Returns when no packet is in a hook any more. */
void hook_exit(void)
{
	unregister_pernet_subsys(&hook_net_ops);
	synchronize_net();
}
