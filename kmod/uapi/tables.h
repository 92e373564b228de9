/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The rows of defs.x as tables, for the one C file a side that looks names up:
 * kmod/def.c and Sources/CE7Words/words.c.
 */
#ifndef E7_TABLES_H
#define E7_TABLES_H

#ifdef __KERNEL__
#include <linux/stddef.h>
#else
#include <stddef.h>
#endif

#include "e7.h"

/* One name of one number; a synonym has no doc and follows the name proper. */
struct e7_word {
	unsigned short list;	/* enum e7_list */
	unsigned short number;
	const char *word;
	const char *doc;
};

struct e7_flag_row {
	unsigned short number;
	unsigned short kind;	/* enum e7_kind */
	unsigned short preset;
	unsigned short least;	/* of kind NUMBER, as most */
	unsigned short most;
	const char *alias;
	const char *doc;
};

static const struct e7_word e7_words[] = {
#define E7_WORD(L, n, w, d) { E7_LIST_##L, n, w, d },
#include "words.x"
};

static const struct e7_flag_row e7_flags[] = {
#define E7_FLAG(N, s, n, a, K, p, d) \
	{ n, E7_KIND_##K, E7_##K##_##p, 0, 0, #a, d },
#define E7_NUMBER(N, s, n, a, p, l, m, d) { n, E7_KIND_NUMBER, p, l, m, #a, d },
#define E7_COUNTER(N, s, n, a, d) { n, E7_KIND_COUNTER, 0, 0, 0, #a, d },
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
