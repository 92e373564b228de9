// SPDX-License-Identifier: GPL-2.0-only
/*
 * enl_: the generic-netlink family.
 *
 * Anyone may ask, an administrator may change, and an answer goes to whoever
 * asked: no request leaves a trace that another one sees.  Changes are made
 * under enl_lock, one at a time, on a copy of the ruleset that is published
 * whole; between BEGIN and COMMIT the copy is kept as the draft of the socket
 * that began.  A list holds the ruleset that it is of, and no lock.
 *
 * The family lives in the initial network namespace alone, and administrator
 * means CAP_NET_ADMIN in the initial user namespace, as GENL_ADMIN_PERM checks
 * it, or a socket with the role control (role.c).
 */
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/random.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/netlink.h>

#include "ask.h"
#include "cast.h"
#include "def.h"
#include "enl.h"
#include "enl_rule.h"
#include "lease.h"
#include "role.h"
#include "rule.h"
#include "stat.h"
#include "trial.h"
#include "umh.h"

static u64 enl_instance;

DEFINE_MUTEX(enl_lock);

/* Held by whoever sorts a ruleset in order to list it. */
static DEFINE_MUTEX(enl_sort_lock);

/* Until rules that have ended are looked at again, for want of memory. */
#define ENL_AGAIN_MS 100

/* On the clock that counts suspend. */
static struct hrtimer enl_timer;
static void enl_end_rules(struct work_struct *work);
static DECLARE_WORK(enl_end_work, enl_end_rules);

static bool enl_goes;

static enum hrtimer_restart enl_time_is_up(struct hrtimer *timer)
{
	if (!READ_ONCE(enl_goes))
		schedule_work(&enl_end_work);
	return HRTIMER_NORESTART;
}

/* The transaction that is open, if any.  Under enl_lock. */
static struct {
	struct rule_set *set;
	struct sock *sk;	/* whose it is; referenced */
	u64 base;	/* generation it began from */
	bool guarded;	/* whether another one since then refuses it */
	bool changed;
} enl_draft;

/* ---- answers ---- */

struct enl_reply {
	struct sk_buff *skb;
	void *header;
};

static int enl_reply_begin(struct enl_reply *reply, struct genl_info *info)
{
	reply->skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply->skb)
		return -ENOMEM;
	reply->header = genlmsg_put_reply(reply->skb, info, &enl_family, 0,
					  info->genlhdr->cmd);
	if (!reply->header) {
		nlmsg_free(reply->skb);
		return -EMSGSIZE;
	}
	return 0;
}

/* Sends the answer, or gives it up where filling it failed. */
static int enl_reply_end(struct enl_reply *reply, struct genl_info *info,
			 int error)
{
	if (error) {
		nlmsg_free(reply->skb);
		return error;
	}
	genlmsg_end(reply->skb, reply->header);
	return genlmsg_reply(reply->skb, info);
}

int enl_put_u64(struct sk_buff *skb, enum e7_attr attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, E7_ATTR_PAD);
}

int enl_put_flag(struct sk_buff *skb, unsigned int flag)
{
	u64 value = def_is_set(flag) ? def_flag(flag) : stat_flag(flag);

	return nla_put_u8(skb, E7_ATTR_FLAG, flag) ?:
	       enl_put_u64(skb, E7_ATTR_VALUE, value);
}

/* ---- requests ---- */

/* Says why, and of which attribute where it is one's fault. */
int enl_refuse(struct netlink_ext_ack *extack,
		      const struct nlattr *attr, int error, const char *why)
{
	if (extack) {
		NL_SET_BAD_ATTR(extack, attr);
		extack->_msg = why;
	}
	return error;
}

/* Refuses what the command does not take: ignored, it would mislead. */
static int enl_check_attrs(struct nlattr **attrs, unsigned int cmd,
			   struct netlink_ext_ack *extack)
{
	unsigned int i;

	for (i = 0; i <= DEF_ATTR_MAX; i++)
		if (attrs[i] && !(def_takes(cmd) & BIT_ULL(i)))
			return enl_refuse(extack, attrs[i], -EINVAL,
					  "attribute does not belong to this command");
	return 0;
}

