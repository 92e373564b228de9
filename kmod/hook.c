// SPDX-License-Identifier: GPL-2.0-only
/*
 * hook_: from a packet to its verdict.
 *
 * The hooks stand at LOCAL_OUT and LOCAL_IN of both families in every network
 * namespace.  They run in process context or softirq, under rcu_read_lock(),
 * and neither sleep nor wait.  A packet of a flow that is known and lets pass
 * without a word is done after hook_known_out() or hook_known_in(), which take
 * no lock, allocate nothing and write nothing that another processor reads.
 * Any other packet goes through
 *
 *	hook_parse()	which protocol, which ports
 *	hook_owner()	which socket, which process instance
 *	hook_decide()	the rules, once a program and epoch
 *	hook_tell()	an event if one is due
 */
#include <linux/fs.h>
#include <linux/if.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_socket.h>
#include <net/request_sock.h>
#include <net/sock_reuseport.h>

#include "asc.h"
#include "def.h"
#include "evt.h"
#include "flow.h"
#include "hook.h"
#include "ksc.h"
#include "probe.h"
#include "prot.h"
#include "psi.h"
#include "rule.h"
#include "stat.h"

/* Units of ksc_now() for which a walk that found nobody is not repeated. */
#define HOOK_NOBODY 60

/* What one packet is, as the steps find it out. */
struct hook_packet {
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
};

static bool hook_is_out(const struct hook_packet *packet)
{
	return packet->direction == E7_DIRECTION_OUT;
}

/* ---- flows that are known ---- */

/* Where a program remembers the verdict of a protocol, or null. */
static u64 *hook_remembers(struct psi_exe *exe, u8 prot)
{
	if (!exe)
		return NULL;
	switch (prot) {
	case IPPROTO_TCP:
		return &exe->verdicts[0];
	case IPPROTO_UDP:
		return &exe->verdicts[1];
	default:
		return NULL;
	}
}

/* A verdict that the socket does not remember may be known of its program. */
static noinline bool hook_refresh(struct ksc_entry *entry, u8 prot,
				  enum e7_direction direction, u64 epoch)
{
	u64 *word = hook_remembers(psi_exe_of(entry->proc), prot);

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
static __always_inline bool hook_passes(struct ksc_entry *entry,
					enum e7_direction direction, bool own,
					bool refresh, u8 prot)
{
	u64 epoch = rule_epoch();
	const struct psi_proc *proc;

	if (unlikely(!entry))
		return false;
	if (unlikely(!rule_is_quiet(READ_ONCE(entry->verdicts[direction - 1]),
				    epoch)) &&
	    !(refresh && prot && hook_refresh(entry, prot, direction, epoch)))
		return false;
	proc = entry->proc;
	/* Another one that sends on the socket owns it from now on. */
	if (own ? unlikely(!psi_is_current(proc)) :
		  unlikely(READ_ONCE(proc->over)))
		return false;
	ksc_touch(entry);
	return true;
}

static __always_inline bool hook_known_out(const struct nf_hook_state *state,
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
	return hook_passes(ksc_find(atomic64_read(&sk->sk_cookie)),
			   E7_DIRECTION_OUT, own, refresh,
			   refresh && sk_fullsock(sk) &&
			   sk->sk_type != SOCK_RAW ? sk->sk_protocol : 0);
}

/* A packet that comes in, as far as a known flow goes by it. */
struct hook_glance {
	u64 local, local_rest;
	u64 remote, remote_rest;
	u32 ports;	/* see flow_ports() */
	u8 prot;
	bool bare;	/* over TCP: says nothing but that something arrived */
};

/* False where the packet begins a flow, or takes a closer look. */
static __always_inline bool hook_glance_at(const struct sk_buff *skb,
					   unsigned int offset,
					   struct hook_glance *glance)
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

static __always_inline bool hook_glance4(const struct sk_buff *skb,
					 struct hook_glance *glance)
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
	return hook_glance_at(skb, sizeof(*ip), glance);
}

static __always_inline bool hook_glance6(const struct sk_buff *skb,
					 struct hook_glance *glance)
{
	const struct ipv6hdr *ip = (const struct ipv6hdr *)skb->data;

