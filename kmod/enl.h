/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_ENL_H
#define E7_ENL_H

#include <linux/mutex.h>
#include <linux/types.h>

#include "uapi/e7.h"

struct genl_family;
struct rule_set;
struct sk_buff;

extern struct genl_family enl_family;

int enl_init(void);
void enl_exit(void);

/* Held by whoever changes rules or flags. */
extern struct mutex enl_lock;

int enl_publish(struct rule_set *set);
void enl_store(unsigned int flag, u64 value);

int enl_refuse(struct netlink_ext_ack *extack, const struct nlattr *attr,
	       int error, const char *why);
int enl_put_u64(struct sk_buff *skb, enum e7_attr attr, u64 value);
int enl_put_flag(struct sk_buff *skb, unsigned int flag);

#endif /* E7_ENL_H */
