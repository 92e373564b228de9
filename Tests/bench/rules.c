// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's classifier, compiled for user space: rules of mixed shapes, and
 * random flows of the programs that they name.  Prints for each number of rules
 *
 *	RULES LOOKUP MAKE BYTES
 *
 * the nanoseconds of a look-up, those a rule of making the index, and the bytes
 * a rule that set and index take beyond the rules' paths.  Under `tools/vm
 * --icount` a nanosecond is an instruction.
 *
 *	rules RULES...
 */
#include "../../kmod/rule_index.h"
#include "shape.h"

enum { LOOKUPS = 20000 };

static void draw_flow(struct rule_flow *flow, char *path, unsigned int programs)
{
	draw_path(path, programs);
	*flow = (struct rule_flow) {
		.path = path,
		.length = strlen(path),
		.class = E7_CLASS_HOST,
		.prot = below(2) ? 6 : 17,
		.prot_known = true,
		.direction = 1 + below(2),
		.family = below(2) ? 4 : 6,
		.uid = 1000 + below(100),
		.has_port = true,
		.port = below(65536),
	};
	draw_remote(flow->remote, flow->family);
}

static void measure(unsigned int rules)
{
	static struct rule_flow flows[LOOKUPS];
	static char paths[LOOKUPS][PATH_ROOM];
	const struct rule_terms terms = { .action = E7_ACTION_BLOCK, .comment = "" };
	const unsigned int programs = rules / 4 + 1;
	struct rule_set *set = rule_set_new(rules);
	struct rule_index *index;
	struct rule_match match;
	char path[PATH_ROOM];
	long long made, looked;
	unsigned int i, hits = 0;

	for (i = 0; set->count < rules; i++) {
		draw_rule(&match, path, programs);
		rule_set_put(set, &match, &terms, i);
	}
	made = -nanoseconds();
	index = rule_index_new(set);
	made += nanoseconds();
	for (i = 0; i < LOOKUPS; i++)
		draw_flow(&flows[i], paths[i], programs);
	looked = -nanoseconds();
	for (i = 0; i < LOOKUPS; i++)
		hits += !!rule_index_decide(index, &flows[i]).rule;
	looked += nanoseconds();
	fprintf(stderr, "%u rules: %u of %u flows had one\n", rules, hits, LOOKUPS);
	printf("%u %lld %lld %zu\n", rules, looked / LOOKUPS, made / rules,
	       sizeof(struct rule) + (rule_index_bytes(index) +
				      (set->mask + 1) * sizeof(set->slots[0])) / rules);
	rule_index_free(index);
	rule_set_free(set);
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		measure(strtoul(argv[i], NULL, 10));
	return 0;
}