#define ENL_NEED(info, attr) \
	((info)->attrs[attr] ? 0 : \
	 enl_refuse((info)->extack, NULL, -EINVAL, #attr " is missing"))

static int enl_check_generation(struct genl_info *info)
{
	struct nlattr *attr = info->attrs[E7_ATTR_GENERATION];

	if (!attr || nla_get_u64(attr) == rule_generation())
		return 0;
	return enl_refuse(info->extack, attr, -ESTALE,
			  "the ruleset has changed since that generation");
}

/* The sender's socket, put there for all changes. */
static struct sock *enl_sender(const struct genl_info *info)
{
	return info->user_ptr[0];
}

static bool enl_owns_draft(const struct genl_info *info)
{
	return enl_draft.set && enl_draft.sk == enl_sender(info);
}

/* Whether a change is collected. */
static bool enl_collects(const struct genl_info *info)
{
	return enl_owns_draft(info) && !info->attrs[E7_ATTR_DIRECT];
}

/* ---- questions ---- */

static int enl_status(struct sk_buff *skb, struct genl_info *info)
{
	struct enl_reply reply;
	int error = enl_check_attrs(info->attrs, E7_CMD_STATUS, info->extack) ?:
		    enl_reply_begin(&reply, info);
	u32 left;

	if (error)
		return error;
	error = nla_put_u32(reply.skb, E7_ATTR_VERSION, E7_GENL_VERSION) ?:
		enl_put_u64(reply.skb, E7_ATTR_INSTANCE, enl_instance) ?:
		enl_put_u64(reply.skb, E7_ATTR_GENERATION, rule_generation());
	left = trial_seconds_left();
	if (!error && left)
		error = nla_put_u32(reply.skb, E7_ATTR_CONFIRM, left);
	return enl_reply_end(&reply, info, error);
}

static int enl_flag_get(struct sk_buff *skb, struct genl_info *info)
{
	struct enl_reply reply;
	unsigned int flag;
	int error = enl_check_attrs(info->attrs, E7_CMD_FLAG_GET,
				    info->extack) ?:
		    ENL_NEED(info, E7_ATTR_FLAG);

	if (error)
		return error;
	flag = nla_get_u8(info->attrs[E7_ATTR_FLAG]);
	if (!def_exists(flag))
		return enl_refuse(info->extack, info->attrs[E7_ATTR_FLAG],
				  -EINVAL, "no such flag");
	error = enl_reply_begin(&reply, info);
	if (error)
		return error;
	return enl_reply_end(&reply, info, enl_put_flag(reply.skb, flag));
}

static int enl_dump_begin(struct netlink_callback *cb)
{
	if (role_may_list(cb->skb))
		return 0;
	return enl_refuse(cb->extack, NULL, -EPERM,
			  "lists are e7-broker's to give; here they need CAP_NET_ADMIN or the role view");
}

/* A numbered table row by row; neither of them takes an attribute. */
static int enl_dump_table(struct sk_buff *skb, struct netlink_callback *cb,
			  enum e7_cmd cmd, int (*next)(unsigned int index),
			  int (*put)(struct sk_buff *skb, unsigned int number))
{
	void *header;
	int number;
	int error = enl_check_attrs(compat_dump_attrs(cb), E7_CMD_RULE_GET,
				    cb->extack);

	if (error)
		return error;
	for (; (number = next(cb->args[0])) >= 0; cb->args[0]++) {
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, &enl_family,
				     NLM_F_MULTI, cmd);
		if (!header)
			break;
		if (put(skb, number)) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
	}
	return skb->len;
}

static int enl_flag_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return enl_dump_table(skb, cb, E7_CMD_FLAG_GET, def_next, enl_put_flag);
}

static int enl_put_stat(struct sk_buff *skb, unsigned int stat)
{
	return nla_put_u8(skb, E7_ATTR_STAT, stat) ?:
	       enl_put_u64(skb, E7_ATTR_VALUE, stat_value(stat));
}

static int enl_stat_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return enl_dump_table(skb, cb, E7_CMD_STAT_GET, stat_next,
			      enl_put_stat);
}

/* One rule of a dump: 0, or 1 where the message is full. */
static int enl_dump_rule(struct sk_buff *skb, struct netlink_callback *cb,
			 enum e7_cmd cmd, const struct rule *rule)
{
	void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				   cb->nlh->nlmsg_seq, &enl_family,
				   NLM_F_MULTI, cmd);

	if (!header)
		return 1;
	genl_dump_check_consistent(cb, header);
	if (!enl_put_rule(skb, rule)) {
		genlmsg_end(skb, header);
		return 0;
	}
	genlmsg_cancel(skb, header);
	/* Not even alone: longer than any rule can be. */
	return skb->len ? 1 : -EMSGSIZE;
}

