// SPDX-License-Identifier: GPL-2.0-only
/*
 * enl_list_: what anyone may ask, and lists, which hold the ruleset that they
 * are of, and no lock.
 */
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <net/genetlink.h>
#include <net/netlink.h>

#include "def.h"
#include "enl.h"
#include "enl_ops.h"
#include "enl_rule.h"
#include "role.h"
#include "rule.h"
#include "stat.h"

/* Held by whoever sorts a ruleset in order to list it. */
static DEFINE_MUTEX(enl_sort_lock);

int enl_put_flag(struct sk_buff *skb, unsigned int flag)
{
	u64 value = def_is_set(flag) ? def_flag(flag) : stat_flag(flag);

	return nla_put_u8(skb, E7_ATTR_FLAG, flag) ?:
	       enl_put_u64(skb, E7_ATTR_VALUE, value);
}

int enl_flag_get(struct sk_buff *skb, struct genl_info *info)
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

int enl_dump_begin(struct netlink_callback *cb)
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

int enl_flag_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return enl_dump_table(skb, cb, E7_CMD_FLAG_GET, def_next, enl_put_flag);
}

static int enl_put_stat(struct sk_buff *skb, unsigned int stat)
{
	return nla_put_u8(skb, E7_ATTR_STAT, stat) ?:
	       enl_put_u64(skb, E7_ATTR_VALUE, stat_value(stat));
}

int enl_stat_dump(struct sk_buff *skb, struct netlink_callback *cb)
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

int enl_rule_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return enl_dump_rules(skb, cb, E7_CMD_RULE_GET, enl_dump_list);
}

int enl_why_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return enl_dump_rules(skb, cb, E7_CMD_WHY, enl_dump_why);
}
