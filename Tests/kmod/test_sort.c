// SPDX-License-Identifier: GPL-2.0-only
/* Many rules: their order, and ports that are cut where many ranges end. */
#include <stdlib.h>
#include <string.h>

#include "../../kmod/rule_index.h"
#include "../../kmod/rule_sort.h"
#include "check.h"
#include "linux/shim.h"

static int compare(const struct rule *a, const struct rule *b)
{
	return (int)a->length - (int)b->length;
}

static void sort_some(unsigned int count, unsigned int kinds)
{
	struct rule *rules = calloc(count + 1, sizeof(*rules));
	struct rule **order = calloc(count + 1, sizeof(*order));
	struct rule **room = calloc(count + 1, sizeof(*room));
	unsigned int i;

	for (i = 0; i < count; i++) {
		rules[i].length = check_below(kinds);
		order[i] = &rules[i];
	}
	rule_sort(order, room, count, compare);
	CHECK(!order[count], "%u", count);
	/* What is equal stays in its order, so no rule is there twice. */
	for (i = 1; i < count; i++)
		CHECK(order[i - 1]->length < order[i]->length ||
		      (order[i - 1]->length == order[i]->length &&
		       order[i - 1] < order[i]), "%u of %u", i, count);
	free(rules);
	free(order);
	free(room);
}

void test_rule_sort(void)
{
	static const unsigned int counts[] = {
		0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 1023, 1024, 1025, 2047,
		2049, 20000,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		sort_some(counts[i], 1);
		sort_some(counts[i], 10);
		sort_some(counts[i], 60000);
	}
}

/* Ranges of one group: of a port the narrowest around it decides. */
static void cut_ports(unsigned int count)
{
	struct rule_set *set = rule_set_new(count);
	struct rule_match match;
	struct rule_index *index;
	struct rule_flow flow = {
		.class = E7_CLASS_HOST, .prot = E7_PROT_TCP, .family = 4,
		.direction = E7_DIRECTION_OUT, .uid = RULE_NO_USER,
		.has_port = true };
	u32 *width = malloc(65536 * sizeof(*width)), port, last;
	struct rule *rule;
	unsigned int i;

	memset(width, 0xff, 65536 * sizeof(*width));
	rule_match_init(&match, "", 0);
	match.key.prot = E7_PROT_TCP;
	for (i = 0; set->count < count; i++) {
		match.key.port_first = check_below(65536);
		last = match.key.port_first + check_below(i % 2 ? 2 : 500);
		match.key.port_last = min(65535u, last);
		rule_set_put(set, &match, &(struct rule_terms) {
			.action = E7_ACTION_BLOCK, .comment = "" }, i + 1);
		for (port = match.key.port_first; port <= match.key.port_last;
		     port++)
			width[port] = min(width[port], rule_width(&match.key));
	}
	index = rule_index_new(set);
	for (port = 0; port < 65536; port++) {
		flow.port = port;
		rule = rule_index_decide(index, &flow).rule;
		CHECK(rule ? rule_width(&rule->key) == width[port] :
			     width[port] == ~0u, "port %u of %u rules", port,
		      count);
	}
	rule_index_free(index);
	rule_set_free(set);
	free(width);
}

void test_rule_ports(void)
{
	/* Two bounds each: below, at and above what is sorted as it stands. */
	cut_ports(511);
	cut_ports(512);
	cut_ports(513);
	cut_ports(20000);
	CHECK(!shim_live, "%ld left", shim_live);
}
