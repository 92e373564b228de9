// SPDX-License-Identifier: GPL-2.0-only
/*
 * judge_: what becomes of a packet that a glance has not let pass.
 *
 *	packet_parse()	which protocol, which ports
 *	owner_find()	which socket, which process instance
 *	judge_decide()	the rules, once a program and epoch
 *	judge_tell()	an event if one is due
 */
#include <net/ip.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "ask.h"
#include "def.h"
#include "evt.h"
#include "judge.h"
#include "lease.h"
#include "owner.h"
#include "packet.h"
#include "pair.h"
#include "psi.h"
#include "rule.h"
#include "stat.h"

/* Whether one verdict may be for all that the packet's socket sends and takes. */
static bool judge_is_connected(const struct packet *packet)
{
	return packet->ip.number == IPPROTO_TCP;
}

/*
 * Who began a connection that is older than the module: what has a port of
 * those that are given to whoever asks for none did.
 */
static enum e7_direction judge_older(const struct packet *packet)
{
	u16 port = packet_is_out(packet) ? packet->ports.source :
					   packet->ports.destination;
	int low, high;

	inet_get_local_port_range(packet->state->net, &low, &high);
	return port >= low && port <= high ? E7_DIRECTION_OUT :
					     E7_DIRECTION_IN;
}

/* Who began a connection of TCP. */
static enum e7_direction judge_began_tcp(const struct packet *packet)
{
	const struct sock *sk = packet->sk;
	struct ksc_entry *entry = packet->entry;
	u8 state = entry ? READ_ONCE(entry->state) : 0;

	if (sk && sk->sk_type == SOCK_RAW)
		return packet->direction;
	if (sk && (sk->sk_state == TCP_LISTEN || sk->sk_state == TCP_SYN_RECV))
		return E7_DIRECTION_IN;
	if (entry && sk && sk->sk_state == TCP_SYN_SENT) {
		/* Its last connection may have been the other way. */
		WRITE_ONCE(entry->state,
			   (state & ~KSC_BEGAN_IN) | KSC_BEGAN_OUT);
		return E7_DIRECTION_OUT;
	}
	/* A reset from no socket answers, too. */
	if (!entry || state & KSC_BEGAN_IN)
		return E7_DIRECTION_IN;
	if (state & KSC_BEGAN_OUT)
		return E7_DIRECTION_OUT;
	return judge_older(packet);
}

static enum e7_direction judge_opposite(enum e7_direction direction)
{
	return direction == E7_DIRECTION_OUT ? E7_DIRECTION_IN :
					       E7_DIRECTION_OUT;
}

/* Who began, and what was decided then, as far as that is remembered. */
static void judge_recall(struct packet *packet, struct pair *pair)
{
	*pair = (struct pair) { .began = packet->direction };
	if (judge_is_connected(packet))
		pair->began = judge_began_tcp(packet);
	else if (packet->ports.echo_reply)
		pair->began = judge_opposite(packet->direction);
	else if (packet->entry) {
		struct pair_key key = packet_pair(packet);

		pair_find(&key, pair);
	}
}

static struct rule_flow judge_flow(const struct packet *packet,
				   enum e7_direction began)
{
	const struct psi_exe *exe = packet->exe;
	bool named = packet->class == E7_CLASS_HOST ||
		     packet->class == E7_CLASS_FOREIGN;
	bool user = packet->class != E7_CLASS_UNKNOWN &&
		    packet->class != E7_CLASS_KERNEL;
	kuid_t uid = packet->sk ? compat_sk_uid(packet->sk) : INVALID_UID;
	struct rule_flow flow = {
		.path = named ? exe->path : NULL,
		.length = named ? exe->length : 0,
		.class = packet->class,
		.prot = packet->ip.number,
		.prot_known = packet->ops,
		.direction = began,
		.family = packet->state->pf == NFPROTO_IPV4 ? 4 : 6,
		.uid = !user ? RULE_NO_USER :
		       uid_valid(uid) ? __kuid_val(uid) :
		       packet->entry ? packet->entry->uid : RULE_NO_USER,
		.has_port = packet->ports.present,
		/* The one that was spoken to first. */
		.port = packet->direction == began ?
			packet->ports.destination : packet->ports.source,
	};
	union nf_inet_addr local, remote;

