/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the enl_*.c share among themselves: how a request is looked at and
 * answered, and the family's operations.
 */
#ifndef E7_ENL_OPS_H
#define E7_ENL_OPS_H

#include <linux/types.h>

#include "rule.h"
#include "uapi/e7.h"

struct genl_info;
struct netlink_callback;
struct netlink_ext_ack;
struct nlattr;
struct sk_buff;

/* enl_request.c */

struct enl_reply {
	struct sk_buff *skb;
	void *header;
};

int enl_reply_begin(struct enl_reply *reply, struct genl_info *info);
int enl_reply_end(struct enl_reply *reply, struct genl_info *info, int error);
int enl_check_attrs(struct nlattr **attrs, unsigned int cmd,
		    struct netlink_ext_ack *extack);

#define ENL_NEED(info, attr) \
	((info)->attrs[attr] ? 0 : \
	 enl_refuse((info)->extack, NULL, -EINVAL, #attr " is missing"))

/* enl_list.c */

int enl_flag_get(struct sk_buff *skb, struct genl_info *info);
int enl_dump_begin(struct netlink_callback *cb);
int enl_flag_dump(struct sk_buff *skb, struct netlink_callback *cb);
int enl_rule_dump(struct sk_buff *skb, struct netlink_callback *cb);
int enl_stat_dump(struct sk_buff *skb, struct netlink_callback *cb);
int enl_why_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* enl_edit.c */

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

bool enl_collects(const struct genl_info *info);
int enl_edit_locked(struct enl_edit *edit, enl_apply *apply);
int enl_apply_add(struct rule_set *set, struct enl_edit *edit);

int enl_flag_set(struct sk_buff *skb, struct genl_info *info);
int enl_rule_add(struct sk_buff *skb, struct genl_info *info);
int enl_rule_del(struct sk_buff *skb, struct genl_info *info);
int enl_rule_clear(struct sk_buff *skb, struct genl_info *info);
int enl_begin(struct sk_buff *skb, struct genl_info *info);
int enl_finish(struct sk_buff *skb, struct genl_info *info);
int enl_settle(struct sk_buff *skb, struct genl_info *info);
void enl_edit_released(void);
void enl_edit_init(void);
void enl_edit_exit(void);

/* enl_answer.c */

int enl_answer(struct sk_buff *skb, struct genl_info *info);

#endif /* E7_ENL_OPS_H */
