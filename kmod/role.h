/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_ROLE_H
#define E7_ROLE_H

#include <linux/types.h>
#include <linux/uidgid.h>

#include "uapi/e7.h"

struct genl_info;
struct sk_buff;
struct sock;

/* A socket that has a role, and who it was given to. */
struct role_holder {
	struct sock *sk;	/* referenced; null where nobody has the role */
	pid_t pid;		/* in the initial pid namespace */
	const char *program;	/* its path; null for want of memory */
	bool listens;		/* is told of packets */
	kuid_t user;		/* whose sockets may list, too; or invalid */
};

void role_exit(void);

bool role_may_change(struct sk_buff *skb);
bool role_may_list(struct sk_buff *skb);
bool role_listens(void);
void role_tell(struct sk_buff *skb);
pid_t role_control_pid(void);

int role_claim(struct sk_buff *skb, struct genl_info *info);
void role_released(void);

#endif /* E7_ROLE_H */
