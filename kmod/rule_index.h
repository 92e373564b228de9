/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_RULE_INDEX_H
#define E7_RULE_INDEX_H

#include <linux/types.h>

#include "rule_set.h"

/* A flow, as far as rules ask about it. */
struct rule_flow {
	const char *path;	/* of class HOST, and of FOREIGN where it has one */
	u16 length;
	u16 prot;
	u8 class;	/* enum e7_class */
	bool prot_known;
	u8 direction;	/* enum e7_direction: who began */
	u8 family;	/* 4 or 6 */
	u8 remote[16];	/* network order */
	u32 uid;	/* of the socket, or RULE_NO_USER */
	bool has_port;
	u16 port;	/* the flow's destination, host order */
};

/* What of a flow, besides its program and protocol, a decision may hang on. */
#define RULE_ON_REMOTE BIT(0)
#define RULE_ON_PORT BIT(1)
#define RULE_ON_USER BIT(2)
#define RULE_ON_DIRECTION BIT(3)
#define RULE_ON_ANY 0xf

struct rule_decision {
	struct rule *rule;	/* null: none matches */
	u8 depends;		/* RULE_ON_... */
};

struct rule_index *rule_index_new(const struct rule_set *set);
void rule_index_free(struct rule_index *index);
struct rule_decision rule_index_decide(const struct rule_index *index,
				       const struct rule_flow *flow);
bool rule_matches(const struct rule *rule, const struct rule_flow *flow);
size_t rule_index_bytes(const struct rule_index *index);

#endif /* E7_RULE_INDEX_H */
