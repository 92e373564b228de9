// SPDX-License-Identifier: GPL-2.0-only
/*
 * ask_: flows that are held for an administrator's answer.
 *
 *	packet, decided `ask'
 *	   ask_about()	no such flow	a question: held, told, and told again
 *			held		the packet joins it, or is dropped
 *			answered	what the answer was
 *	ask_close()	the answer	 ┐
 *	ask_tick()	nobody answers	 ├ what is held goes on, or does not
 *			program gone	 │
 *			rules changed	 ┘
 *
 * A flow is a socket's, between two ends, of one program.  What was answered is
 * remembered for as long as its socket is known, whatever rules change: it is
 * asked for only where they say `ask'.
 *
 * All under ask_lock, which packets take in any hook; what is decided about
 * packets is done without it.  Bounded by flag askmax: so many flows are held,
 * and so many answers remembered, of which a user's new ones push out his own
 * first.  Of what is held at most half comes in or is one user's, so that
 * neither the network nor a user keeps others from being asked about; root's
 * programs may have it all.
 */
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "ask.h"
#include "ask_packet.h"
#include "def.h"
#include "evt.h"
#include "hook.h"
#include "ksc.h"
#include "packet.h"
#include "psi.h"
#include "rule.h"
#include "stat.h"

#define ASK_BITS 10
/* How often flows that are held are looked at. */
#define ASK_TICK (HZ / 2)
/* How often answers are looked at, of which the socket may be gone. */
#define ASK_SWEEP (10 * HZ)
/* How long an answer holds for what has no socket of its own. */
#define ASK_REMEMBERS (120 * HZ)
/* Flows that are looked at in one go. */
#define ASK_BATCH 32

struct ask_flow {
	struct hlist_node node;
	struct list_head order;	/* of ask_held or ask_answered, oldest first */
	struct flow_key key;
	u64 cookie;	/* of the socket, or of the listener; 0: none is known */
	u64 child;	/* of the connection that the listener got, or 0 */
	struct psi_proc *proc;	/* referenced, or null */
	struct rule_flow flow;	/* its path is the image's */
	struct evt_record record;	/* with a reference to the image */
	struct list_head packets;
	unsigned int count;	/* of packets */
	unsigned int bytes;
	unsigned long since;	/* jiffies: asked, or answered */
	unsigned long until;	/* when flag fail decides */
	unsigned long again;	/* when it is told again */
	u64 epoch;		/* of the last look at the rules */
	uid_t uid;		/* on whose account it is */
	u8 action;		/* of the answer; ASK while it is held */
	u8 reason;
	bool listens;		/* cookie is a listener's */
	bool comes_in;		/* someone else caused it */
	bool open;		/* an answer is being given */
};

/* How many flows of a user are held. */
struct ask_account {
	struct hlist_node node;
	uid_t uid;
	unsigned int count;
};

#define ASK_ACCOUNT_BITS 6

static DEFINE_SPINLOCK(ask_lock);
static struct hlist_head ask_table[1 << ASK_BITS];
static struct hlist_head ask_accounts[1 << ASK_ACCOUNT_BITS];
static LIST_HEAD(ask_held);
static LIST_HEAD(ask_answered);
static unsigned int ask_held_now;
static unsigned int ask_answered_now;
static unsigned int ask_coming_in;
static u64 ask_last_id;
static u32 ask_secret __read_mostly;

static void ask_tick(struct work_struct *work);
static DECLARE_DELAYED_WORK(ask_work, ask_tick);

unsigned int ask_held_count(void)
{
	return READ_ONCE(ask_held_now);
}

unsigned int ask_answered_count(void)
{
	return READ_ONCE(ask_answered_now);
}

/* ---- accounts ---- */

static struct ask_account *ask_account_of(uid_t uid)
{
	struct ask_account *account;

	hlist_for_each_entry(account,
			     &ask_accounts[hash_32(uid, ASK_ACCOUNT_BITS)],
			     node)
		if (account->uid == uid)
			return account;
	return NULL;
}

static bool ask_account_add(uid_t uid, unsigned int most)
{
	struct ask_account *account = ask_account_of(uid);

	if (!account) {
		account = kzalloc(sizeof(*account), GFP_ATOMIC | __GFP_NOWARN);
		if (!account)
			return false;
		account->uid = uid;
		hlist_add_head(&account->node,
			       &ask_accounts[hash_32(uid, ASK_ACCOUNT_BITS)]);
	}
	if (account->count >= most)
		return false;
	account->count++;
	return true;
}

static void ask_account_sub(uid_t uid)
{
	struct ask_account *account = ask_account_of(uid);

	if (--account->count)
		return;
	hlist_del(&account->node);
	kfree(account);
}