	packet_addresses(packet, &local, &remote);
	memcpy(flow.remote, &remote, sizeof(flow.remote));
	return flow;
}

static void judge_fill_socket(struct evt_record *record, struct sock *sk)
{
	record->uid = from_kuid(&init_user_ns, compat_sk_uid(sk));
	record->has_uid = true;
#ifdef CONFIG_SOCK_CGROUP_DATA
	record->cgroup = cgroup_id(sock_cgroup_ptr(&sk->sk_cgrp_data));
#endif
}

/* What is told of a packet, but for the kind of the event. */
static void judge_fill_record(struct evt_record *record,
			      const struct packet *packet,
			      const struct rule_verdict *verdict)
{
	const struct prot_ports *ports = &packet->ports;
	bool out = packet_is_out(packet);

	*record = (struct evt_record) {
		.time = ktime_get_real_ns(),
		.rule = verdict->id,
		.netns = packet->state->net->ns.inum,
		.prot = packet->ip.number,
		.family = packet->state->pf,
		.verdict = verdict->action,
		.reason = verdict->reason,
		.direction = packet->direction,
		.class = packet->class,
		.why = packet->class == E7_CLASS_UNKNOWN ? packet->why : 0,
		.has_ports = ports->present,
		.local_port = out ? ports->source : ports->destination,
		.remote_port = out ? ports->destination : ports->source,
	};
	packet_addresses(packet, &record->local, &record->remote);
	if (packet->proc) {
		record->pid = packet->proc->pid;
		record->start = packet->proc->start;
		record->image = packet->proc->image;
	}
	if (packet->sk)
		judge_fill_socket(record, packet->sk);
}

/* What the administrator says, where the rules leave it to him. */
static noinline struct rule_verdict judge_ask(const struct packet *packet,
					      const struct rule_flow *flow,
					      const struct rule_verdict *asked)
{
	struct evt_record record;

	judge_fill_record(&record, packet, asked);
	return ask_about(packet, flow, &record);
}

static struct rule_verdict judge_decide(struct packet *packet, u64 epoch,
					struct pair *pair)
{
	const u64 *of_program = psi_quiet_of(packet->exe, packet->ip.number);
	struct rule_verdict quiet = {
		.action = E7_ACTION_ALLOW,
		.reason = E7_REASON_RULE,
		.quiet = true,
	};
	struct rule_verdict verdict;
	struct rule_flow flow;

	judge_recall(packet, pair);
	if (of_program && READ_ONCE(*of_program) == epoch)
		return quiet;
	if (packet->proc && pair->owner == packet->proc->serial &&
	    pair->quiet == epoch) {
		quiet.depends = RULE_ON_ANY;
		return quiet;
	}
	flow = judge_flow(packet, pair->began);
	verdict = rule_decide(&flow);
	return verdict.action == E7_ACTION_ASK ?
	       judge_ask(packet, &flow, &verdict) : verdict;
}

static enum e7_event judge_event_kind(const struct rule_verdict *verdict)
{
	switch (verdict->reason) {
	case E7_REASON_RULE:
	case E7_REASON_ANSWER:
	case E7_REASON_LATE:
		break;
	case E7_REASON_FULL:
		return E7_EVENT_ASKED;
	default:
		return E7_EVENT_NORULE;
	}
	return verdict->action == E7_ACTION_ALLOW ? E7_EVENT_ACCEPT :
						    E7_EVENT_DROP;
}

/*
 * For whom else the verdict holds: for all of the program, for all of the
 * socket, or for this remote end alone.
 */
static void judge_remember_quiet(struct packet *packet, u8 depends, u64 quiet)
{
	u64 *of_program = psi_quiet_of(packet->exe, packet->ip.number);
	u8 varies = judge_is_connected(packet) ? 0 :
		    RULE_ON_REMOTE | RULE_ON_PORT | RULE_ON_DIRECTION;

	if (!depends && of_program && quiet)
		WRITE_ONCE(*of_program, quiet);
	/* A raw socket sends any protocol, and gets errors of others. */
	if (!packet->exe || !packet->entry || !packet->sk ||
	    packet->sk->sk_type == SOCK_RAW ||
	    packet->sk->sk_protocol != packet->ip.number)
		return;
	/* One that listens stands for connections from everywhere. */
	if (packet->sk->sk_state == TCP_LISTEN)
		varies |= RULE_ON_REMOTE;
	WRITE_ONCE(packet->entry->quiet[packet->direction - 1],
		   depends & varies ? 0 : quiet);
}