/*
 * The rule that decides about a flow, by the index as for a packet, in front of
 * the others that match, which the list gives in the order in which they would.
 */
static int enl_dump_why(struct sk_buff *skb, struct netlink_callback *cb,
			const struct rule_set *set)
{
	struct rule_decision decision;
	struct rule_flow flow;
	struct rule *rule;
	int error = enl_get_flow(cb->extack, compat_dump_attrs(cb), &flow);

	if (error)
		return error;
	decision = rule_index_decide(set->index, &flow);
	if (!decision.rule)
		return 0;
	if (!cb->args[1]) {
		error = enl_dump_rule(skb, cb, E7_CMD_WHY, decision.rule);
		cb->args[1] = !error;
	}
	for (; !error && cb->args[0] < set->count; cb->args[0]++) {
		rule = set->order[cb->args[0]];
		if (rule != decision.rule && rule_matches(rule, &flow))
			error = enl_dump_rule(skb, cb, E7_CMD_WHY, rule);
		if (error)
			break;
	}
	return error;
}

static int enl_dump_list(struct sk_buff *skb, struct netlink_callback *cb,
			 const struct rule_set *set)
{
	int error = 0;

	for (; cb->args[0] < set->count; cb->args[0]++) {
		error = enl_dump_rule(skb, cb, E7_CMD_RULE_GET,
				      set->order[cb->args[0]]);
		if (error)
			break;
	}
	return error;
}

/*
 * A dump that a change overtakes goes on by index in the new set and carries
 * NLM_F_DUMP_INTR, so that whoever asked asks again.
 */
static int enl_dump_rules(struct sk_buff *skb, struct netlink_callback *cb,
			  enum e7_cmd cmd,
			  int (*dump)(struct sk_buff *skb,
				      struct netlink_callback *cb,
				      const struct rule_set *set))
{
	struct rule_set *set;
	int error = enl_check_attrs(compat_dump_attrs(cb), cmd, cb->extack);

	if (error)
		return error;
	set = rule_hold();
	mutex_lock(&enl_sort_lock);
	error = rule_set_sort(set);
	mutex_unlock(&enl_sort_lock);
	if (!error) {
		/* 0 stands for "no generation yet". */
		cb->seq = READ_ONCE(set->generation) + 1;
		error = dump(skb, cb, set);
	}
	rule_set_free(set);
	return error < 0 ? error : skb->len;
}

static int enl_rule_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return enl_dump_rules(skb, cb, E7_CMD_RULE_GET, enl_dump_list);
}

static int enl_why_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return enl_dump_rules(skb, cb, E7_CMD_WHY, enl_dump_why);
}

/* ---- changes of flags ---- */

/* Gives a flag another value. */
void enl_store(unsigned int flag, u64 value)
{
	lockdep_assert_held(&enl_lock);
	def_store(flag, value);
	rule_epoch_bump();
	cast_notice(E7_NOTICE_FLAG, flag);
}

static int enl_flag_set(struct sk_buff *skb, struct genl_info *info)
{
	struct enl_reply reply;
	const char *why;
	unsigned int flag;
	u64 value;
	int error = enl_check_attrs(info->attrs, E7_CMD_FLAG_SET,
				    info->extack) ?:
		    ENL_NEED(info, E7_ATTR_FLAG) ?:
		    ENL_NEED(info, E7_ATTR_VALUE);

	if (error)
		return error;
	flag = nla_get_u8(info->attrs[E7_ATTR_FLAG]);
	value = nla_get_u64(info->attrs[E7_ATTR_VALUE]);
	why = def_check(flag, value);
	if (why)
		return enl_refuse(info->extack,
				  info->attrs[def_is_set(flag) ? E7_ATTR_VALUE :
								 E7_ATTR_FLAG],
				  -EINVAL, why);
	error = enl_reply_begin(&reply, info);
	if (error)
		return error;

	mutex_lock(&enl_lock);
	if (def_flag(flag) != value)
		enl_store(flag, value);
	mutex_unlock(&enl_lock);
	return enl_reply_end(&reply, info,
			     enl_put_u64(reply.skb, E7_ATTR_GENERATION,
					 rule_generation()));
}

/* ---- changes of rules ---- */

/* What RULE_ADD, RULE_DEL or RULE_CLEAR asks for. */
struct enl_edit {
	struct genl_info *info;
	struct rule_match match;
	struct rule_terms terms;	/* of action 0 where none is named */
	u64 id;		/* the rule's that was added; 0 without one */
};