	if (unlikely(skb_headlen(skb) < sizeof(*ip)))
		return false;
	glance->prot = ip->nexthdr;
	memcpy(&glance->local, &ip->daddr.s6_addr[0], 8);
	memcpy(&glance->local_rest, &ip->daddr.s6_addr[8], 8);
	memcpy(&glance->remote, &ip->saddr.s6_addr[0], 8);
	memcpy(&glance->remote_rest, &ip->saddr.s6_addr[8], 8);
	return hook_glance_at(skb, sizeof(*ip), glance);
}

/* On loopback, and for most of UDP, a packet that comes in has no socket yet. */
static __always_inline bool hook_known_in(const struct sk_buff *skb,
					  const struct nf_hook_state *state,
					  u8 family, bool refresh)
{
	const struct sock *sk = skb->sk;
	struct hook_glance glance;
	struct ksc_entry *entry;
	u64 cookie;
	u8 flags;

	if (sk) {
		/* One of another namespace it may still carry by mistake. */
		cookie = atomic64_read(&sk->sk_cookie);
		return net_eq(sock_net(sk), state->net) && cookie &&
		       hook_passes(ksc_find(cookie), E7_DIRECTION_IN, false,
				   false, 0);
	}
	if (unlikely(!(family == NFPROTO_IPV4 ? hook_glance4(skb, &glance) :
						hook_glance6(skb, &glance))))
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
	return hook_passes(entry, E7_DIRECTION_IN, false, refresh, glance.prot);
}

/* ---- what it is ---- */

static const u8 *hook_fetch(const void *skb, unsigned int offset,
			    unsigned int size, void *buffer)
{
	return skb_header_pointer(skb, offset, size, buffer);
}

static enum prot_result hook_parse(struct hook_packet *packet)
{
	struct sk_buff *skb = packet->skb;
	u8 buffer[PROT_SIZE_MAX];
	enum prot_result result;
	const u8 *header;

	if (packet->state->pf == NFPROTO_IPV4)
		result = prot_ip4((const u8 *)ip_hdr(skb), skb->len,
				  &packet->ip);
	else
		result = prot_ip6((const u8 *)ipv6_hdr(skb), skb->len,
				  hook_fetch, skb, &packet->ip);
	if (result != PROT_OK)
		return result;
	packet->ops = prot_find(packet->ip.number);
	/* Only the first fragment has a transport header. */
	if (!packet->ops || packet->ip.later)
		return PROT_OK;
	if (packet->ip.rest < packet->ops->size)
		return PROT_MALFORMED;
	header = skb_header_pointer(skb, packet->ip.offset, packet->ops->size,
				    buffer);
	if (!header)
		return PROT_MALFORMED;
	packet->ports.partial = packet->ip.first;
	return packet->ops->parse(header, packet->ip.rest, &packet->ports);
}

static void hook_addresses(const struct hook_packet *packet,
			   union nf_inet_addr *local,
			   union nf_inet_addr *remote)
{
	bool out = hook_is_out(packet);
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

/* The flow as hook_glance4() sees it in a packet that comes in. */
static struct flow_key hook_flow(const struct hook_packet *packet)
{
	const struct prot_ports *ports = &packet->ports;
	struct flow_key key = { .net = (unsigned long)packet->state->net };
	union nf_inet_addr local, remote;
	u16 far = 0;
	u32 both;

