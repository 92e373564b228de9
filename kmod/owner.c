// SPDX-License-Identifier: GPL-2.0-only
/*
 * owner_: whose a packet is.
 *
 * What a task sends of its own accord is its own, and is remembered for the
 * socket.  For all else it is asked who was remembered: of the socket, of its
 * listener, of the flow; a walk finds who was not seen.  Where the right one
 * cannot be known the answer is unknown, with a reason, never a guess.
 */
#include <linux/fs.h>
#include <linux/tcp.h>
#include <net/inet_sock.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_socket.h>
#include <net/request_sock.h>
#include <net/sock_reuseport.h>

#include "asc.h"
#include "flow.h"
#include "ksc.h"
#include "listen.h"
#include "owner.h"
#include "packet.h"
#include "probe.h"
#include "psi.h"
#include "stat.h"

/* Units of ksc_now() for which a walk that found nobody is not repeated. */
#define OWNER_NOBODY 60

static void owner_unknown(struct packet *packet, enum e7_stat why)
{
	packet->class = E7_CLASS_UNKNOWN;
	packet->why = why;
}

/* proc owns it; its program may not be resolved yet. */
static void owner_is(struct packet *packet, struct ksc_entry *entry,
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
	owner_unknown(packet, packet->failed ? E7_STAT_NOMEM :
					      E7_STAT_RESOLVING);
}

/* Looks for the owner of sk in all processes; nobody is known until then. */
static void owner_search(struct packet *packet, struct sock *sk)
{
	if (!ksc_learn(sk, NULL, E7_STAT_SEARCHING, asc_want())) {
		packet->failed = true;
		owner_unknown(packet, E7_STAT_NOMEM);
		return;
	}
	owner_unknown(packet, E7_STAT_SEARCHING);
}

/* Nobody was known when the entry was made. */
static void owner_nobody(struct packet *packet, struct ksc_entry *entry,
			 struct sock *sk)
{
	enum e7_stat why = entry->why;

	if (why == E7_STAT_SEARCHING && asc_is_done(entry->walk)) {
		why = E7_STAT_NOBODY;
		if (ksc_before(entry->used + OWNER_NOBODY, ksc_now()))
			return owner_search(packet, sk);
	}
	owner_unknown(packet, why);
}

/* Whether one descriptor is all that refers to the socket. */
static bool owner_is_alone(const struct sock *sk)
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
static void owner_left(struct packet *packet, struct ksc_entry *entry,
		       struct sock *sk)
{
	/* TCP sets this before it sends, and then nobody sends any more. */
	bool closing = READ_ONCE(sk->sk_shutdown) == SHUTDOWN_MASK;
	struct psi_proc *heir;

	if (closing || !READ_ONCE(sk->sk_socket) ||
	    psi_is_ending(entry->proc))
		return owner_is(packet, entry, entry->proc);
	heir = psi_heir(entry->proc);
	if (heir && owner_is_alone(sk)) {
		entry = ksc_learn(sk, heir, E7_STAT_LEARNT, 0);
		packet->failed = !entry;
		return owner_is(packet, entry, heir);
	}
	if (!READ_ONCE(entry->left))
		WRITE_ONCE(entry->left, asc_want());
	owner_unknown(packet, asc_is_done(entry->left) ? E7_STAT_NOBODY :
							E7_STAT_SEARCHING);
}

/* What the process that runs now sends on its own account. */
static void owner_self(struct packet *packet, struct sock *sk)
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
		return owner_unknown(packet, E7_STAT_UNSEEN);
	packet->exe = psi_exe_here(proc);
	owner_is(packet, entry, proc);
}

/* The listener that a socket which nobody has accepted yet comes from. */
static struct sock *owner_listener(struct sock *sk)
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
static bool owner_is_steered(const struct sock *sk)
{
	const struct sock_reuseport *group;

	if (!sk->sk_reuseport)
		return false;
	group = rcu_dereference(sk->sk_reuseport_cb);
	return group && READ_ONCE(group->num_socks) > 1 &&
	       rcu_access_pointer(group->prog);
}

