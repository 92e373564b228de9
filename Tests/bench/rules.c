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
#include <stdio.h>
#include <time.h>

#include "../../kmod/rule_index.h"
#include "../../kmod/rule_set.h"
#include "linux/shim.h"

enum { LOOKUPS = 20000, PATH_ROOM = 64 };

static u64 state = 7;

/* SplitMix64. */
static u64 draw(void)
{
	u64 z = state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static unsigned int below(unsigned int limit)
{
	return draw() % limit;
}

static long long nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* A program of so many; every eighth rule is about a folder, as many about any. */
static void draw_path(char *path, unsigned int programs)
{
	unsigned int program = below(programs);

	snprintf(path, PATH_ROOM, "/usr/lib/suite-%u/bin/program-%u", program / 16, program);
}

static void draw_remote(u8 *remote, u8 family)
{
	unsigned int i;

	memset(remote, 0, 16);
	for (i = 0; i < (family == 4 ? 4 : 16); i++)
		remote[i] = i ? draw() : family == 4 ? 10 + below(4) : 0xfd;
}

static void draw_rule(struct rule_match *match, char *path, unsigned int programs)
{
	static const u16 prots[] = { 6, 17, E7_PROT_ANY };
	unsigned int shape = below(8), bit;
	struct rule_key *key = &match->key;

	draw_path(path, programs);
	if (shape == 0)
		*path = '\0';
	if (shape == 1)
		strcpy(strrchr(path, '/'), "/");
	rule_match_init(match, path, strlen(path));
	key->prot = prots[below(3)];
	if (below(2)) {
		key->direction = 1 + below(2);
		key->family = below(2) ? 4 : 6;
		key->prefix = key->family == 4 ? 8 + below(25) : 16 + below(113);
		draw_remote(key->remote, key->family);
		for (bit = key->prefix; bit < 128; bit++)
			key->remote[bit / 8] &= ~(0x80 >> bit % 8);
	}
	if (below(2)) {
		key->port_first = below(60000);
		key->port_last = key->port_first + (below(2) ? 0 : below(5000));
	}
	if (!below(4))
		key->uid = 1000 + below(100);
	key->quick = !below(64);
}

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
