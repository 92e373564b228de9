/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_FLOW_H
#define E7_FLOW_H

#include <linux/netfilter.h>
#include <linux/types.h>

/* An exchange that no socket look-up finds: ICMP echo. */
struct flow_key {
	union nf_inet_addr remote;
	u32 netns;
	u16 id;
	u16 prot;
};

int flow_init(void);
void flow_exit(void);

void flow_learn(const struct flow_key *key, u64 cookie);
u64 flow_cookie(const struct flow_key *key);

#endif /* E7_FLOW_H */