/* A packet of sk, a user's, that anybody may have caused. */
static void owner_met(struct packet *packet, struct sock *sk)
{
	struct ksc_entry *entry = ksc_find(ksc_cookie(sk));
	struct sock *listener;

	if (!entry) {
		listener = owner_listener(sk);
		if (listener)
			entry = ksc_find(ksc_cookie(listener));
	}
	if (!entry)
		return owner_search(packet, sk);
	if (!entry->proc)
		return owner_nobody(packet, entry, sk);
	ksc_touch(entry);
	if (!packet_is_out(packet) && owner_is_steered(sk))
		return owner_unknown(packet, E7_STAT_SHARED);
	if (READ_ONCE(entry->proc->over))
		return owner_left(packet, entry, sk);
	owner_is(packet, entry, entry->proc);
}

/* Whoever is known of a cookie; false where that is nobody. */
static bool owner_remembered(struct packet *packet, u64 cookie)
{
	struct ksc_entry *entry = cookie ? ksc_find(cookie) : NULL;

	if (!entry || !entry->proc)
		return false;
	owner_is(packet, entry, entry->proc);
	return true;
}

/* Whoever is known of the packet's flow; false where that is nobody. */
static bool owner_of_flow(struct packet *packet)
{
	struct flow_key key;

	if (!packet->ports.present && !packet->ports.echo_reply)
		return false;
	key = packet_flow(packet);
	return owner_remembered(packet, flow_cookie(&key));
}

/*
 * The kernel sends or takes it on its own account: also what answers for a
 * socket that is gone or not there yet, whose flow may be known.
 */
static void owner_kernel(struct packet *packet)
{
	if (packet->ip.number == IPPROTO_TCP && owner_of_flow(packet))
		return;
	packet->class = E7_CLASS_KERNEL;
	stat_count(E7_STAT_KERNEL);
}

/* A kernel socket that is not seen to be part of a user's. */
static void owner_kernel_sock(struct packet *packet, struct sock *sk)
{
	if (owner_remembered(packet, atomic64_read(&sk->sk_cookie)))
		return;
	/* A subflow of MPTCP that is still, or no longer, on its own. */
	if (compat_sk_is_mptcp(sk))
		return owner_unknown(packet, E7_STAT_NOBODY);
	owner_kernel(packet);
}

