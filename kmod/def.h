/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_DEF_H
#define E7_DEF_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "uapi/e7.h"

struct nla_policy;

/* Numbers of flags that are set are below this; the others are counted. */
#define DEF_FLAGS 32

#define DEF_ATTR_MAX E7_ATTR_LISTEN

extern u32 def_values[DEF_FLAGS];
extern const struct nla_policy def_policy[DEF_ATTR_MAX + 1];

/* The value of a flag that is set, in any context. */
static inline u32 def_flag(enum e7_flag flag)
{
	return READ_ONCE(def_values[flag]);
}

bool def_exists(unsigned int flag);
bool def_is_set(unsigned int flag);
const char *def_check(unsigned int flag, u64 value);
void def_store(unsigned int flag, u64 value);
u64 def_takes(unsigned int cmd);
int def_next(unsigned int index);
const char *def_word(enum e7_list list, unsigned int number);

#endif /* E7_DEF_H */
