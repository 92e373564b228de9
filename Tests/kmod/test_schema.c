// SPDX-License-Identifier: GPL-2.0-only
/* defs.x: numbers and words are each used once, presets and synonyms exist. */
#include <string.h>

#include "../../kmod/uapi/tables.h"
#include "check.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

void test_schema(void)
{
	const struct e7_word *a, *b;
	size_t i, j;

	for (i = 0; i < COUNT(e7_words); i++) {
		a = &e7_words[i];
		CHECK(a->doc || e7_word_row(a->list, a->number) != a,
		      "%s is a synonym of nothing", a->word);
		for (j = i + 1; j < COUNT(e7_words); j++) {
			b = &e7_words[j];
			CHECK(a->list != b->list || strcmp(a->word, b->word),
			      "%s twice", a->word);
			CHECK(a->list != b->list || a->number != b->number ||
			      !b->doc, "%s and %s", a->word, b->word);
		}
	}
	for (i = 0; i < COUNT(e7_flags); i++) {
		CHECK(e7_flags[i].kind == E7_KIND_COUNTER ||
		      (e7_flags[i].kind == E7_KIND_NUMBER ?
		       e7_flags[i].preset >= e7_flags[i].least &&
		       e7_flags[i].preset <= e7_flags[i].most :
		       !!e7_word_row(e7_flags[i].kind, e7_flags[i].preset)),
		      "preset of %s", e7_flags[i].alias);
		for (j = i + 1; j < COUNT(e7_flags); j++)
			CHECK(e7_flags[i].number != e7_flags[j].number &&
			      strcmp(e7_flags[i].alias, e7_flags[j].alias),
			      "%s", e7_flags[i].alias);
	}
	CHECK(!e7_flag_row(0) && !e7_flag_row(65535));
	CHECK(!e7_word_row(E7_LIST_ACTION, 0));
}