/*
 * Does it to a set: whether that changed anything, or an error, with which
 * nothing has changed.
 */
typedef int enl_apply(struct rule_set *set, struct enl_edit *edit);

/*
 * The set that a change of this socket goes to: its draft, grown where it is
 * full, or a copy of the set in force.  Null where memory ran out.
 */
static struct rule_set *enl_edit_begin(struct genl_info *info)
{
	struct rule_set *grown;

	if (!enl_collects(info))
		return rule_set_copy(rule_current(), 1);
	if (2 * (enl_draft.set->count + 1) <= enl_draft.set->mask)
		return enl_draft.set;
	grown = rule_set_copy(enl_draft.set, enl_draft.set->count + 1);
	if (!grown)
		return NULL;
	rule_set_free(enl_draft.set);
	enl_draft.set = grown;
	return grown;
}

static void enl_announce_rules(void)
{
	if (def_flag(E7_FLAG_RCHNGQ))
		cast_notice(E7_NOTICE_RULES, 0);
}

/* Has rules looked at when the next one ends. */
static void enl_await_end(void)
{
	u64 end = rule_set_next_end(rule_current());

	if (end)
		hrtimer_start(&enl_timer, ns_to_ktime(end), HRTIMER_MODE_ABS);
	else
		hrtimer_cancel(&enl_timer);
}

/* Puts set in force, and takes it over: where that fails it is forgotten. */
int enl_publish(struct rule_set *set)
{
	int error = rule_publish(set);

	if (error) {
		rule_set_free(set);
		return error;
	}
	enl_await_end();
	enl_announce_rules();
	return 0;
}

/* Puts the change in force, keeps it in the draft, or forgets it. */
static int enl_edit_end(struct genl_info *info, struct rule_set *set,
			bool changed)
{
	if (enl_collects(info)) {
		enl_draft.changed |= changed;
		return 0;
	}
	if (changed)
		return enl_publish(set);
	rule_set_free(set);
	return 0;
}

/* Rules have ended. */
static void enl_end_rules(struct work_struct *work)
{
	struct rule_set *set;
	int error = -ENOMEM;

	mutex_lock(&enl_lock);
	set = rule_set_copy(rule_current(), 0);
	if (set && rule_set_expire(set, ktime_get_boottime_ns())) {
		error = enl_publish(set);
	} else if (set) {
		rule_set_free(set);
		enl_await_end();
		error = 0;
	}
	/* For want of memory: they must not stay for good. */
	if (error)
		hrtimer_start(&enl_timer, ms_to_ktime(ENL_AGAIN_MS),
			      HRTIMER_MODE_REL);
	mutex_unlock(&enl_lock);
}

static int enl_edit_locked(struct enl_edit *edit, enl_apply *apply)
{
	struct rule_set *set;
	int changed, error;

	lockdep_assert_held(&enl_lock);
	changed = trial_refuse(edit->info) ?: enl_check_generation(edit->info);
	if (changed)
		return changed;
	set = enl_edit_begin(edit->info);
	if (!set)
		return -ENOMEM;
	changed = apply(set, edit);
	error = enl_edit_end(edit->info, set, changed > 0);
	return changed < 0 ? changed : error;
}

/*
 * One change from its request to its answer, which there is where it is asked
 * for: of many edits in a datagram the last may do so.
 */
static int enl_edit(struct enl_edit *edit, enl_apply *apply)
{
	bool answers = edit->info->nlhdr->nlmsg_flags & NLM_F_ACK;
	struct enl_reply reply;
	int error = answers ? enl_reply_begin(&reply, edit->info) : 0;

	if (error)
		return error;
	mutex_lock(&enl_lock);
	error = enl_edit_locked(edit, apply);
	if (!error && answers && edit->id)
		error = enl_put_u64(reply.skb, E7_ATTR_ID, edit->id);
	if (!error && answers)
		error = enl_put_u64(reply.skb, E7_ATTR_GENERATION,
				    rule_generation());
	mutex_unlock(&enl_lock);
	return answers ? enl_reply_end(&reply, edit->info, error) : error;
}

static int enl_apply_add(struct rule_set *set, struct enl_edit *edit)
{
	int changed;

	if (set->count >= E7_LIMIT_RULES && !rule_set_find(set, &edit->match))
		return enl_refuse(edit->info->extack, NULL, -ENOSPC,
				  "the ruleset is full");
	changed = rule_set_put(set, &edit->match, &edit->terms, rule_new_id());
	if (changed >= 0)
		edit->id = rule_set_find(set, &edit->match)->id;
	return changed;
}

