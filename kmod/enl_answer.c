// SPDX-License-Identifier: GPL-2.0-only
/*
 * enl_answer_: answers to questions, and the rules that they make.
 */
#include <linux/mutex.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/netlink.h>

#include "ask.h"
#include "enl.h"
#include "enl_ops.h"
#include "enl_rule.h"
#include "rule.h"

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

int enl_answer(struct sk_buff *skb, struct genl_info *info)
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
