/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The rows of defs.x as tables, for the one C file a side that looks names up:
 * kmod/def.c and Sources/CE7Schema/schema.c.
 */
#ifndef E7_TABLES_H
#define E7_TABLES_H

#ifdef __KERNEL__
#include <linux/stddef.h>
#else
#include <stddef.h>
#endif

#include "e7.h"

/*
 * What rows point to.  Who defines E7_NAMES_ALONE has the names in the rows, and no
 * docs: in a program that is loaded anywhere a pointer costs three times itself.
 */
#ifdef E7_NAMES_ALONE
#define E7_NAME(name) char name[24]
#define E7_DOC(...)
#else
#define E7_NAME(name) const char *name
#define E7_DOC(...) __VA_ARGS__
#endif

/* One name of one number; a synonym has no doc and follows the name proper. */
struct e7_word {
	unsigned short list;	/* enum e7_list */
	unsigned short number;
	E7_NAME(word);
	E7_DOC(const char *doc;)
};

struct e7_flag_row {
	unsigned short number;
	unsigned short kind;	/* enum e7_kind */
	unsigned short preset;
	unsigned short least;	/* of kind NUMBER, as most */
	unsigned short most;
	E7_NAME(alias);
	E7_DOC(const char *doc;)
};

static const struct e7_word e7_words[] = {
#define E7_PROT(N, s, n, a, d) { E7_LIST_PROT, n, #a, E7_DOC(d) },
#define E7_MODE(N, s, n, a, d) { E7_LIST_MODE, n, #a, E7_DOC(d) },
#define E7_ACTION(N, s, n, a, d) { E7_LIST_ACTION, n, #a, E7_DOC(d) },
#define E7_VERDICT(N, s, n, a, d) { E7_LIST_VERDICT, n, #a, E7_DOC(d) },
#define E7_SWITCH(N, s, n, a, d) { E7_LIST_SWITCH, n, #a, E7_DOC(d) },
#define E7_SCOPE(N, s, n, a, d) { E7_LIST_SCOPE, n, #a, E7_DOC(d) },
#define E7_SYNONYM(K, N, a) { E7_LIST_##K, E7_##K##_##N, #a, E7_DOC(NULL) },
#define E7_DIRECTION(N, s, n, a, d) { E7_LIST_DIRECTION, n, #a, E7_DOC(d) },
#define E7_CLASS(N, s, n, a, d) { E7_LIST_CLASS, n, #a, E7_DOC(d) },
#define E7_STAT(N, s, n, a, d) { E7_LIST_STAT, n, #a, E7_DOC(d) },
#define E7_REASON(N, s, n, a, d) { E7_LIST_REASON, n, #a, E7_DOC(d) },
#define E7_EVENT(N, s, n, a, d) { E7_LIST_EVENT, n, #a, E7_DOC(d) },
#define E7_NOTICE(N, s, n, a, d) { E7_LIST_NOTICE, n, #a, E7_DOC(d) },
#define E7_ROLE(N, s, n, a, d) { E7_LIST_ROLE, n, #a, E7_DOC(d) },
#define E7_CMD(N, s, n, c, t, d) { E7_LIST_CMD, n, #N, E7_DOC(d) },
#define E7_MSG(N, s, n, d) { E7_LIST_CMD, n, #N, E7_DOC(d) },
#define E7_ATTR(N, s, n, t, l, d) { E7_LIST_ATTR, n, #N, E7_DOC(d) },
#define E7_MSG_ATTR(N, s, n, t, l, d) { E7_LIST_ATTR, n, #N, E7_DOC(d) },
#define E7_GROUP(N, s, n, a, c, d) { E7_LIST_GROUP, n, #a, E7_DOC(d) },
#include "defs.x"
};

static const struct e7_flag_row e7_flags[] = {
#define E7_FLAG(N, s, n, a, K, p, d) \
	{ n, E7_KIND_##K, E7_##K##_##p, 0, 0, #a, E7_DOC(d) },
#define E7_NUMBER(N, s, n, a, p, l, m, d) { n, E7_KIND_NUMBER, p, l, m, #a, E7_DOC(d) },
#define E7_COUNTER(N, s, n, a, d) { n, E7_KIND_COUNTER, 0, 0, 0, #a, E7_DOC(d) },
#include "defs.x"
};

static inline const struct e7_flag_row *e7_flag_row(unsigned int number)
{
	unsigned int i;

	for (i = 0; i < sizeof(e7_flags) / sizeof(e7_flags[0]); i++)
		if (e7_flags[i].number == number)
			return &e7_flags[i];
	return NULL;
}

/* The name proper of number in list, or null. */
static inline const struct e7_word *e7_word_row(unsigned int list,
						unsigned int number)
{
	unsigned int i;

	for (i = 0; i < sizeof(e7_words) / sizeof(e7_words[0]); i++)
		if (e7_words[i].list == list && e7_words[i].number == number)
			return &e7_words[i];
	return NULL;
}

#endif /* E7_TABLES_H */