/*
 * A verdict that lets pass without a word is remembered for the next packet;
 * any other one takes the place of what was, since a socket may be connected to
 * one end after another.
 */
static void judge_remember(struct packet *packet,
			   const struct rule_verdict *verdict, u64 epoch,
			   struct pair *pair)
{
	bool quiet = verdict->quiet ||
		     (verdict->action == E7_ACTION_ALLOW &&
		      !evt_wants(judge_event_kind(verdict)) &&
		      !def_flag(E7_FLAG_DEBUG));
	struct pair_key key;

	pair->quiet = quiet ? epoch : 0;
	/* Until its program is known, a process has none that is its own. */
	pair->owner = packet->exe ? packet->proc->serial : 0;
	judge_remember_quiet(packet, verdict->depends, pair->quiet);
	if (verdict->depends && packet->entry && !judge_is_connected(packet)) {
		key = packet_pair(packet);
		pair_learn(&key, pair, packet->entry->uid);
	}
}

static noinline void judge_put_event(const struct packet *packet,
				     const struct rule_verdict *verdict,
				     enum e7_event kind, u64 left_out)
{
	struct evt_record record;

	judge_fill_record(&record, packet, verdict);
	record.kind = kind;
	record.left_out = left_out;
	evt_put(&record);
}

static void judge_tell(const struct packet *packet,
		       const struct rule_verdict *verdict)
{
	enum e7_event kind = judge_event_kind(verdict);
	u64 left_out;

	if (!verdict->quiet && evt_wants(kind) &&
	    evt_due(kind, packet->exe, packet->class, packet->ip.number,
		    verdict->action, &left_out))
		judge_put_event(packet, verdict, kind, left_out);
}

/* Whether the packet belongs to the link, as ARP does for IPv4. */
static bool judge_is_link(const struct packet *packet)
{
	const struct sock *sk = packet->state->sk;

	/* RFC 4861: nothing from beyond the link has hop limit 255. */
	return packet->ip.hop_limit == 255 &&
	       (!packet_is_out(packet) || !sk || sk->sk_kern_sock);
}

/* In any hook, mode enabled. */
struct rule_verdict judge_packet(struct packet *packet)
{
	struct rule_verdict verdict = {
		.action = def_flag(E7_FLAG_FAIL),
		.reason = E7_REASON_FAIL,
	};
	u64 epoch = rule_epoch();
	struct sock *held;
	struct pair pair;

	switch (packet_parse(packet)) {
	case PROT_MALFORMED:
		stat_count(E7_STAT_MALFORMED);
		return verdict;
	case PROT_CUT:
		stat_count(E7_STAT_MALFORMED);
		verdict.action = E7_ACTION_BLOCK;
		return verdict;
	case PROT_LINK:
		if (!judge_is_link(packet))
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
	if (packet->ip.later && !packet_is_out(packet)) {
		verdict.action = E7_ACTION_ALLOW;
		return verdict;
	}
	/* Read behind the epoch, so that nothing is remembered past its end. */
	if (unlikely(lease_has_lapsed())) {
		stat_count(E7_STAT_LAPSED);
		return verdict;
	}

	held = owner_find(packet);
	if (packet->class == E7_CLASS_UNKNOWN && def_flag(E7_FLAG_HOLD) &&
	    (packet->why == E7_STAT_SEARCHING ||
	     packet->why == E7_STAT_RESOLVING)) {
		verdict.action = E7_ACTION_BLOCK;
	} else if (!packet->failed) {
		verdict = judge_decide(packet, epoch, &pair);
		/* Of ASK the packet is no longer ours. */
		if (verdict.action != E7_ACTION_ASK) {
			judge_remember(packet, &verdict, epoch, &pair);
			judge_tell(packet, &verdict);
		}
	}
	owner_put(held);
	return verdict;
}
