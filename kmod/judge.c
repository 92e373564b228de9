// SPDX-License-Identifier: GPL-2.0-only
/*
 * judge_: what becomes of a packet that a glance has not let pass.
 *
 *	packet_parse()	which protocol, which ports
 *	owner_find()	which socket, which process instance
 *	judge_decide()	the rules, once a program and epoch
 *	judge_tell()	an event if one is due
 */
#include <net/net_namespace.h>
#include <net/sock.h>

#include "def.h"
#include "evt.h"
#include "judge.h"
#include "owner.h"
#include "packet.h"
#include "psi.h"
#include "rule.h"
#include "stat.h"

static struct rule_flow judge_flow(const struct packet *packet)
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

static struct rule_verdict judge_decide(struct packet *packet, u64 epoch)
{
	const u64 *remembered = psi_verdict_of(packet->exe, packet->ip.number);
	u64 word = remembered ? READ_ONCE(*remembered) : 0;
	struct rule_verdict verdict;
	struct rule_flow flow;

	/* An event names the rule, which is not remembered. */
	if (rule_is_quiet(word, epoch) && rule_recall(word, epoch, &verdict))
		return verdict;
	flow = judge_flow(packet);
	return rule_decide(&flow);
}

static enum e7_event judge_event_kind(const struct rule_verdict *verdict)
{
	if (verdict->reason != E7_REASON_RULE)
		return E7_EVENT_NORULE;
	return verdict->action == E7_ACTION_BLOCK ? E7_EVENT_DROP :
						    E7_EVENT_ACCEPT;
}

static enum e7_verdict judge_verdict(const struct rule_verdict *verdict)
{
	return verdict->action == E7_ACTION_BLOCK ? E7_VERDICT_BLOCK :
						    E7_VERDICT_ALLOW;
}

/* A verdict that lets pass without a word is remembered for the next packet. */
static void judge_remember(struct packet *packet,
			   const struct rule_verdict *verdict, u64 epoch)
{
	bool quiet = verdict->action == E7_ACTION_ALLOW &&
		     !evt_wants(judge_event_kind(verdict)) &&
		     !def_flag(E7_FLAG_DEBUG);
	u64 remembered = rule_remembered(verdict, epoch, quiet);
	u64 *word = psi_verdict_of(packet->exe, packet->ip.number);

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

static void judge_fill_socket(struct evt_record *record, struct sock *sk)
{
	record->uid = from_kuid(&init_user_ns, compat_sk_uid(sk));
	record->has_uid = true;
#ifdef CONFIG_SOCK_CGROUP_DATA
	record->cgroup = cgroup_id(sock_cgroup_ptr(&sk->sk_cgrp_data));
#endif
}

static noinline void judge_put_event(const struct packet *packet,
				     const struct rule_verdict *verdict,
				     enum e7_event kind, u64 left_out)
{
	const struct prot_ports *ports = &packet->ports;
	bool out = packet_is_out(packet);
	struct evt_record record = {
		.time = ktime_get_real_ns(),
		.rule = verdict->id,
		.left_out = left_out,
		.netns = packet->state->net->ns.inum,
		.prot = packet->ip.number,
		.family = packet->state->pf,
		.kind = kind,
		.verdict = judge_verdict(verdict),
		.reason = verdict->reason,
		.direction = packet->direction,
		.class = packet->class,
		.why = packet->class == E7_CLASS_UNKNOWN ? packet->why : 0,
		.has_ports = ports->present,
		.local_port = out ? ports->source : ports->destination,
		.remote_port = out ? ports->destination : ports->source,
	};

	packet_addresses(packet, &record.local, &record.remote);
	if (packet->proc) {
		record.pid = packet->proc->pid;
		record.start = packet->proc->start;
		record.image = packet->proc->image;
	}
	if (packet->sk)
		judge_fill_socket(&record, packet->sk);
	evt_put(&record);
}

static void judge_tell(const struct packet *packet,
		       const struct rule_verdict *verdict)
{
	enum e7_event kind = judge_event_kind(verdict);
	u64 left_out;

	if (evt_wants(kind) &&
	    evt_due(kind, packet->exe, packet->class, packet->ip.number,
		    judge_verdict(verdict), &left_out))
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

	held = owner_find(packet);
	if (packet->class == E7_CLASS_UNKNOWN && def_flag(E7_FLAG_HOLD) &&
	    (packet->why == E7_STAT_SEARCHING ||
	     packet->why == E7_STAT_RESOLVING)) {
		verdict.action = E7_ACTION_BLOCK;
	} else if (!packet->failed) {
		verdict = judge_decide(packet, epoch);
		judge_remember(packet, &verdict, epoch);
		judge_tell(packet, &verdict);
	}
	owner_put(held);
	return verdict;
}
