// SPDX-License-Identifier: GPL-2.0-only
/*
 * enl_edit_: changes.
 *
 * They are made under enl_lock, one at a time, on a copy of the ruleset that is
 * published whole; between BEGIN and COMMIT the copy is kept as the draft of the
 * socket that began.
 */
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/netlink.h>
#include <net/sock.h>

#include "cast.h"
#include "def.h"
#include "enl.h"
#include "enl_ops.h"
#include "enl_rule.h"
#include "rule.h"
#include "trial.h"

DEFINE_MUTEX(enl_lock);

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
bool enl_collects(const struct genl_info *info)
{
	return enl_owns_draft(info) && !info->attrs[E7_ATTR_DIRECT];
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

int enl_flag_set(struct sk_buff *skb, struct genl_info *info)
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

int enl_edit_locked(struct enl_edit *edit, enl_apply *apply)
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

int enl_apply_add(struct rule_set *set, struct enl_edit *edit)
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

int enl_rule_add(struct sk_buff *skb, struct genl_info *info)
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

int enl_rule_del(struct sk_buff *skb, struct genl_info *info)
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

int enl_rule_clear(struct sk_buff *skb, struct genl_info *info)
{
	struct enl_edit edit = { .info = info };
	int error = enl_check_attrs(info->attrs, E7_CMD_RULE_CLEAR,
				    info->extack);

	if (!error && info->attrs[E7_ATTR_ACTION])
		error = enl_get_action(info, &edit.terms);
	return error ?: enl_edit(&edit, enl_apply_clear);
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

int enl_begin(struct sk_buff *skb, struct genl_info *info)
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
int enl_finish(struct sk_buff *skb, struct genl_info *info)
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
int enl_settle(struct sk_buff *skb, struct genl_info *info)
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

/* ---- begin and end ---- */

/* A transaction ends with its socket. */
void enl_edit_released(void)
{
	mutex_lock(&enl_lock);
	if (enl_draft.set && sock_flag(enl_draft.sk, SOCK_DEAD))
		enl_draft_drop();
	mutex_unlock(&enl_lock);
}

void enl_edit_init(void)
{
	compat_hrtimer_setup(&enl_timer, enl_time_is_up, CLOCK_BOOTTIME);
	trial_init();
}

/* Behind the family, and a trial's end, which starts the timer. */
void enl_edit_exit(void)
{
	enl_draft_drop();
	trial_exit();
	/* The work may start the timer, which then starts nothing. */
	WRITE_ONCE(enl_goes, true);
	hrtimer_cancel(&enl_timer);
	cancel_work_sync(&enl_end_work);
	hrtimer_cancel(&enl_timer);
}