/* Whether one more flow may be held; then it is counted. */
static bool ask_admit(const struct ask_flow *flow)
{
	unsigned int most = def_flag(E7_FLAG_ASKMAX);
	unsigned int half = (most + 1) / 2;

	if (ask_held_now >= most)
		return false;
	if (flow->comes_in) {
		if (ask_coming_in >= half)
			return false;
		ask_coming_in++;
	} else if (!ask_account_add(flow->uid, flow->uid ? half : most)) {
		return false;
	}
	WRITE_ONCE(ask_held_now, ask_held_now + 1);
	return true;
}

static void ask_discharge(const struct ask_flow *flow)
{
	if (flow->comes_in)
		ask_coming_in--;
	else
		ask_account_sub(flow->uid);
	WRITE_ONCE(ask_held_now, ask_held_now - 1);
}

/* ---- flows ---- */

static struct hlist_head *ask_bucket(const struct flow_key *key)
{
	u32 hash = jhash2((const u32 *)key, sizeof(*key) / sizeof(u32),
			  ask_secret);

	return &ask_table[hash >> (32 - ASK_BITS)];
}

static struct ask_flow *ask_find(const struct flow_key *key)
{
	struct ask_flow *flow;

	hlist_for_each_entry(flow, ask_bucket(key), node)
		if (!memcmp(&flow->key, key, sizeof(*key)))
			return flow;
	return NULL;
}

/* The flow that is held under this number, or null. */
static struct ask_flow *ask_by_id(u64 id)
{
	struct ask_flow *flow;

	list_for_each_entry(flow, &ask_held, order)
		if (flow->record.question == id)
			return flow;
	return NULL;
}

/* Forgets a flow that is not held. */
static void ask_free(struct ask_flow *flow)
{
	hlist_del(&flow->node);
	if (flow->record.image)
		psi_image_put(flow->record.image);
	psi_proc_put(flow->proc);
	kfree(flow);
}

static void ask_forget_answer(struct ask_flow *flow)
{
	list_del(&flow->order);
	WRITE_ONCE(ask_answered_now, ask_answered_now - 1);
	ask_free(flow);
}

/* Room for one more answer: a user's own go first. */
static void ask_make_room(uid_t uid)
{
	struct ask_flow *flow, *oldest;

	if (ask_answered_now < def_flag(E7_FLAG_ASKMAX))
		return;
	oldest = list_first_entry(&ask_answered, struct ask_flow, order);
	list_for_each_entry(flow, &ask_answered, order)
		if (flow->uid == uid) {
			oldest = flow;
			break;
		}
	ask_forget_answer(oldest);
}

static void ask_tell(const struct ask_flow *flow, enum e7_event kind)
{
	struct evt_record record = flow->record;
	long left = flow->until - jiffies;

	record.kind = kind;
	if (kind == E7_EVENT_ASK) {
		record.left = left > 0 ? DIV_ROUND_UP(left, HZ) : 0;
	} else {
		record.verdict = flow->action;
		record.reason = flow->reason;
	}
	evt_put(&record);
}

/*
 * What becomes of a flow that is held.  Its packets go to `out', for
 * ask_packets_release(); the answer is remembered where it is one about the
 * flow, and not about whatever the rules say now.
 */
static void ask_decide(struct ask_flow *flow, unsigned int action,
		       unsigned int reason, struct list_head *out)
{
	struct ask_packet *held;

	flow->action = action;
	flow->reason = reason;
	ask_tell(flow, E7_EVENT_ASKED);
	list_for_each_entry(held, &flow->packets, node)
		ask_packet_decide(held, action);
	list_splice_tail_init(&flow->packets, out);
	list_del(&flow->order);
	ask_discharge(flow);
	if (reason != E7_REASON_ANSWER && reason != E7_REASON_LATE) {
		ask_free(flow);
		return;
	}
	ask_make_room(flow->uid);
	flow->since = jiffies;
	list_add_tail(&flow->order, &ask_answered);
	WRITE_ONCE(ask_answered_now, ask_answered_now + 1);
}

/* ---- packets ---- */

/*
 * Whether a packet between the same ends is of this flow: of the program and
 * the socket that it was asked for, or of the connection that came of it.
 */
static bool ask_is_same(struct ask_flow *flow, const struct packet *packet)
{
	const struct psi_image *image = packet->proc ? packet->proc->image :
						       NULL;
	u64 cookie = packet->entry ? packet->entry->cookie : 0;

	if (image != flow->record.image)
		return false;
	if (!flow->listens)
		return cookie == flow->cookie;
	if (cookie == flow->cookie)
		return !flow->child;
	if (!flow->child)
		flow->child = cookie;
	return cookie == flow->child;
}

