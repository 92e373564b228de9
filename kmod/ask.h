/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_ASK_H
#define E7_ASK_H

#include <linux/types.h>

#include "evt.h"
#include "rule.h"

struct net;
struct packet;

/* What a question is about, as far as a rule that is its answer needs. */
struct ask_topic {
	struct rule_flow flow;	/* its path is the caller's */
	u64 rule;	/* that asked; 0 where a flag did */
};

int ask_init(void);
void ask_exit(void);

struct rule_verdict ask_about(const struct packet *packet,
			      const struct rule_flow *flow,
			      const struct evt_record *record);
void ask_wake(void);
void ask_forget_net(const struct net *net);

int ask_open(u64 id, struct ask_topic *topic, char *path);
void ask_close(u64 id, unsigned int action);
void ask_leave(u64 id);

unsigned int ask_held_count(void);
unsigned int ask_answered_count(void);

#endif /* E7_ASK_H */