static int enl_rule_add(struct sk_buff *skb, struct genl_info *info)
{
	struct enl_edit edit = { .info = info };
	int error = enl_check_attrs(info->attrs, E7_CMD_RULE_ADD,
				    info->extack) ?:
		    ENL_NEED(info, E7_ATTR_ACTION) ?:
		    enl_get_action(info, &edit.terms) ?:
		    enl_get_match(info, &edit.match) ?:
		    enl_get_terms(info, &edit.terms);

	if (error)
		return error;
	if (!enl_has_match(info))
		return enl_refuse(info->extack, NULL, -EINVAL,
				  "expected a match: PROT, CLASS, PATH or another part");
	return enl_edit(&edit, enl_apply_add);
}

static int enl_apply_del(struct rule_set *set, struct enl_edit *edit)
{
	struct nlattr *id = edit->info->attrs[E7_ATTR_ID];
	struct rule *rule = id ? rule_set_by_id(set, nla_get_u64(id)) :
				 rule_set_find(set, &edit->match);

	if (!rule)
		return enl_refuse(edit->info->extack, id, -ENOENT,
				  id ? "no rule has this id" :
				       "no rule has exactly this match");
	rule_set_remove(set, rule);
	return true;
}

static int enl_rule_del(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *id = info->attrs[E7_ATTR_ID];
	struct enl_edit edit = { .info = info };
	int error = enl_check_attrs(info->attrs, E7_CMD_RULE_DEL,
				    info->extack) ?:
		    enl_get_match(info, &edit.match);

	if (error)
		return error;
	if (!id && !enl_has_match(info))
		return enl_refuse(info->extack, NULL, -EINVAL,
				  "expected ID, or a match");
	if (id && enl_has_match(info))
		return enl_refuse(info->extack, id, -EINVAL,
				  "expected ID alone, or a match alone");
	return enl_edit(&edit, enl_apply_del);
}

static int enl_apply_clear(struct rule_set *set, struct enl_edit *edit)
{
	unsigned int before = set->count;

	rule_set_clear(set, edit->terms.action);
	return set->count != before;
}

static int enl_rule_clear(struct sk_buff *skb, struct genl_info *info)
{
	struct enl_edit edit = { .info = info };
	int error = enl_check_attrs(info->attrs, E7_CMD_RULE_CLEAR,
				    info->extack);

	if (!error && info->attrs[E7_ATTR_ACTION])
		error = enl_get_action(info, &edit.terms);
	return error ?: enl_edit(&edit, enl_apply_clear);
}

/* ---- answers to questions ---- */

/*
 * The rule that an answer makes: this program, protocol, way, remote end and
 * port, with what the rule that asked has beside these, so that it stands
 * before that one.
 */
static int enl_answer_match(struct genl_info *info,
			    const struct ask_topic *topic,
			    struct rule_match *match)
{
	const struct rule *asked = topic->rule ?
		rule_set_by_id(rule_current(), topic->rule) : NULL;
	const struct rule_flow *flow = &topic->flow;
	bool named = flow->class == E7_CLASS_HOST ||
		     flow->class == E7_CLASS_FOREIGN;

	if (flow->class == E7_CLASS_UNKNOWN)
		return enl_refuse(info->extack, NULL, -EINVAL,
				  "the program is unknown, so no rule names it: answer once");
	rule_match_init(match, named ? flow->path : "",
			named ? flow->length : 0);
	if (flow->class != E7_CLASS_HOST)
		match->key.class = flow->class;
	match->key.prot = flow->prot;
	match->key.direction = flow->direction;
	match->key.family = flow->family;
	match->key.prefix = flow->family == 4 ? 32 : 128;
	memcpy(match->key.remote, flow->remote, sizeof(match->key.remote));
	if (flow->has_port)
		match->key.port_first = match->key.port_last = flow->port;
	if (asked) {
		match->key.quick = asked->key.quick;
		if (asked->key.uid != RULE_NO_USER)
			match->key.uid = flow->uid;
	}
	return 0;
}