static bool ask_begins(const struct packet *packet)
{
	const struct sock *sk = packet->sk;

	return packet->ip.number == IPPROTO_TCP && sk &&
	       (sk->sk_state == TCP_SYN_SENT || sk->sk_state == TCP_LISTEN);
}

/*
 * Takes the packet from its hook: kept where there is room, which there always
 * is for the first one.  A connection is begun once, however often that is said.
 */
static void ask_keep(struct ask_flow *flow, const struct packet *packet)
{
	unsigned int size = packet->skb->truesize;
	struct ask_packet *held = NULL;

	if (!flow->count ||
	    (!ask_begins(packet) && flow->count < E7_LIMIT_ASK_PACKETS &&
	     flow->bytes + size <= E7_LIMIT_ASK_BYTES))
		held = ask_packet_take(packet);
	if (!held) {
		stat_inc(drops);
		kfree_skb(packet->skb);
		return;
	}
	stat_inc(held);
	/* The first is there whatever its size. */
	flow->bytes += flow->count++ ? size : 0;
	list_add_tail(&held->node, &flow->packets);
}

/* Null where there is no room, or no memory. */
static struct ask_flow *ask_new(const struct packet *packet,
				const struct rule_flow *about,
				const struct evt_record *record,
				const struct flow_key *key)
{
	struct ask_flow *flow = kzalloc(sizeof(*flow),
					GFP_ATOMIC | __GFP_NOWARN);

	if (!flow)
		return NULL;
	if (packet->proc && !psi_proc_get(packet->proc)) {
		kfree(flow);
		return NULL;
	}
	flow->key = *key;
	flow->proc = packet->proc;
	flow->flow = *about;
	flow->flow.path = NULL;
	flow->record = *record;
	flow->record.question = ++ask_last_id;
	flow->cookie = packet->entry ? packet->entry->cookie : 0;
	flow->uid = packet->entry ? packet->entry->uid : 0;
	flow->listens = packet->sk && packet->sk->sk_state == TCP_LISTEN;
	flow->comes_in = about->direction == E7_DIRECTION_IN || !packet->entry;
	flow->action = E7_ACTION_ASK;
	flow->epoch = rule_epoch();
	flow->since = jiffies;
	flow->until = jiffies + def_flag(E7_FLAG_ASKTIME) * HZ;
	flow->again = jiffies + msecs_to_jiffies(E7_LIMIT_ASK_AGAIN_MS);
	INIT_LIST_HEAD(&flow->packets);
	if (!ask_admit(flow)) {
		psi_proc_put(flow->proc);
		kfree(flow);
		return NULL;
	}
	if (flow->record.image)
		psi_image_get(flow->record.image);
	hlist_add_head(&flow->node, ask_bucket(key));
	list_add_tail(&flow->order, &ask_held);
	return flow;
}

/* What the answer was; of ASK the packet has been taken from its hook. */
static struct rule_verdict ask_verdict(const struct ask_flow *flow)
{
	return (struct rule_verdict) {
		.action = flow->action,
		.reason = flow->reason,
		/* Of this flow alone. */
		.depends = RULE_ON_ANY,
	};
}

/*
 * A packet about whose flow the rules say `ask': what was answered, or what
 * flag fail says where it cannot be held, or ASK, and then it is no longer the
 * hook's.  In any hook.
 */
struct rule_verdict ask_about(const struct packet *packet,
			      const struct rule_flow *about,
			      const struct evt_record *record)
{
	const struct flow_key key = packet_ends(packet);
	struct rule_verdict verdict = {
		.action = def_flag(E7_FLAG_FAIL),
		.reason = E7_REASON_FULL,
		.depends = RULE_ON_ANY,
	};
	struct ask_flow *flow;
	LIST_HEAD(dropped);

	spin_lock_bh(&ask_lock);
	flow = ask_find(&key);
	if (flow && !ask_is_same(flow, packet)) {
		if (flow->action == E7_ACTION_ASK)
			ask_decide(flow, E7_ACTION_BLOCK, E7_REASON_GONE,
				   &dropped);
		else
			ask_forget_answer(flow);
		flow = NULL;
	}
	if (!flow) {
		flow = ask_new(packet, about, record, &key);
		if (flow) {
			ask_tell(flow, E7_EVENT_ASK);
			/* It may wait for a sweep, or for nothing. */
			if (ask_held_now == 1)
				mod_delayed_work(compat_unbound_wq, &ask_work,
						 ASK_TICK);
		}
	}
	if (flow) {
		if (flow->action == E7_ACTION_ASK)
			ask_keep(flow, packet);
		verdict = ask_verdict(flow);
	}
	spin_unlock_bh(&ask_lock);
	ask_packets_drop(&dropped);
	return verdict;
}

