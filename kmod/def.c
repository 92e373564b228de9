// SPDX-License-Identifier: GPL-2.0-only
/*
 * def_: the schema inside the kernel.  Names, the values of the flags, module
 * parameters and netlink policies, all expanded from uapi/defs.x.
 *
 * Flags are single words, read anywhere and written by one writer at a time
 * (enl.c under its lock, module parameters before anything else runs).
 */
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <net/netlink.h>

#include "def.h"
#include "uapi/tables.h"

u32 def_values[DEF_FLAGS] = {
#define E7_FLAG(N, s, n, a, K, p, d) [n] = E7_##K##_##p,
#define E7_NUMBER(N, s, n, a, p, l, m, d) [n] = p,
#include "uapi/defs.x"
};

#define E7_FLAG(N, s, n, a, K, p, d) \
	static_assert((n) < DEF_FLAGS, "flag " #a);
#define E7_NUMBER(N, s, n, a, p, l, m, d) \
	static_assert((n) < DEF_FLAGS, "flag " #a); \
	static_assert((l) <= (p) && (p) <= (m), "preset of flag " #a);
#define E7_COUNTER(N, s, n, a, d) \
	static_assert((n) >= DEF_FLAGS, "counter " #a);
#include "uapi/defs.x"

#define POLICY_PAD(l) { .type = NLA_REJECT }
#define POLICY_U8(l) { .type = NLA_U8 }
#define POLICY_U16(l) { \
	.type = NLA_U16, \
	.validation_type = (l) ? NLA_VALIDATE_MAX : NLA_VALIDATE_NONE, \
	.max = (l) }
#define POLICY_U32(l) { .type = NLA_U32 }
#define POLICY_U64(l) { .type = NLA_U64 }
#define POLICY_STRING(l) { .type = NLA_NUL_STRING, .len = (l) }
#define POLICY_ADDR(l) { .type = NLA_BINARY, .len = (l) }
#define POLICY_FLAG(l) { .type = NLA_FLAG }

const struct nla_policy def_policy[DEF_ATTR_MAX + 1] = {
#define E7_ATTR(N, s, n, t, l, d) [n] = POLICY_##t(l),
#include "uapi/defs.x"
};

static const u64 def_takes_of[] = {
#define E7_A(N) BIT_ULL(E7_ATTR_##N)
#define E7_CMD(N, s, n, c, takes, d) [n] = takes,
#include "uapi/defs.x"
};

/* Bits of the attributes that a request of cmd may carry. */
u64 def_takes(unsigned int cmd)
{
	return cmd < ARRAY_SIZE(def_takes_of) ? def_takes_of[cmd] : 0;
}

/* The flag at index of the table, or -1 past its end. */
int def_next(unsigned int index)
{
	return index < ARRAY_SIZE(e7_flags) ? e7_flags[index].number : -1;
}

bool def_exists(unsigned int flag)
{
	return e7_flag_row(flag) != NULL;
}

/* Whether the flag is one that is set, not counted. */
bool def_is_set(unsigned int flag)
{
	return def_exists(flag) && flag < DEF_FLAGS;
}

/* In constant words, as extended acknowledgements want them. */
static const char *def_range_of(unsigned int flag)
{
	switch (flag) {
#define E7_NUMBER(N, s, n, a, p, l, m, d) \
	case n: \
		return "expected a number from " #l " to " #m;
#include "uapi/defs.x"
	default:
		return NULL;
	}
}

/* Why the flag does not take value, or null where it does. */
const char *def_check(unsigned int flag, u64 value)
{
	const struct e7_flag_row *row = e7_flag_row(flag);

	if (!row)
		return "no such flag";
	if (row->kind == E7_KIND_NUMBER) {
		if (value >= row->least && value <= row->most)
			return NULL;
	} else if (value <= U16_MAX && e7_word_row(row->kind, value)) {
		return NULL;
	}

	switch (row->kind) {
	case E7_KIND_MODE:
		return "expected disabled (0), enabled (1) or block (2)";
	case E7_KIND_ACTION:
		return "expected allow (1), block (2), reject (3) or ask (4)";
	case E7_KIND_VERDICT:
		return "expected allow (1) or block (2)";
	case E7_KIND_SWITCH:
		return "expected disabled (0) or enabled (1)";
	case E7_KIND_SCOPE:
		return "expected filter (0) or allow (1)";
	case E7_KIND_NUMBER:
		return def_range_of(flag);
	default:
		return "this flag is only read";
	}
}

/* Stores a value that def_check() has passed. */
void def_store(unsigned int flag, u64 value)
{
	WRITE_ONCE(def_values[flag], value);
}

const char *def_word(enum e7_list list, unsigned int number)
{
	const struct e7_word *row = e7_word_row(list, number);

	return row ? row->word : "?";
}

/* Each flag that is set is also a module parameter, by alias or number. */

static int def_param_set(const char *text, const struct kernel_param *kp)
{
	const struct e7_flag_row *row = e7_flag_row(*(const u16 *)kp->arg);
	const char *why;
	unsigned int i;
	u64 value;

	for (i = 0; i < ARRAY_SIZE(e7_words); i++)
		if (e7_words[i].list == row->kind &&
		    sysfs_streq(text, e7_words[i].word)) {
			def_store(row->number, e7_words[i].number);
			return 0;
		}

	why = kstrtou64(text, 0, &value) ? def_check(row->number, U64_MAX) :
					   def_check(row->number, value);
	if (why) {
		pr_err("e7: parameter %s=%.64s: %s\n", row->alias, text, why);
		return -EINVAL;
	}
	def_store(row->number, value);
	return 0;
}

static int def_param_get(char *buffer, const struct kernel_param *kp)
{
	const struct e7_flag_row *row = e7_flag_row(*(const u16 *)kp->arg);

	if (row->kind == E7_KIND_NUMBER)
		return sysfs_emit(buffer, "%u\n", def_values[row->number]);
	return sysfs_emit(buffer, "%s\n",
			  def_word(row->kind, def_values[row->number]));
}

static const struct kernel_param_ops def_param_ops = {
	.set = def_param_set,
	.get = def_param_get,
};

#define DEF_PARAM(s, n, a, d) \
	static u16 def_param_##s = (n); \
	module_param_cb(a, &def_param_ops, &def_param_##s, 0444); \
	MODULE_PARM_DESC(a, d);
#define E7_FLAG(N, s, n, a, K, p, d) DEF_PARAM(s, n, a, d)
#define E7_NUMBER(N, s, n, a, p, l, m, d) DEF_PARAM(s, n, a, d)
#include "uapi/defs.x"