/* Makes the rule, if there is to be one.  Under enl_lock. */
static int enl_answer_rule(struct enl_edit *edit,
			   const struct ask_topic *topic)
{
	struct rule *same;
	int error = enl_answer_match(edit->info, topic, &edit->match);

	if (error)
		return error;
	if (enl_collects(edit->info))
		return enl_refuse(edit->info->extack, NULL, -EBUSY,
				  "this socket has a transaction open");
	same = rule_set_find(rule_current(), &edit->match);
	if (edit->terms.ends && same && same->action == E7_ACTION_ASK)
		return enl_refuse(edit->info->extack,
				  edit->info->attrs[E7_ATTR_FOR], -EEXIST,
				  "a rule with exactly this match asks, and would end: answer once or always");
	return enl_edit_locked(edit, enl_apply_add);
}

/* Decides about one question, and makes a rule of it with FOR or ALWAYS. */
static int enl_answer_question(struct enl_edit *edit, u64 id, char *path,
			       bool lasts)
{
	struct ask_topic topic;
	int error = ask_open(id, &topic, path);

	if (error)
		return enl_refuse(edit->info->extack,
				  edit->info->attrs[E7_ATTR_QUESTION], error,
				  "no flow is held under this number: it was answered, withdrawn or too late");
	mutex_lock(&enl_lock);
	error = lasts ? enl_answer_rule(edit, &topic) : 0;
	mutex_unlock(&enl_lock);
	if (error)
		ask_leave(id);
	else
		ask_close(id, edit->terms.action);
	return error;
}

static int enl_answer(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	bool lasts = attrs[E7_ATTR_FOR] || attrs[E7_ATTR_ALWAYS];
	struct enl_edit edit = { .info = info };
	struct enl_reply reply;
	char *path;
	int error = enl_check_attrs(attrs, E7_CMD_ANSWER, info->extack) ?:
		    ENL_NEED(info, E7_ATTR_QUESTION) ?:
		    ENL_NEED(info, E7_ATTR_ACTION) ?:
		    enl_get_action(info, &edit.terms) ?:
		    enl_get_terms(info, &edit.terms);

	if (error)
		return error;
	if (edit.terms.action == E7_ACTION_ASK)
		return enl_refuse(info->extack, attrs[E7_ATTR_ACTION], -EINVAL,
				  "ask is no answer: expected allow (1), block (2) or reject (3)");
	if (attrs[E7_ATTR_FOR] && attrs[E7_ATTR_ALWAYS])
		return enl_refuse(info->extack, attrs[E7_ATTR_ALWAYS], -EINVAL,
				  "expected FOR or ALWAYS, or neither");
	error = enl_reply_begin(&reply, info);
	if (error)
		return error;
	path = kmalloc(E7_LIMIT_PATH + 1, GFP_KERNEL);
	error = path ? enl_answer_question(&edit,
					   nla_get_u64(attrs[E7_ATTR_QUESTION]),
					   path, lasts) : -ENOMEM;
	kfree(path);
	if (!error && edit.id)
		error = enl_put_u64(reply.skb, E7_ATTR_ID, edit.id);
	if (!error)
		error = enl_put_u64(reply.skb, E7_ATTR_GENERATION,
				    rule_generation());
	return enl_reply_end(&reply, info, error);
}

/* ---- transactions ---- */

/* The set has been freed, or is in force. */
static void enl_draft_end(void)
{
	enl_draft.set = NULL;
	sock_put(enl_draft.sk);
}

static void enl_draft_drop(void)
{
	if (!enl_draft.set)
		return;
	rule_set_free(enl_draft.set);
	enl_draft_end();
}

static int enl_begin(struct sk_buff *skb, struct genl_info *info)
{
	struct enl_reply reply;
	bool replace = info->attrs[E7_ATTR_REPLACE];
	int error;

	error = enl_check_attrs(info->attrs, E7_CMD_BEGIN, info->extack) ?:
		enl_reply_begin(&reply, info);
	if (error)
		return error;

	mutex_lock(&enl_lock);
	if (enl_draft.set) {
		error = enl_refuse(info->extack, NULL, -EBUSY,
				   enl_owns_draft(info) ?
				   "this socket has a transaction open" :
				   "another socket has a transaction open");
		goto out;
	}
	error = trial_refuse(info) ?: enl_check_generation(info);
	if (error)
		goto out;
	enl_draft.set = replace ? rule_set_new(0) :
				  rule_set_copy(rule_current(), 0);
	if (!enl_draft.set) {
		error = -ENOMEM;
		goto out;
	}
	enl_draft.sk = enl_sender(info);
	sock_hold(enl_draft.sk);
	enl_draft.base = rule_generation();
	enl_draft.guarded = !replace || info->attrs[E7_ATTR_GENERATION];
	enl_draft.changed = replace && rule_count();
	error = enl_put_u64(reply.skb, E7_ATTR_GENERATION, rule_generation());
out:
	mutex_unlock(&enl_lock);
	return enl_reply_end(&reply, info, error);
}