static void owner_inherit(struct sock *sk, struct psi_proc *proc)
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
static void owner_of_sock(struct packet *packet, struct sock *sk)
{
	bool own = packet_is_out(packet) && psi_clean();
	struct sock *user;

	if (sk->sk_state == TCP_TIME_WAIT) {
		if (!owner_remembered(packet, atomic64_read(&sk->sk_cookie)))
			owner_unknown(packet, E7_STAT_NOBODY);
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
		return sk ? owner_kernel_sock(packet, sk) :
			    owner_unknown(packet, E7_STAT_NOSOCKET);
	packet->sk = user;
	if (own)
		owner_self(packet, user);
	else
		owner_met(packet, user);
	/* A subflow keeps its owner when the user's socket is gone. */
	if (sk != user && packet->proc)
		owner_inherit(sk, packet->proc);
}

/*
 * The socket that a packet comes in for; *put where it is the caller's to
 * release.  Early demux has found it for some, and none on loopback.
 */
static struct sock *owner_lookup(const struct packet *packet, bool *put)
{
	const struct nf_hook_state *state = packet->state;
	struct sk_buff *skb = packet->skb;

	*put = false;
	if (skb->sk && net_eq(sock_net(skb->sk), state->net))
		return skb->sk;
	if (packet->ip.number == IPPROTO_UDPLITE)
		return compat_udplite_lookup(skb, state,
					     htons(packet->ports.source),
					     htons(packet->ports.destination));
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
static bool owner_has_flow(const struct packet *packet,
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

/*
 * Whether nothing but the port says that a connection which begins is the
 * listener's.  Of what a listener sends, the destination is not its own.
 */
static bool owner_has_port(const struct packet *packet)
{
	const struct sock *sk = packet->sk;

	return !packet_is_out(packet) && !sk->sk_reuseport &&
	       !sk->sk_bound_dev_if && !packet->skb->sk &&
	       packet->skb->pkt_type == PACKET_HOST;
}

/* Makes the flow stand for all connections that begin at its local end. */
static void owner_begins_at(const struct packet *packet, struct flow_key *key)
{
	key->remote[0] = key->remote[1] = 0;
	key->kind = flow_kind_of_port(packet->state->pf, packet->ip.number,
				      flow_ports(0, htons(packet->ports.destination)));
}

static void owner_learn_flow(struct packet *packet)
{
	struct ksc_entry *entry = packet->entry;
	struct flow_key key;

	if (!packet->sk || !entry || !owner_has_flow(packet, packet->sk))
		return;
	if (unlikely(READ_ONCE(entry->state) & KSC_UNBOUND)) {
		/* It has taken a port again. */
		entry = ksc_learn(packet->sk, packet->proc, entry->why, 0);
		if (!entry)
			return;
		packet->entry = entry;
	}
	key = packet_flow(packet);
	if (packet->ip.number == IPPROTO_TCP &&
	    packet->sk->sk_state == TCP_LISTEN) {
		ksc_mark(packet->sk, KSC_LISTENS);
		if (owner_has_port(packet))
			owner_begins_at(packet, &key);
	}
	flow_learn(&key, entry->cookie);
}

/* Protocols with ports whose sockets the kernel lets no module look up. */
static bool owner_lacks_lookup(const struct packet *packet)
{
	return packet->ports.present && packet->ip.number != IPPROTO_TCP &&
	       packet->ip.number != IPPROTO_UDP &&
	       packet->ip.number != IPPROTO_UDPLITE;
}

static void owner_out(struct packet *packet)
{
	/* Not skb->sk, which in a tunnel is the inner packet's. */
	struct sock *sk = packet->state->sk;
	struct flow_key key;

	/* The outer packet of a tunnel; a SYN-ACK under SYN cookies. */
	if (!sk)
		return owner_kernel(packet);
	owner_of_sock(packet, sk);
	if (!packet->entry)
		return;
	if (packet->ip.number == IPPROTO_TCP) {
		owner_learn_flow(packet);
	} else if (packet->ports.echo_request || owner_lacks_lookup(packet)) {
		key = packet_flow(packet);
		flow_learn(&key, packet->entry->cookie);
	}
}

/*
 * Returns a socket that the caller puts when it is done with the packet, since
 * packet->sk may be it or its listener.
 */
static struct sock *owner_in(struct packet *packet)
{
	struct sock *sk;
	bool put;

	if (packet->ports.echo_request) {
		/* For the kernel, which answers it itself. */
		owner_kernel(packet);
		return NULL;
	}
	if (packet->ports.echo_reply || owner_lacks_lookup(packet)) {
		if (owner_of_flow(packet))
			return NULL;
		sk = listen_find(packet);
		if (sk)
			owner_of_sock(packet, sk);
		else
			owner_unknown(packet, E7_STAT_NOSOCKET);
		return sk;
	}
	sk = owner_lookup(packet, &put);
	if (!sk) {
		if (owner_of_flow(packet))
			return NULL;
		/* What has no ports is for the kernel: tunnels, IGMP. */
		if (packet->ports.present || packet->ops)
			owner_unknown(packet, E7_STAT_NOSOCKET);
		else
			owner_kernel(packet);
		return NULL;
	}
	owner_of_sock(packet, sk);
	if (sk == packet->sk)
		owner_learn_flow(packet);
	return put ? sk : NULL;
}

/*
 * Finds whose the packet is, and counts why where that is not known.  Returns a
 * socket for owner_put(), which packet->sk may be or come from.  In any hook.
 */
struct sock *owner_find(struct packet *packet)
{
	struct sock *held = NULL;

	if (packet_is_out(packet))
		owner_out(packet);
	else
		held = owner_in(packet);
	if (packet->class == E7_CLASS_UNKNOWN)
		stat_count(packet->why);
	return held;
}

void owner_put(struct sock *held)
{
	if (held)
		sock_gen_put(held);
}
