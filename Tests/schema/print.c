// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the schema as this compiler sees it.  tools/test-schema compares what
 * two compilers print: their enums differ in size, their numbers may not.
 */
#include <stdio.h>

#include "tables.h"

static void print_words(void)
{
	for (size_t i = 0; i < sizeof(e7_words) / sizeof(e7_words[0]); i++) {
		const struct e7_word *row = &e7_words[i];

		printf("word %u %u %s %s\n", row->list, row->number, row->word,
		       row->doc ? row->doc : "(synonym)");
	}
}

static void print_flags(void)
{
	for (size_t i = 0; i < sizeof(e7_flags) / sizeof(e7_flags[0]); i++) {
		const struct e7_flag_row *row = &e7_flags[i];

		printf("flag %u %u %u %s %s\n", row->number, row->kind, row->preset,
		       row->alias, row->doc);
	}
}

static void print_limits(void)
{
#define E7_LIMIT(N, s, n, d) printf("limit %s %ld %s\n", #s, (long)E7_LIMIT_##N, d);
#include "defs.x"
}

int main(void)
{
	printf("family %s %d\n", E7_GENL_NAME, E7_GENL_VERSION);
	print_words();
	print_flags();
	print_limits();
	return 0;
}
