// SPDX-License-Identifier: GPL-2.0-only
/*
 * enl_rule_: a rule as attributes, both ways.  A match has one form only, and
 * what is in any other is refused, with the attribute at fault.
 */
#include <linux/ktime.h>
#include <linux/timekeeping.h>
#include <net/genetlink.h>
#include <net/netlink.h>

#include "def.h"
#include "enl.h"
#include "enl_rule.h"
#include "prot.h"
#include "uapi/tables.h"

/* ---- out ---- */

static int enl_put_key(struct sk_buff *skb, const struct rule_key *key)
{
	int error = key->quick ? nla_put_flag(skb, E7_ATTR_QUICK) : 0;

	if (!error && key->prot != E7_PROT_ANY)
		error = nla_put_u16(skb, E7_ATTR_PROT, key->prot);
	if (!error && key->class != RULE_NO_CLASS)
		error = nla_put_u8(skb, E7_ATTR_CLASS, key->class);
	if (!error && key->direction)
		error = nla_put_u8(skb, E7_ATTR_DIRECTION, key->direction);
	if (!error && key->family)
		error = nla_put(skb, E7_ATTR_REMOTE, key->family == 4 ? 4 : 16,
				key->remote) ?:
			nla_put_u8(skb, E7_ATTR_PREFIX, key->prefix);
	if (!error && rule_width(key) != RULE_NO_PORT)
		error = nla_put_u16(skb, E7_ATTR_PORT_FIRST, key->port_first) ?:
			nla_put_u16(skb, E7_ATTR_PORT_LAST, key->port_last);
	if (!error && key->uid != RULE_NO_USER)
		error = nla_put_u32(skb, E7_ATTR_UID, key->uid);
	return error;
}

/* Seconds that are left, at least one: it is still in force. */
static u32 enl_seconds_to(u64 end)
{
	u64 now = ktime_get_boottime_ns();

	return now < end ? DIV_ROUND_UP_ULL(end - now, NSEC_PER_SEC) : 1;
}

int enl_put_rule(struct sk_buff *skb, const struct rule *rule)
{
	u64 hits = atomic64_read(&rule->hits);
	u64 last_hit = READ_ONCE(rule->last_hit);
	int error = enl_put_u64(skb, E7_ATTR_ID, rule->id) ?:
		    nla_put_u8(skb, E7_ATTR_ACTION, rule->action) ?:
		    enl_put_key(skb, &rule->key);

	if (!error && hits)
		error = enl_put_u64(skb, E7_ATTR_HITS, hits);
	if (!error && rule->length)
		error = nla_put_string(skb, E7_ATTR_PATH, rule->path);
	if (!error && rule->ends)
		error = nla_put_u32(skb, E7_ATTR_FOR,
				    enl_seconds_to(rule->ends));
	if (!error && rule->comment_length)
		error = nla_put_string(skb, E7_ATTR_COMMENT,
				       rule_comment(rule));
	if (!error && last_hit)
		error = enl_put_u64(skb, E7_ATTR_LAST_HIT, last_hit);
	return error;
}

/* ---- in ---- */

bool enl_has_match(const struct genl_info *info)
{
	u64 match = def_takes(E7_CMD_RULE_DEL) &
		    ~(BIT_ULL(E7_ATTR_ID) | BIT_ULL(E7_ATTR_DIRECT));
	unsigned int i;

	for (i = 0; i <= DEF_ATTR_MAX; i++)
		if (info->attrs[i] && match & BIT_ULL(i))
			return true;
	return false;
}

static int enl_get_program(struct genl_info *info, struct rule_match *match)
{
	struct nlattr *class = info->attrs[E7_ATTR_CLASS];
	struct nlattr *path = info->attrs[E7_ATTR_PATH];
	const char *fault;

	rule_match_init(match, path ? nla_data(path) : "",
			path ? strlen(nla_data(path)) : 0);
	if (class) {
		match->key.class = nla_get_u8(class);
		fault = rule_class_fault(match->key.class, path);
		if (fault)
			return enl_refuse(info->extack, class, -EINVAL, fault);
	}
	fault = path ? rule_path_fault(match->path, match->length) : NULL;
	return fault ? enl_refuse(info->extack, path, -EINVAL, fault) : 0;
}

static int enl_get_remote(struct genl_info *info, struct rule_key *key)
{
	struct nlattr *remote = info->attrs[E7_ATTR_REMOTE];
	struct nlattr *prefix = info->attrs[E7_ATTR_PREFIX];
	const char *fault;

	if (!remote != !prefix)
		return enl_refuse(info->extack, remote ?: prefix, -EINVAL,
				  "REMOTE and PREFIX go together");
	if (!remote)
		return 0;
	if (!key->direction)
		return enl_refuse(info->extack, remote, -EINVAL,
				  "REMOTE goes with DIRECTION");
	if (nla_len(remote) != 4 && nla_len(remote) != 16)
		return enl_refuse(info->extack, remote, -EINVAL,
				  "expected an address of 4 or 16 bytes");
	key->family = nla_len(remote) == 4 ? 4 : 6;
	key->prefix = nla_get_u8(prefix);
	memcpy(key->remote, nla_data(remote), nla_len(remote));
	fault = rule_remote_fault(key);
	return fault ? enl_refuse(info->extack, remote, -EINVAL, fault) : 0;
}