/*
 * Puts the draft in force, with seconds until it is confirmed or goes back.  It
 * is gone whatever comes of it.
 */
static int enl_commit(struct genl_info *info, u32 seconds)
{
	struct rule_set *before;
	int error = 0;

	if (enl_draft.guarded && enl_draft.base != rule_generation()) {
		enl_draft_drop();
		return enl_refuse(info->extack, NULL, -ESTALE,
				  "another socket has changed the ruleset since BEGIN");
	}
	before = seconds ? rule_hold() : NULL;
	if (enl_draft.changed) {
		/* Those that have ended since they were put in. */
		rule_set_expire(enl_draft.set, ktime_get_boottime_ns());
		error = enl_publish(enl_draft.set);
		enl_draft_end();
	} else {
		enl_draft_drop();
	}
	if (error)
		rule_set_free(before);
	else if (seconds)
		trial_begin(before, seconds);
	return error;
}

/* COMMIT and ABORT. */
static int enl_finish(struct sk_buff *skb, struct genl_info *info)
{
	bool commit = info->genlhdr->cmd == E7_CMD_COMMIT;
	struct enl_reply reply;
	u32 seconds;
	int error;

	error = enl_check_attrs(info->attrs, info->genlhdr->cmd,
				info->extack) ?:
		trial_get_seconds(info, &seconds) ?:
		enl_reply_begin(&reply, info);
	if (error)
		return error;

	mutex_lock(&enl_lock);
	if (!enl_owns_draft(info))
		error = enl_refuse(info->extack, NULL, -EINVAL,
				   "this socket has no transaction open");
	else if (commit)
		error = enl_commit(info, seconds);
	else
		enl_draft_drop();
	if (!error)
		error = enl_put_u64(reply.skb, E7_ATTR_GENERATION,
				    rule_generation());
	mutex_unlock(&enl_lock);
	return enl_reply_end(&reply, info, error);
}

/* CONFIRM and REVERT. */
static int enl_settle(struct sk_buff *skb, struct genl_info *info)
{
	bool revert = info->genlhdr->cmd == E7_CMD_REVERT;
	struct enl_reply reply;
	int error;

	error = enl_check_attrs(info->attrs, info->genlhdr->cmd,
				info->extack) ?:
		enl_reply_begin(&reply, info);
	if (error)
		return error;

	mutex_lock(&enl_lock);
	if (trial_is_on())
		error = trial_settle(revert);
	else
		error = enl_refuse(info->extack, NULL, -EINVAL,
				   "no load awaits confirmation");
	if (!error)
		error = enl_put_u64(reply.skb, E7_ATTR_GENERATION,
				    rule_generation());
	mutex_unlock(&enl_lock);
	return enl_reply_end(&reply, info, error);
}

/* A transaction ends with its socket, and so does a role. */
static int enl_released(struct notifier_block *block, unsigned long event,
			void *data)
{
	const struct netlink_notify *notify = data;

	if (event != NETLINK_URELEASE ||
	    notify->protocol != NETLINK_GENERIC ||
	    !net_eq(notify->net, &init_net))
		return NOTIFY_DONE;
	/* By the socket itself: another may have its port already. */
	mutex_lock(&enl_lock);
	if (enl_draft.set && sock_flag(enl_draft.sk, SOCK_DEAD))
		enl_draft_drop();
	mutex_unlock(&enl_lock);
	role_released();
	umh_released();
	return NOTIFY_DONE;
}

static struct notifier_block enl_notifier = {
	.notifier_call = enl_released,
};

/* ---- roles, the helper ---- */

static int enl_claim(struct sk_buff *skb, struct genl_info *info)
{
	return enl_check_attrs(info->attrs, E7_CMD_CLAIM, info->extack) ?:
	       ENL_NEED(info, E7_ATTR_SOCKET_ROLE) ?:
	       role_claim(skb, info);
}

static int enl_helper(struct sk_buff *skb, struct genl_info *info)
{
	return enl_check_attrs(info->attrs, E7_CMD_HELPER, info->extack) ?:
	       ENL_NEED(info, E7_ATTR_TOKEN) ?:
	       umh_answer(skb, info);
}

/* ---- the family ---- */