	hook_addresses(packet, &local, &remote);
	memcpy(key.local, &local, sizeof(key.local));
	if (flow_has_remote(packet->ip.number)) {
		memcpy(key.remote, &remote, sizeof(key.remote));
		far = hook_is_out(packet) ? ports->destination : ports->source;
	}
	if (ports->echo_request || ports->echo_reply)
		both = flow_ports(0, htons(ports->source));
	else
		both = flow_ports(htons(far),
				  htons(hook_is_out(packet) ?
					ports->source : ports->destination));
	key.kind = flow_kind(packet->state->pf, packet->ip.number, both);
	return key;
}

/* ---- whose it is ---- */

static void hook_unknown(struct hook_packet *packet, enum e7_stat why)
{
	packet->class = E7_CLASS_UNKNOWN;
	packet->why = why;
}

/* proc owns it; its program may not be resolved yet. */
static void hook_is_of(struct hook_packet *packet, struct ksc_entry *entry,
		       struct psi_proc *proc)
{
	packet->entry = entry;
	packet->proc = proc;
	if (!packet->exe)
		packet->exe = psi_exe_of(proc);
	if (packet->exe) {
		packet->class = packet->exe->class;
		return;
	}
	packet->failed |= READ_ONCE(proc->image->starved);
	hook_unknown(packet, packet->failed ? E7_STAT_NOMEM :
					      E7_STAT_RESOLVING);
}

/* Looks for the owner of sk in all processes; nobody is known until then. */
static void hook_search(struct hook_packet *packet, struct sock *sk)
{
	if (!ksc_learn(sk, NULL, E7_STAT_SEARCHING, asc_want())) {
		packet->failed = true;
		hook_unknown(packet, E7_STAT_NOMEM);
		return;
	}
	hook_unknown(packet, E7_STAT_SEARCHING);
}

/* Nobody was known when the entry was made. */
static void hook_nobody(struct hook_packet *packet, struct ksc_entry *entry,
			struct sock *sk)
{
	enum e7_stat why = entry->why;

	if (why == E7_STAT_SEARCHING && asc_is_done(entry->walk)) {
		why = E7_STAT_NOBODY;
		if (ksc_before(entry->used + HOOK_NOBODY, ksc_now()))
			return hook_search(packet, sk);
	}
	hook_unknown(packet, why);
}

/* Whether one descriptor is all that refers to the socket. */
static bool hook_has_one_holder(const struct sock *sk)
{
	const struct socket *sock = READ_ONCE(sk->sk_socket);
	struct file *file = sock ? READ_ONCE(sock->file) : NULL;

	return file && file_count(file) == 1;
}

/*
 * The process that the socket was last known of has ended or runs something
 * else.  While that process closes the socket, and from then on, it is still
 * that process's; open, it has been left to somebody: to what the process runs
 * now, if nobody else can have it, or else to whom a walk finds.
 */
static void hook_left(struct hook_packet *packet, struct ksc_entry *entry,
		      struct sock *sk)
{
	/* TCP sets this before it sends, and then nobody sends any more. */
	bool closing = READ_ONCE(sk->sk_shutdown) == SHUTDOWN_MASK;
	struct psi_proc *heir;

	if (closing || !READ_ONCE(sk->sk_socket) ||
	    psi_is_ending(entry->proc))
		return hook_is_of(packet, entry, entry->proc);
	heir = psi_heir(entry->proc);
	if (heir && hook_has_one_holder(sk)) {
		entry = ksc_learn(sk, heir, E7_STAT_LEARNT, 0);
		packet->failed = !entry;
		return hook_is_of(packet, entry, heir);
	}
	if (!READ_ONCE(entry->left))
		WRITE_ONCE(entry->left, asc_want());
	hook_unknown(packet, asc_is_done(entry->left) ? E7_STAT_NOBODY :
							E7_STAT_SEARCHING);
}

/* What the process that runs now sends on its own account. */
static void hook_own(struct hook_packet *packet, struct sock *sk)
{
	struct ksc_entry *entry = ksc_find(ksc_cookie(sk));
	struct psi_proc *proc = entry ? entry->proc : NULL;

	if (!proc || !psi_is_current(proc)) {
		proc = psi_current();
		entry = ksc_learn(sk, proc, proc ? E7_STAT_LEARNT :
						   E7_STAT_UNSEEN, 0);
		if (proc && entry)
			stat_count(E7_STAT_LEARNT);
		packet->failed = !entry || (!proc && psi_knows_all());
	}
	if (!proc)
		return hook_unknown(packet, E7_STAT_UNSEEN);
	packet->exe = psi_exe_here(proc);
	hook_is_of(packet, entry, proc);
}

/* The listener that a socket which nobody has accepted yet comes from. */
static struct sock *hook_listener(struct sock *sk)
{
	struct request_sock *request = NULL;

