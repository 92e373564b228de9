/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_ENL_RULE_H
#define E7_ENL_RULE_H

#include <net/genetlink.h>

#include "rule_index.h"
#include "rule_set.h"

int enl_put_rule(struct sk_buff *skb, const struct rule *rule);

bool enl_has_match(const struct genl_info *info);
int enl_get_match(struct genl_info *info, struct rule_match *match);
int enl_get_action(struct genl_info *info, struct rule_terms *terms);
int enl_get_flow(struct netlink_ext_ack *extack, struct nlattr **attrs,
		 struct rule_flow *flow);
int enl_get_terms(struct genl_info *info, struct rule_terms *terms);

#endif /* E7_ENL_RULE_H */