static const struct genl_ops enl_ops[] = {
	{ .cmd = E7_CMD_STATUS, .doit = enl_status },
	{ .cmd = E7_CMD_FLAG_GET, .doit = enl_flag_get,
	  .start = enl_dump_begin, .dumpit = enl_flag_dump },
	{ .cmd = E7_CMD_RULE_GET,
	  .start = enl_dump_begin, .dumpit = enl_rule_dump },
	{ .cmd = E7_CMD_STAT_GET,
	  .start = enl_dump_begin, .dumpit = enl_stat_dump },
	{ .cmd = E7_CMD_WHY,
	  .start = enl_dump_begin, .dumpit = enl_why_dump },
	{ .cmd = E7_CMD_FLAG_SET, .doit = enl_flag_set },
	{ .cmd = E7_CMD_RULE_ADD, .doit = enl_rule_add },
	{ .cmd = E7_CMD_RULE_DEL, .doit = enl_rule_del },
	{ .cmd = E7_CMD_RULE_CLEAR, .doit = enl_rule_clear },
	{ .cmd = E7_CMD_ANSWER, .doit = enl_answer },
	{ .cmd = E7_CMD_BEGIN, .doit = enl_begin },
	{ .cmd = E7_CMD_COMMIT, .doit = enl_finish },
	{ .cmd = E7_CMD_ABORT, .doit = enl_finish },
	{ .cmd = E7_CMD_CONFIRM, .doit = enl_settle },
	{ .cmd = E7_CMD_REVERT, .doit = enl_settle },
	{ .cmd = E7_CMD_CLAIM, .doit = enl_claim },
	{ .cmd = E7_CMD_HELPER, .doit = enl_helper },
};

static const bool enl_needs_authority[] = {
#define ENL_ANY false
#define ENL_ADMIN true
#define ENL_KERNEL true
#define E7_CMD(N, s, n, ACCESS, t, d) [n] = ENL_##ACCESS,
#include "uapi/defs.x"
};

/* In front of whatever is done, in one place for all of it. */
static int enl_before(const COMPAT_GENL_OPS *ops, struct sk_buff *skb,
		      struct genl_info *info)
{
	info->user_ptr[0] = NETLINK_CB(skb).sk;
	if (!enl_needs_authority[info->genlhdr->cmd] || role_may_change(skb))
		return 0;
	return enl_refuse(info->extack, NULL, -EPERM,
			  "needs CAP_NET_ADMIN, or a socket with the role control");
}

#define GROUP_FLAGS_ANY 0
#define GROUP_FLAGS_ADMIN COMPAT_MCAST_ADMIN

static const struct genl_multicast_group enl_groups[] = {
#define E7_GROUP(N, s, n, a, ACCESS, d) \
	[n] = { .name = #a, .flags = GROUP_FLAGS_##ACCESS },
#include "uapi/defs.x"
};

struct genl_family enl_family __ro_after_init = {
	.name = E7_GENL_NAME,
	.version = E7_GENL_VERSION,
	.module = THIS_MODULE,
	.maxattr = DEF_ATTR_MAX,
	.policy = def_policy,
	.pre_doit = enl_before,
	.ops = enl_ops,
	.n_ops = ARRAY_SIZE(enl_ops),
	.mcgrps = enl_groups,
	.n_mcgrps = ARRAY_SIZE(enl_groups),
	COMPAT_RESV_START_OP(1)
};

int enl_init(void)
{
	int error;

	get_random_bytes(&enl_instance, sizeof(enl_instance));
	compat_hrtimer_setup(&enl_timer, enl_time_is_up, CLOCK_BOOTTIME);
	trial_init();
	error = netlink_register_notifier(&enl_notifier);
	if (error)
		return error;
	error = genl_register_family(&enl_family);
	if (error)
		netlink_unregister_notifier(&enl_notifier);
	else
		lease_hold(false);
	return error;
}

/* After the last event. */
void enl_exit(void)
{
	lease_exit();
	cast_notice(E7_NOTICE_UNLOAD, 0);
	genl_unregister_family(&enl_family);
	netlink_unregister_notifier(&enl_notifier);
	enl_draft_drop();
	role_exit();
	/* Going back starts the other timer. */
	trial_exit();
	/* The work may start the timer, which then starts nothing. */
	WRITE_ONCE(enl_goes, true);
	hrtimer_cancel(&enl_timer);
	cancel_work_sync(&enl_end_work);
	hrtimer_cancel(&enl_timer);
}