static int enl_get_ports(struct genl_info *info, struct rule_key *key)
{
	struct nlattr *first = info->attrs[E7_ATTR_PORT_FIRST];
	struct nlattr *last = info->attrs[E7_ATTR_PORT_LAST];

	if (!first != !last)
		return enl_refuse(info->extack, first ?: last, -EINVAL,
				  "PORT_FIRST and PORT_LAST go together");
	if (!first)
		return 0;
	key->port_first = nla_get_u16(first);
	key->port_last = nla_get_u16(last);
	if (key->port_first > key->port_last)
		return enl_refuse(info->extack, last, -EINVAL,
				  "the range ends before it begins");
	if (key->prot == E7_PROT_ANY || prot_has_ports(key->prot))
		return 0;
	return enl_refuse(info->extack, first, -EINVAL,
			  "the protocol has no ports");
}

/* What a rule matches; its path stays the message's. */
int enl_get_match(struct genl_info *info, struct rule_match *match)
{
	struct nlattr *direction = info->attrs[E7_ATTR_DIRECTION];
	struct nlattr *uid = info->attrs[E7_ATTR_UID];
	struct rule_key *key = &match->key;
	int error = enl_get_program(info, match);

	if (error)
		return error;
	key->quick = !!info->attrs[E7_ATTR_QUICK];
	if (info->attrs[E7_ATTR_PROT])
		key->prot = nla_get_u16(info->attrs[E7_ATTR_PROT]);
	if (direction) {
		key->direction = nla_get_u8(direction);
		if (key->direction != E7_DIRECTION_IN &&
		    key->direction != E7_DIRECTION_OUT)
			return enl_refuse(info->extack, direction, -EINVAL,
					  "expected direction in (1) or out (2)");
	}
	if (uid) {
		key->uid = nla_get_u32(uid);
		if (key->uid == RULE_NO_USER)
			return enl_refuse(info->extack, uid, -EINVAL,
					  "no user has number 4294967295");
	}
	return enl_get_remote(info, key) ?: enl_get_ports(info, key);
}

/* What a rule does, until when, and what is said of it. */
int enl_get_terms(struct genl_info *info, struct rule_terms *terms)
{
	struct nlattr *seconds = info->attrs[E7_ATTR_FOR];
	struct nlattr *comment = info->attrs[E7_ATTR_COMMENT];
	const char *fault;
	u32 time;

	terms->comment = comment ? nla_data(comment) : "";
	fault = rule_comment_fault(terms->comment);
	if (fault)
		return enl_refuse(info->extack, comment, -EINVAL, fault);
	if (!seconds)
		return 0;
	time = nla_get_u32(seconds);
	if (!time || time > E7_LIMIT_FOR)
		return enl_refuse(info->extack, seconds, -EINVAL,
				  "expected 1 to 31536000 seconds");
	terms->ends = ktime_get_boottime_ns() + time * NSEC_PER_SEC;
	return 0;
}

/* A flow that is asked about; its path stays the message's. */
int enl_get_flow(struct netlink_ext_ack *extack, struct nlattr **attrs,
		 struct rule_flow *flow)
{
	struct nlattr *path = attrs[E7_ATTR_PATH];
	struct nlattr *remote = attrs[E7_ATTR_REMOTE];
	struct nlattr *direction = attrs[E7_ATTR_DIRECTION];
	struct nlattr *class = attrs[E7_ATTR_CLASS];
	const char *fault;

	if (!attrs[E7_ATTR_PROT] || !direction || !remote)
		return enl_refuse(extack, NULL, -EINVAL,
				  "expected PROT, DIRECTION and REMOTE");
	*flow = (struct rule_flow) {
		.prot = nla_get_u16(attrs[E7_ATTR_PROT]),
		.class = class ? nla_get_u8(class) : E7_CLASS_HOST,
		.direction = nla_get_u8(direction),
		.family = nla_len(remote) == 4 ? 4 : 6,
		.uid = attrs[E7_ATTR_UID] ?
		       nla_get_u32(attrs[E7_ATTR_UID]) : RULE_NO_USER,
		.has_port = attrs[E7_ATTR_PORT_FIRST],
		.port = attrs[E7_ATTR_PORT_FIRST] ?
			nla_get_u16(attrs[E7_ATTR_PORT_FIRST]) : 0,
	};
	if (flow->prot == E7_PROT_ANY)
		return enl_refuse(extack, attrs[E7_ATTR_PROT], -EINVAL,
				  "a flow has one protocol");
	if (!e7_word_row(E7_LIST_CLASS, flow->class))
		return enl_refuse(extack, class, -EINVAL, "no such class");
	if (!e7_word_row(E7_LIST_DIRECTION, flow->direction))
		return enl_refuse(extack, direction, -EINVAL,
				  "expected direction in (1) or out (2)");
	if (nla_len(remote) != 4 && nla_len(remote) != 16)
		return enl_refuse(extack, remote, -EINVAL,
				  "expected an address of 4 or 16 bytes");
	memcpy(flow->remote, nla_data(remote), nla_len(remote));
	if (!path)
		return 0;
	flow->path = nla_data(path);
	flow->length = strlen(flow->path);
	fault = rule_path_fault(flow->path, flow->length);
	return fault ? enl_refuse(extack, path, -EINVAL, fault) : 0;
}

int enl_get_action(struct genl_info *info, struct rule_terms *terms)
{
	struct nlattr *attr = info->attrs[E7_ATTR_ACTION];

	terms->action = nla_get_u8(attr);
	if (e7_word_row(E7_LIST_ACTION, terms->action))
		return 0;
	return enl_refuse(info->extack, attr, -EINVAL,
			  "no such action: expected allow (1), block (2), reject (3) or ask (4)");
}