	if (sk->sk_protocol == IPPROTO_TCP && sk->sk_state == TCP_SYN_RECV)
		request = rcu_dereference(tcp_sk(sk)->fastopen_rsk);
	return request ? request->rsk_listener : NULL;
}

/*
 * Whether a filter, which may be any user's, says which socket of a group takes
 * the packet: a look-up does not ask it.
 */
static bool hook_is_chosen(const struct sock *sk)
{
	const struct sock_reuseport *group;

	if (!sk->sk_reuseport)
		return false;
	group = rcu_dereference(sk->sk_reuseport_cb);
	return group && READ_ONCE(group->num_socks) > 1 &&
	       rcu_access_pointer(group->prog);
}

/* A packet of sk, a user's, that anybody may have caused. */
static void hook_met(struct hook_packet *packet, struct sock *sk)
{
	struct ksc_entry *entry = ksc_find(ksc_cookie(sk));
	struct sock *listener;

	if (!entry) {
		listener = hook_listener(sk);
		if (listener)
			entry = ksc_find(ksc_cookie(listener));
	}
	if (!entry)
		return hook_search(packet, sk);
	if (!entry->proc)
		return hook_nobody(packet, entry, sk);
	ksc_touch(entry);
	if (!hook_is_out(packet) && hook_is_chosen(sk))
		return hook_unknown(packet, E7_STAT_SHARED);
	if (READ_ONCE(entry->proc->over))
		return hook_left(packet, entry, sk);
	hook_is_of(packet, entry, entry->proc);
}

/* Whoever is known of a cookie; false where that is nobody. */
static bool hook_remembered(struct hook_packet *packet, u64 cookie)
{
	struct ksc_entry *entry = cookie ? ksc_find(cookie) : NULL;

	if (!entry || !entry->proc)
		return false;
	hook_is_of(packet, entry, entry->proc);
	return true;
}

/* Whoever is known of the packet's flow; false where that is nobody. */
static bool hook_flow_remembered(struct hook_packet *packet)
{
	struct flow_key key;

	if (!packet->ports.present && !packet->ports.echo_reply)
		return false;
	key = hook_flow(packet);
	return hook_remembered(packet, flow_cookie(&key));
}

/*
 * The kernel sends or takes it on its own account: also what answers for a
 * socket that is gone or not there yet, whose flow may be known.
 */
static void hook_kernel(struct hook_packet *packet)
{
	if (packet->ip.number == IPPROTO_TCP && hook_flow_remembered(packet))
		return;
	packet->class = E7_CLASS_KERNEL;
	stat_count(E7_STAT_KERNEL);
}

/* A kernel socket that is not seen to be part of a user's. */
static void hook_kernel_sock(struct hook_packet *packet, struct sock *sk)
{
	if (hook_remembered(packet, atomic64_read(&sk->sk_cookie)))
		return;
	/* A subflow of MPTCP that is still, or no longer, on its own. */
	if (compat_sk_is_mptcp(sk))
		return hook_unknown(packet, E7_STAT_NOBODY);
	hook_kernel(packet);
}

static void hook_inherit(struct sock *sk, struct psi_proc *proc)
{
	struct ksc_entry *entry = ksc_find(ksc_cookie(sk));

	if (!entry || entry->proc != proc)
		ksc_learn(sk, proc, E7_STAT_INHERITED, 0);
}

/*
 * Finds the owner of a socket of any kind, and leaves in packet->sk the full
 * socket, if there is one.  Request and time-wait sockets are never looked
 * into as full ones.
 */
static void hook_owner_of(struct hook_packet *packet, struct sock *sk)
{
	bool own = hook_is_out(packet) && psi_clean();
	struct sock *user;

	if (sk->sk_state == TCP_TIME_WAIT) {
		if (!hook_remembered(packet, atomic64_read(&sk->sk_cookie)))
			hook_unknown(packet, E7_STAT_NOBODY);
		return;
	}
	if (sk->sk_state == TCP_NEW_SYN_RECV) {
		/* A SYN-ACK is sent in anybody's context. */
		own = false;
		sk = inet_reqsk(sk)->rsk_listener;
		stat_count(E7_STAT_INHERITED);
	}
	user = sk ? psi_user_sock(sk) : NULL;
	if (!user)
		return sk ? hook_kernel_sock(packet, sk) :
			    hook_unknown(packet, E7_STAT_NOSOCKET);
	packet->sk = user;
	if (own)
		hook_own(packet, user);
	else
		hook_met(packet, user);
	/* A subflow keeps its owner when the user's socket is gone. */
	if (sk != user && packet->proc)
		hook_inherit(sk, packet->proc);
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
 * Whether nobody else gets what comes in for this flow while sk is bound: then
 * the flow may stand for the socket.
 */
static bool hook_has_flow(const struct hook_packet *packet,
			  const struct sock *sk)
{
	if (sk->sk_protocol != packet->ip.number || sk->sk_type == SOCK_RAW)
		return false;
	if (sk->sk_protocol == IPPROTO_TCP)
		return true;
	return sk->sk_protocol == IPPROTO_UDP && probe_sees_unbind() &&
	       !sk->sk_reuse && !sk->sk_reuseport && !sk->sk_bound_dev_if &&
	       packet->skb->pkt_type == PACKET_HOST;
}

static void hook_learn_flow(struct hook_packet *packet)
{
	struct ksc_entry *entry = packet->entry;
	struct flow_key key;

	if (!packet->sk || !entry || !hook_has_flow(packet, packet->sk))
		return;
	if (packet->sk->sk_state == TCP_LISTEN &&
	    packet->ip.number == IPPROTO_TCP)
		ksc_mark(packet->sk, KSC_LISTENS);
	if (unlikely(READ_ONCE(entry->state) & KSC_UNBOUND)) {
		/* It has taken a port again. */
		entry = ksc_learn(packet->sk, packet->proc, entry->why, 0);
		if (!entry)
			return;
		packet->entry = entry;
	}
	key = hook_flow(packet);
	flow_learn(&key, entry->cookie);
}

/* Protocols with ports whose sockets the kernel lets no module look up. */
static bool hook_lacks_lookup(const struct hook_packet *packet)
{
	return packet->ports.present && packet->ip.number != IPPROTO_TCP &&
	       packet->ip.number != IPPROTO_UDP;
}

static void hook_owner_out(struct hook_packet *packet)
{
	/* Not skb->sk, which in a tunnel is the inner packet's. */
	struct sock *sk = packet->state->sk;
	struct flow_key key;

	/* The outer packet of a tunnel; a SYN-ACK under SYN cookies. */
	if (!sk)
		return hook_kernel(packet);
	hook_owner_of(packet, sk);
	if (!packet->entry)
		return;
	if (packet->ip.number == IPPROTO_TCP) {
		hook_learn_flow(packet);
	} else if (packet->ports.echo_request || hook_lacks_lookup(packet)) {
		key = hook_flow(packet);
		flow_learn(&key, packet->entry->cookie);
	}
}

/*
 * Returns a socket that the caller puts when it is done with the packet, since
 * packet->sk may be it or its listener.
 */
static struct sock *hook_owner_in(struct hook_packet *packet)
{
	struct sock *sk;
	bool put;

	if (packet->ports.echo_request) {
		/* For the kernel, which answers it itself. */
		hook_kernel(packet);
		return NULL;
	}
	if (packet->ports.echo_reply || hook_lacks_lookup(packet)) {
		if (!hook_flow_remembered(packet))
			hook_unknown(packet, E7_STAT_NOSOCKET);
		return NULL;
	}
	sk = hook_lookup(packet, &put);
	if (!sk) {
		if (hook_flow_remembered(packet))
			return NULL;
		/* What has no ports is for the kernel: tunnels, IGMP. */
		if (packet->ports.present || packet->ops)
			hook_unknown(packet, E7_STAT_NOSOCKET);
		else
			hook_kernel(packet);
		return NULL;
	}
	hook_owner_of(packet, sk);
	if (sk == packet->sk)
		hook_learn_flow(packet);
	return put ? sk : NULL;
}

/* ---- what becomes of it ---- */

static bool hook_is_loopback(const struct nf_hook_state *state)
{
	const struct net_device *dev = state->out ?: state->in;

	return dev && dev->flags & IFF_LOOPBACK;
}

static struct rule_flow hook_rule_flow(const struct hook_packet *packet)
{
	const struct psi_exe *exe = packet->exe;
	bool named = packet->class == E7_CLASS_HOST ||
		     packet->class == E7_CLASS_FOREIGN;

	return (struct rule_flow) {
		.path = named ? exe->path : NULL,
		.length = named ? exe->length : 0,
		.class = packet->class,
		.prot = packet->ip.number,
		.prot_known = packet->ops,
	};
}

static struct rule_verdict hook_decide(struct hook_packet *packet, u64 epoch)
{
	u64 *word = hook_remembers(packet->exe, packet->ip.number);
	struct rule_verdict verdict;
	struct rule_flow flow;

	/* An event names the rule, which is not remembered. */
	if (word && rule_is_quiet(READ_ONCE(*word), epoch) &&
	    rule_recall(READ_ONCE(*word), epoch, &verdict))
		return verdict;
	flow = hook_rule_flow(packet);
	verdict = rule_decide(&flow);
	return verdict;
}

static enum e7_event hook_event_kind(const struct rule_verdict *verdict)
{
	if (verdict->reason != E7_REASON_RULE)
		return E7_EVENT_NORULE;
	return verdict->action == E7_ACTION_BLOCK ? E7_EVENT_DROP :
						    E7_EVENT_ACCEPT;
}

static enum e7_verdict hook_verdict(const struct rule_verdict *verdict)
{
	return verdict->action == E7_ACTION_BLOCK ? E7_VERDICT_BLOCK :
						    E7_VERDICT_ALLOW;
}

/* A verdict that lets pass without a word is remembered for the next packet. */
static void hook_remember(struct hook_packet *packet,
			  const struct rule_verdict *verdict, u64 epoch)
{
	bool quiet = verdict->action == E7_ACTION_ALLOW &&
		     !evt_wants(hook_event_kind(verdict)) &&
		     !def_flag(E7_FLAG_DEBUG);
	u64 remembered = rule_remembered(verdict, epoch, quiet);
	u64 *word = hook_remembers(packet->exe, packet->ip.number);

	if (!quiet)
		return;
	if (word)
		WRITE_ONCE(*word, remembered);
	/* A raw socket sends any protocol, and gets errors of others. */
	if (packet->exe && packet->entry && packet->sk &&
	    packet->sk->sk_type != SOCK_RAW &&
	    packet->sk->sk_protocol == packet->ip.number)
		WRITE_ONCE(packet->entry->verdicts[packet->direction - 1],
			   remembered);
}

static void hook_fill_socket(struct evt_record *record, struct sock *sk)
{
	record->uid = from_kuid(&init_user_ns, compat_sk_uid(sk));
	record->has_uid = true;
#ifdef CONFIG_SOCK_CGROUP_DATA
	record->cgroup = cgroup_id(sock_cgroup_ptr(&sk->sk_cgrp_data));
#endif
}

static noinline void hook_put_event(const struct hook_packet *packet,
				    const struct rule_verdict *verdict,
				    enum e7_event kind, u64 left_out)
{
	const struct prot_ports *ports = &packet->ports;
	bool out = hook_is_out(packet);
	struct evt_record record = {
		.time = ktime_get_real_ns(),
		.rule = verdict->id,
		.left_out = left_out,
		.netns = packet->state->net->ns.inum,
		.prot = packet->ip.number,
		.family = packet->state->pf,
		.kind = kind,
		.verdict = hook_verdict(verdict),
		.reason = verdict->reason,
		.direction = packet->direction,
		.class = packet->class,
		.why = packet->class == E7_CLASS_UNKNOWN ? packet->why : 0,
		.has_ports = ports->present,
		.local_port = out ? ports->source : ports->destination,
		.remote_port = out ? ports->destination : ports->source,
	};

	hook_addresses(packet, &record.local, &record.remote);
	if (packet->proc) {
		record.pid = packet->proc->pid;
		record.start = packet->proc->start;
		record.image = packet->proc->image;
	}
	if (packet->sk)
		hook_fill_socket(&record, packet->sk);
	evt_put(&record);
}

static void hook_tell(const struct hook_packet *packet,
		      const struct rule_verdict *verdict)
{
	enum e7_event kind = hook_event_kind(verdict);
	u64 left_out;

	if (evt_wants(kind) &&
	    evt_due(kind, packet->exe, packet->class, packet->ip.number,
		    hook_verdict(verdict), &left_out))
		hook_put_event(packet, verdict, kind, left_out);
}

/* Whether the packet belongs to the link, as ARP does for IPv4. */
static bool hook_is_link(const struct hook_packet *packet)
{
	const struct sock *sk = packet->state->sk;

	/* RFC 4861: nothing from beyond the link has hop limit 255. */
	return packet->ip.hop_limit == 255 &&
	       (!hook_is_out(packet) || !sk || sk->sk_kern_sock);
}

static struct rule_verdict hook_judge(struct hook_packet *packet)
{
	struct rule_verdict verdict = {
		.action = def_flag(E7_FLAG_FAIL),
		.reason = E7_REASON_FAIL,
	};
	u64 epoch = rule_epoch();
	struct sock *held = NULL;

	switch (hook_parse(packet)) {
	case PROT_MALFORMED:
		stat_count(E7_STAT_MALFORMED);
		return verdict;
	case PROT_LINK:
		if (!hook_is_link(packet))
			break;
		verdict.action = E7_ACTION_ALLOW;
		return verdict;
	case PROT_OK:
		break;
	}
	/*
	 * IPv6 puts fragments together behind this hook, and delivers nothing
	 * without the first, which has all headers and is judged.
	 */
	if (packet->ip.later && !hook_is_out(packet)) {
		verdict.action = E7_ACTION_ALLOW;
		return verdict;
	}

	if (hook_is_out(packet))
		hook_owner_out(packet);
	else
		held = hook_owner_in(packet);
	if (packet->class == E7_CLASS_UNKNOWN)
		stat_count(packet->why);
	if (packet->class == E7_CLASS_UNKNOWN && def_flag(E7_FLAG_HOLD) &&
	    (packet->why == E7_STAT_SEARCHING ||
	     packet->why == E7_STAT_RESOLVING)) {
		verdict.action = E7_ACTION_BLOCK;
	} else if (!packet->failed) {
		verdict = hook_decide(packet, epoch);
		hook_remember(packet, &verdict, epoch);
		hook_tell(packet, &verdict);
	}
	if (held)
		sock_gen_put(held);
	return verdict;
}

/* A packet that is not of a flow that is known, or that is not judged. */
static noinline unsigned int hook_slow(struct sk_buff *skb,
				       const struct nf_hook_state *state,
				       enum e7_direction direction)
{
	struct hook_packet packet = {
		.state = state,
		.skb = skb,
		.direction = direction,
	};
	u32 mode = def_flag(E7_FLAG_MODE);
	struct rule_verdict verdict;

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
				   def_word(E7_LIST_DIRECTION, direction),
				   packet.ip.number,
				   packet.proc ? packet.proc->pid : 0,
				   def_word(E7_LIST_ACTION, verdict.action),
				   def_word(E7_LIST_REASON, verdict.reason));
	if (verdict.action == E7_ACTION_ALLOW)
		return NF_ACCEPT;
	stat_inc(drops);
	return NF_DROP;
}

/*
 * A change of mode begins an epoch, so that in no other mode than enabled a
 * flow is known.  What a first look does not find, a second one may learn from
 * the program; apart, so that the first needs no stack.
 */
#define HOOK_FUNCTION(name, known, direction) \
static noinline unsigned int name##_again(struct sk_buff *skb, \
					  const struct nf_hook_state *state) \
{ \
	const bool refresh = true; \
\
	if (!(known)) \
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
		return name##_again(skb, state); \
	stat_inc(packets); \
	return NF_ACCEPT; \
}

HOOK_FUNCTION(hook_out, hook_known_out(state, refresh), E7_DIRECTION_OUT)
HOOK_FUNCTION(hook_in4, hook_known_in(skb, state, NFPROTO_IPV4, refresh),
	      E7_DIRECTION_IN)
#if IS_ENABLED(CONFIG_IPV6)
HOOK_FUNCTION(hook_in6, hook_known_in(skb, state, NFPROTO_IPV6, refresh),
	      E7_DIRECTION_IN)
#endif

/* ---- where it stands ---- */

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
