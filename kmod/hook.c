// SPDX-License-Identifier: GPL-2.0-only
/*
 * hook_: where netfilter hands packets over.
 *
 * The hooks stand at LOCAL_OUT and LOCAL_IN of both families in every network
 * namespace.  They run in process context or softirq, under rcu_read_lock(),
 * and neither sleep nor wait.
 */
#include <linux/if.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/skbuff.h>
#include <net/net_namespace.h>

#include "ask.h"
#include "def.h"
#include "glance.h"
#include "hook.h"
#include "judge.h"
#include "packet.h"
#include "reject.h"
#include "stat.h"

static bool hook_is_loopback(const struct nf_hook_state *state)
{
	const struct net_device *dev = state->out ?: state->in;

	return dev && dev->flags & IFF_LOOPBACK;
}

/* Whether the mode alone decides about a packet, and what. */
bool hook_by_mode(const struct nf_hook_state *state, u8 *action)
{
	u32 mode = def_flag(E7_FLAG_MODE);
	bool passes = hook_is_loopback(state) &&
		      (mode == E7_MODE_BLOCK ||
		       def_flag(E7_FLAG_LOOPBACK) == E7_SCOPE_ALLOW);

	*action = mode == E7_MODE_BLOCK && !passes ? E7_ACTION_BLOCK :
						     E7_ACTION_ALLOW;
	return passes || mode != E7_MODE_ENABLED;
}

/* A packet that is not of a flow that is known, or that is not judged. */
static noinline unsigned int hook_slow(struct sk_buff *skb,
				       const struct nf_hook_state *state,
				       enum e7_direction direction)
{
	struct packet packet = {
		.state = state,
		.skb = skb,
		.direction = direction,
	};
	struct rule_verdict verdict = { .reason = E7_REASON_MODE };
	bool by_mode = hook_by_mode(state, &verdict.action);

	if (reject_sends() || (by_mode && verdict.action == E7_ACTION_ALLOW))
		return NF_ACCEPT;

	stat_inc(packets);
	if (!by_mode)
		verdict = judge_packet(&packet);

	if (unlikely(def_flag(E7_FLAG_DEBUG)))
		printk_ratelimited(KERN_DEBUG "e7: %s prot %u pid %d %s by %s\n",
				   def_word(E7_LIST_DIRECTION, direction),
				   packet.ip.number,
				   packet.proc ? packet.proc->pid : 0,
				   def_word(E7_LIST_ACTION, verdict.action),
				   def_word(E7_LIST_REASON, verdict.reason));
	if (verdict.action == E7_ACTION_ALLOW)
		return NF_ACCEPT;
	/* Held, or dropped where it cannot be: no longer the hook's. */
	if (verdict.action == E7_ACTION_ASK)
		return NF_STOLEN;
	stat_inc(drops);
	return verdict.action == E7_ACTION_REJECT ? reject_packet(&packet) :
						    NF_DROP;
}

/*
 * A change of mode begins an epoch, so that in no other mode than enabled a
 * flow is known.  What a first look does not find, a second one may learn from
 * the program; apart and with the same arguments, so that the first needs no
 * stack and moves nothing.
 */
#define HOOK_FUNCTION(name, known, begun, direction) \
static noinline __noclone __cold unsigned int \
name##_again(void *priv, struct sk_buff *skb, \
	     const struct nf_hook_state *state) \
{ \
	const bool refresh = true; \
\
	if (!(known) && !(begun)) \
		return hook_slow(skb, state, direction); \
	stat_inc(packets); \
	return NF_ACCEPT; \
} \
\
static unsigned int name(void *priv, struct sk_buff *skb, \
			 const struct nf_hook_state *state) \
{ \
	const bool refresh = false; \
\
	if (unlikely(def_flag(E7_FLAG_MODE) == E7_MODE_DISABLED)) \
		return NF_ACCEPT; \
	if (unlikely(!(known))) \
		return name##_again(priv, skb, state); \
	stat_inc(packets); \
	return NF_ACCEPT; \
}