/* ---- what ends a question ---- */

/* What the rules and the mode say of a flow now.  Under rcu_read_lock(). */
static struct rule_verdict ask_judge(const struct ask_flow *flow)
{
	const struct psi_exe *exe = psi_exe_of(flow->proc);
	const struct ask_packet *first =
		list_first_entry(&flow->packets, struct ask_packet, node);
	struct rule_flow about = flow->flow;
	struct rule_verdict verdict = { .reason = E7_REASON_MODE };

	if (hook_by_mode(&first->state, &verdict.action))
		return verdict;
	if (exe) {
		about.class = exe->class;
		if (exe->class == E7_CLASS_HOST ||
		    exe->class == E7_CLASS_FOREIGN) {
			about.path = exe->path;
			about.length = exe->length;
		}
	}
	return rule_decide(&about);
}

/* Whether there is something to let go, and somebody whom it helps. */
static bool ask_is_waiting(const struct ask_flow *flow)
{
	return !list_empty(&flow->packets) &&
	       ask_packet_has_socket(list_first_entry(&flow->packets,
						      struct ask_packet, node));
}

/* Decides about a flow where that is due, else may tell it again. */
static void ask_look(struct ask_flow *flow, u64 epoch, struct list_head *out)
{
	struct rule_verdict verdict;

	if ((flow->proc && READ_ONCE(flow->proc->over)) || !ask_is_waiting(flow))
		return ask_decide(flow, E7_ACTION_BLOCK, E7_REASON_GONE, out);
	if (flow->epoch != epoch) {
		flow->epoch = epoch;
		verdict = ask_judge(flow);
		if (verdict.action != E7_ACTION_ASK)
			return ask_decide(flow, verdict.action, verdict.reason,
					  out);
	}
	if (time_after_eq(jiffies, flow->until))
		return ask_decide(flow, def_flag(E7_FLAG_FAIL), E7_REASON_LATE,
				  out);
	if (time_after_eq(jiffies, flow->again)) {
		flow->again = jiffies + msecs_to_jiffies(E7_LIMIT_ASK_AGAIN_MS);
		ask_tell(flow, E7_EVENT_ASK);
	}
}

/* Looks at all flows that are held, some at a time. */
static void ask_look_at_held(void)
{
	u64 epoch = rule_epoch(), last = 0;
	struct ask_flow *flow, *next;
	unsigned int seen;
	LIST_HEAD(out);

	do {
		seen = 0;
		rcu_read_lock();
		spin_lock_bh(&ask_lock);
		/* In order of their numbers. */
		list_for_each_entry_safe(flow, next, &ask_held, order) {
			if (flow->record.question <= last)
				continue;
			if (++seen > ASK_BATCH)
				break;
			last = flow->record.question;
			if (!flow->open)
				ask_look(flow, epoch, &out);
		}
		spin_unlock_bh(&ask_lock);
		rcu_read_unlock();
		ask_packets_release(&out);
		cond_resched();
	} while (seen > ASK_BATCH);
}

/* Whether the socket that was answered about is gone. */
static bool ask_is_stale(const struct ask_flow *flow)
{
	u64 cookie = flow->listens ? flow->child : flow->cookie;

	if (!cookie)
		return time_after(jiffies, flow->since + ASK_REMEMBERS);
	return !ksc_find(cookie);
}

static void ask_sweep(void)
{
	struct ask_flow *flow, *next;

	rcu_read_lock();
	spin_lock_bh(&ask_lock);
	list_for_each_entry_safe(flow, next, &ask_answered, order)
		if (ask_is_stale(flow))
			ask_forget_answer(flow);
	spin_unlock_bh(&ask_lock);
	rcu_read_unlock();
}

static void ask_tick(struct work_struct *work)
{
	static unsigned long swept;

	ask_look_at_held();
	if (time_after(jiffies, swept + ASK_SWEEP)) {
		swept = jiffies;
		ask_sweep();
	}
	if (ask_held_count())
		queue_delayed_work(compat_unbound_wq, &ask_work, ASK_TICK);
	else if (ask_answered_count())
		queue_delayed_work(compat_unbound_wq, &ask_work, ASK_SWEEP);
}

/*
 * Rules or flags have changed, or a program has ended: what is held is looked
 * at soon.  In any context.
 */
