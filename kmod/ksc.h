/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_KSC_H
#define E7_KSC_H

#include <linux/types.h>
#include <net/sock.h>

#include "psi.h"
#include "rule.h"

/* What is known of a socket. */
struct ksc_entry {
	struct hlist_node node;
	struct rcu_head rcu;
	u64 cookie;
	const struct sock *sk;	/* compared, never followed */
	struct psi_proc *proc;	/* referenced */
	u64 verdicts[2];	/* by direction, see ksc_remember() */
	unsigned long used;	/* jiffies of a packet, to the second */
};

int ksc_init(void);
void ksc_exit(void);

u64 ksc_cookie(struct sock *sk);
struct ksc_entry *ksc_find(u64 cookie);
void ksc_touch(struct ksc_entry *entry);
struct ksc_entry *ksc_learn(struct sock *sk, struct psi_proc *proc);
void ksc_forget(const struct sock *sk);

bool ksc_recall(const struct ksc_entry *entry, enum e7_direction direction,
		u64 epoch, struct rule_verdict *verdict);
void ksc_remember(struct ksc_entry *entry, enum e7_direction direction,
		  u64 epoch, const struct rule_verdict *verdict);

#endif /* E7_KSC_H */