HOOK_FUNCTION(hook_out, glance_out(state, refresh),
	      glance_begin(state) ||
	      glance_pair(skb, state, state->pf, E7_DIRECTION_OUT),
	      E7_DIRECTION_OUT)
HOOK_FUNCTION(hook_in4, glance_in(skb, state, NFPROTO_IPV4, refresh),
	      glance_pair(skb, state, NFPROTO_IPV4, E7_DIRECTION_IN),
	      E7_DIRECTION_IN)
#if IS_ENABLED(CONFIG_IPV6)
HOOK_FUNCTION(hook_in6, glance_in(skb, state, NFPROTO_IPV6, refresh),
	      glance_pair(skb, state, NFPROTO_IPV6, E7_DIRECTION_IN),
	      E7_DIRECTION_IN)
#endif

/* Out: behind NAT, to see who is really spoken to.  In: before confirming. */
#define HOOK(function, family, point, order) { \
	.hook = function, .pf = family, .hooknum = point, .priority = order }

static const struct nf_hook_ops hook_ops[] = {
	HOOK(hook_out, NFPROTO_IPV4, NF_INET_LOCAL_OUT, NF_IP_PRI_LAST),
	HOOK(hook_in4, NFPROTO_IPV4, NF_INET_LOCAL_IN,
	     NF_IP_PRI_CONNTRACK_HELPER + 1),
#if IS_ENABLED(CONFIG_IPV6)
	HOOK(hook_out, NFPROTO_IPV6, NF_INET_LOCAL_OUT, NF_IP6_PRI_LAST),
	HOOK(hook_in6, NFPROTO_IPV6, NF_INET_LOCAL_IN,
	     NF_IP6_PRI_CONNTRACK_HELPER + 1),
#endif
};

/* The index behind the hook that a packet was taken from, or -1. */
static int hook_next(const struct nf_hook_entries *entries)
{
	unsigned int i, own;

	for (i = 0; i < entries->num_hook_entries; i++)
		for (own = 0; own < ARRAY_SIZE(hook_ops); own++)
			if (entries->hooks[i].hook == hook_ops[own].hook)
				return i + 1;
	return -1;
}

/*
 * Lets a packet go on behind the hook that it was taken from, and takes it over
 * whatever becomes of it.  In process context.
 */
void hook_continue(struct sk_buff *skb, struct nf_hook_state *state)
{
	struct netns_nf *nf = &state->net->nf;
	struct nf_hook_entries __rcu **head = state->pf == NFPROTO_IPV4 ?
					      nf->hooks_ipv4 : nf->hooks_ipv6;
	const struct nf_hook_entries *entries;
	int next = -1;

	local_bh_disable();
	rcu_read_lock();
	entries = rcu_dereference(head[state->hook]);
	if (entries)
		next = hook_next(entries);
	/* Without hooks the namespace ends. */
	if (next < 0)
		kfree_skb(skb);
	else if (nf_hook_slow(skb, state, entries, next) == 1)
		state->okfn(state->net, state->sk, skb);
	rcu_read_unlock();
	local_bh_enable();
}

static int __net_init hook_net_init(struct net *net)
{
	return nf_register_net_hooks(net, hook_ops, ARRAY_SIZE(hook_ops));
}

/* Of a namespace, after its devices; of all of them, when the module goes. */
static void __net_exit hook_nets_exit(struct list_head *nets)
{
	struct net *net;

	list_for_each_entry(net, nets, exit_list)
		nf_unregister_net_hooks(net, hook_ops, ARRAY_SIZE(hook_ops));
	/* That no packet is in a hook, once for all of them. */
	synchronize_net();
	list_for_each_entry(net, nets, exit_list)
		ask_forget_net(net);
}

static struct pernet_operations hook_net_ops = {
	.init = hook_net_init,
	.exit_batch = hook_nets_exit,
};

int hook_init(void)
{
	return register_pernet_subsys(&hook_net_ops);
}

/* Returns when no packet is in a hook any more. */
void hook_exit(void)
{
	unregister_pernet_subsys(&hook_net_ops);
}