void ask_wake(void)
{
	if (ask_held_count())
		mod_delayed_work(compat_unbound_wq, &ask_work, 0);
}

/* ---- answers ---- */

/*
 * Begins to answer a question: until ask_close() or ask_leave() nothing else
 * decides.  Says what it is about; the path goes to `path', of PATH_MAX bytes.
 * -ENOENT where there is no such question, or somebody else answers it.
 */
int ask_open(u64 id, struct ask_topic *topic, char *path)
{
	const struct psi_exe *exe;
	struct ask_flow *flow;

	rcu_read_lock();
	spin_lock_bh(&ask_lock);
	flow = ask_by_id(id);
	if (flow && flow->open)
		flow = NULL;
	if (flow) {
		flow->open = true;
		topic->flow = flow->flow;
		topic->rule = flow->record.rule;
		topic->flow.path = path;
		topic->flow.length = 0;
		exe = psi_exe_of(flow->proc);
		if (exe) {
			topic->flow.class = exe->class;
			topic->flow.length = exe->length;
			memcpy(path, exe->path, exe->length + 1);
		}
	}
	spin_unlock_bh(&ask_lock);
	rcu_read_unlock();
	return flow ? 0 : -ENOENT;
}

/* Answers a question that ask_open() began to. */
void ask_close(u64 id, unsigned int action)
{
	struct ask_flow *flow;
	LIST_HEAD(out);

	spin_lock_bh(&ask_lock);
	flow = ask_by_id(id);
	if (flow)
		ask_decide(flow, action, E7_REASON_ANSWER, &out);
	spin_unlock_bh(&ask_lock);
	ask_packets_release(&out);
}

/* Gives no answer after all. */
void ask_leave(u64 id)
{
	struct ask_flow *flow;

	spin_lock_bh(&ask_lock);
	flow = ask_by_id(id);
	if (flow)
		flow->open = false;
	spin_unlock_bh(&ask_lock);
	ask_wake();
}

/* ---- what packets are on their way over ---- */

/* Drops the packets for which `is_meant' of `subject'. */
static void ask_drop_packets(bool (*is_meant)(const struct ask_packet *held,
					      const void *subject),
			     const void *subject)
{
	struct ask_packet *held, *next;
	struct ask_flow *flow;
	LIST_HEAD(out);

	spin_lock_bh(&ask_lock);
	list_for_each_entry(flow, &ask_held, order)
		list_for_each_entry_safe(held, next, &flow->packets, node)
			if (is_meant(held, subject))
				list_move_tail(&held->node, &out);
	spin_unlock_bh(&ask_lock);
	ask_packets_drop(&out);
	/* A flow without a packet is over. */
	ask_wake();
}

static bool ask_is_on_device(const struct ask_packet *held, const void *dev)
{
	return ask_packet_is_on(held, dev);
}

static bool ask_is_in_net(const struct ask_packet *held, const void *net)
{
	return held->state.net == net;
}

static bool ask_is_any(const struct ask_packet *held, const void *unused)
{
	return true;
}

/* Who takes a device away waits for what refers to it. */
static int ask_device_changed(struct notifier_block *block,
			      unsigned long event, void *info)
{
	if (event == NETDEV_DOWN || event == NETDEV_UNREGISTER)
		ask_drop_packets(ask_is_on_device,
				 netdev_notifier_info_to_dev(info));
	return NOTIFY_DONE;
}

static struct notifier_block ask_device_block = {
	.notifier_call = ask_device_changed,
};

/* No packet of this namespace is in a hook any more. */
void ask_forget_net(const struct net *net)
{
	ask_drop_packets(ask_is_in_net, net);
}

int ask_init(void)
{
	/* So that a number of an earlier load names no flow of this one. */
	get_random_bytes(&ask_secret, sizeof(ask_secret));
	ask_last_id = 10000000 + ask_secret % 80000000;
	get_random_bytes(&ask_secret, sizeof(ask_secret));
	return register_netdevice_notifier(&ask_device_block);
}

/* After the last packet; what is held is dropped, to be sent again. */
void ask_exit(void)
{
	struct ask_flow *flow, *next;
	LIST_HEAD(out);

	unregister_netdevice_notifier(&ask_device_block);
	ask_drop_packets(ask_is_any, NULL);
	spin_lock_bh(&ask_lock);
	list_for_each_entry_safe(flow, next, &ask_held, order)
		ask_decide(flow, E7_ACTION_BLOCK, E7_REASON_GONE, &out);
	list_for_each_entry_safe(flow, next, &ask_answered, order)
		ask_forget_answer(flow);
	spin_unlock_bh(&ask_lock);
	cancel_delayed_work_sync(&ask_work);
}
