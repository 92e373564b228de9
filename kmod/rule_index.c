// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule_index_: which rule of a set decides about a flow.
 *
 * Made once a set (rule_index_make.c) and never changed.  A look-up goes down
 * the fields in the order in which they decide, most specific first, and the
 * first rule that it meets has won:
 *
 *	program	what a rule says of the program: a hash table, probed for the
 *		path and for each folder above it
 *	part	the program's rules for one user, or for all; quick or not:
 *		sorted
 *	cell	the part's rules for one remote network, or for all: found by
 *		its addresses, which are cut into spans; from a cell the way
 *		leads to the network around it
 *	group	the cell's rules for one protocol and direction, whose ports
 *		are cut into ranges that one rule each decides
 *
 * Where few rules are left they are compared one after the other instead.  So
 * a look-up costs a few binary searches, whatever the number of rules; what it
 * grows with is how deep folders and networks of rules lie within each other.
 *
 * Like rule_set.c it is compiled on the host too, for the tests.
 */
#include <linux/kernel.h>

#include "rule_index_rows.h"

static bool is_in_network(const struct rule_key *key,
			  const struct rule_flow *flow)
{
	const struct index_address network = address_of(key->remote);
	const struct index_address remote = address_of(flow->remote);
	const struct index_address host = host_bits(key->prefix);

	return key->family == flow->family &&
	       !((network.high ^ remote.high) & ~host.high) &&
	       !((network.low ^ remote.low) & ~host.low);
}

/* Whether a rule of the flow's program and user matches. */
static bool matches(const struct rule_key *key, const struct rule_flow *flow)
{
	if (key->prot != E7_PROT_ANY && key->prot != flow->prot)
		return false;
	if (key->direction && key->direction != flow->direction)
		return false;
	if (has_ports(key) && (!flow->has_port ||
			       flow->port < key->port_first ||
			       flow->port > key->port_last))
		return false;
	return !key->family || is_in_network(key, flow);
}

/* Rules that have been sorted so that the first which matches decides. */
static struct rule *first_match(const struct rule_index *index, u32 first,
				u32 count, const struct rule_flow *flow)
{
	u32 i;

	for (i = first; i < first + count; i++)
		if (matches(&index->rules[i]->key, flow))
			return index->rules[i];
	return NULL;
}

static struct rule *group_match(const struct rule_index *index,
				const struct index_group *group,
				const struct rule_flow *flow)
{
	u32 low = 0, high = group->ranges, middle, rule = INDEX_NONE;

	while (flow->has_port && low < high) {
		middle = (low + high) / 2;
		if (ROW(index, ranges, index_range,
			group->range + middle)->first <= flow->port)
			low = middle + 1;
		else
			high = middle;
	}
	if (low)
		rule = ROW(index, ranges, index_range,
			   group->range + low - 1)->rule;
	if (rule == INDEX_NONE)
		rule = group->whole;
	return rule == INDEX_NONE ? NULL : index->rules[rule];
}

static const struct index_group *group_of(const struct rule_index *index,
					  const struct index_cell *cell,
					  u16 prot, u8 direction)
{
	const struct rule_key wanted = { .prot = prot, .direction = direction };
	u32 low = 0, high = cell->groups, middle;
	const struct index_group *group;
	int order;

	while (low < high) {
		middle = (low + high) / 2;
		group = ROW(index, groups, index_group, cell->group + middle);
		order = compare_groups(&wanted, &(struct rule_key) {
			.prot = group->prot, .direction = group->direction });
		if (!order)
			return group;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static struct rule *cell_match(const struct rule_index *index,
			       const struct index_cell *cell,
			       const struct rule_flow *flow)
{
	/* Of ranges as narrow, the protocol decides before the direction. */
	const struct {
		u16 prot;
		u8 direction;
	} ways[] = {
		{ flow->prot, flow->direction },
		{ flow->prot, RULE_NO_DIRECTION },
		{ E7_PROT_ANY, flow->direction },
		{ E7_PROT_ANY, RULE_NO_DIRECTION },
	};
	struct rule *best = NULL, *rule;
	const struct index_group *group;
	unsigned int i;

	if (!cell->groups)
		return first_match(index, cell->first, cell->count, flow);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		group = group_of(index, cell, ways[i].prot, ways[i].direction);
		rule = group ? group_match(index, group, flow) : NULL;
		if (rule && (!best || rule_width(&rule->key) <
				      rule_width(&best->key)))
			best = rule;
	}
	return best;
}

/* The smallest network of these that the flow's remote end is in. */
static u32 cell_of(const struct rule_index *index,
		   const struct index_nets *nets, const struct rule_flow *flow)
{
	const struct index_address remote = address_of(flow->remote);
	unsigned int family = flow->family == 6;
	u32 low = 0, high = nets->spans[family], middle;
	const struct index_span *span;

	while (low < high) {
		middle = (low + high) / 2;
		span = ROW(index, spans, index_span,
			   nets->span[family] + middle);
		if (span->high < remote.high ||
		    (span->high == remote.high && span->low <= remote.low))
			low = middle + 1;
		else
			high = middle;
	}
	return low ? ROW(index, spans, index_span,
			 nets->span[family] + low - 1)->cell : INDEX_NONE;
}

static struct rule *part_match(const struct rule_index *index,
			       const struct index_part *part,
			       const struct rule_flow *flow)
{
	const struct index_nets *nets;
	const struct index_cell *cell;
	struct rule *rule;
	u32 next;

	if (part->nets == INDEX_NONE)
		return first_match(index, part->first, part->count, flow);
	nets = ROW(index, nets, index_nets, part->nets);
	next = cell_of(index, nets, flow);
	if (next == INDEX_NONE)
		next = nets->rest;
	while (next != INDEX_NONE) {
		cell = ROW(index, cells, index_cell, next);
		rule = cell_match(index, cell, flow);
		if (rule)
			return rule;
		next = cell->around;
	}
	return NULL;
}

static struct rule *user_match(const struct rule_index *index,
			       const struct index_program *program, bool quick,
			       u32 uid, const struct rule_flow *flow)
{
	u64 key = part_key(quick, uid);
	u32 low = 0, high = program->parts, middle;
	const struct index_part *part;

	while (low < high) {
		middle = (low + high) / 2;
		part = ROW(index, parts, index_part, program->part + middle);
		if (part->key == key)
			return part_match(index, part, flow);
		if (part->key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static struct rule *program_match(const struct rule_index *index,
				  const struct index_program *program,
				  bool quick, const struct rule_flow *flow)
{
	struct rule *rule = NULL;

	if (program->depends & RULE_ON_USER && flow->uid != RULE_NO_USER)
		rule = user_match(index, program, quick, flow->uid, flow);
	return rule ?: user_match(index, program, quick, RULE_NO_USER, flow);
}

/* The slot of a program, of whose path `hash` is the hash, or a free one. */
struct index_slot *rule_index_slot(const struct rule_index *index, u32 hash,
				   enum rule_form form, u8 class,
				   const char *path, unsigned int length)
{
	const struct rule *sample;
	struct index_slot *slot;
	u32 i;

	hash = hash_finish(hash, form, class);
	for (i = hash & index->mask;; i = (i + 1) & index->mask) {
		slot = &index->slots[i];
		if (slot->program == INDEX_NONE)
			break;
		if (slot->hash != hash)
			continue;
		sample = ROW(index, programs, index_program,
			     slot->program)->sample;
		if (sample->key.form == form && sample->key.class == class &&
		    sample->length == length &&
		    (!length || !memcmp(sample->path, path, length)))
			break;
	}
	return slot;
}

/* The best so far; programs are looked at from the least specific on. */
struct index_best {
	struct rule *quick;
	struct rule *other;
	u8 depends;
};

static void consider(const struct rule_index *index, struct index_best *best,
		     const struct rule_flow *flow, u32 hash,
		     enum rule_form form, u8 class, unsigned int length)
{
	const struct index_slot *slot = rule_index_slot(index, hash, form,
							class, flow->path,
							length);
	const struct index_program *program;
	struct rule *rule;

	if (slot->program == INDEX_NONE)
		return;
	program = ROW(index, programs, index_program, slot->program);
	best->depends |= program->depends;
	if (program->quick) {
		rule = program_match(index, program, true, flow);
		best->quick = rule ?: best->quick;
	}
	rule = program_match(index, program, false, flow);
	best->other = rule ?: best->other;
}

static void consider_paths(const struct rule_index *index,
			   struct index_best *best,
			   const struct rule_flow *flow)
{
	u8 class = flow->class == E7_CLASS_HOST ? RULE_NO_CLASS : flow->class;
	u32 hash = FNV_BASIS;
	unsigned int i;

	for (i = 0; i < flow->length; i++) {
		hash = (hash ^ (u8)flow->path[i]) * FNV_PRIME;
		if (flow->path[i] == '/' && i < index->longest_folder)
			consider(index, best, flow, hash, RULE_FOLDER, class,
				 i + 1);
	}
	if (index->forms & BIT(RULE_EXACT))
		consider(index, best, flow, hash, RULE_EXACT, class,
			 flow->length);
}

/* Which rule decides about the flow.  In any context. */
struct rule_decision rule_index_decide(const struct rule_index *index,
				       const struct rule_flow *flow)
{
	struct index_best best = { 0 };

	if (index->forms & BIT(RULE_ANY_PROGRAM))
		consider(index, &best, flow, FNV_BASIS, RULE_ANY_PROGRAM,
			 RULE_NO_CLASS, 0);
	if (index->forms & BIT(RULE_CLASS))
		consider(index, &best, flow, FNV_BASIS, RULE_CLASS,
			 flow->class, 0);
	if (flow->path && index->forms & (BIT(RULE_FOLDER) | BIT(RULE_EXACT)))
		consider_paths(index, &best, flow);
	return (struct rule_decision) { best.quick ?: best.other,
					best.depends };
}

static bool is_of_program(const struct rule *rule, const struct rule_flow *flow)
{
	const struct rule_key *key = &rule->key;
	u8 class = flow->class == E7_CLASS_HOST ? RULE_NO_CLASS : flow->class;

	switch (key->form) {
	case RULE_ANY_PROGRAM:
		return true;
	case RULE_CLASS:
		return key->class == flow->class;
	case RULE_FOLDER:
		return flow->path && key->class == class &&
		       rule->length < flow->length &&
		       !memcmp(rule->path, flow->path, rule->length);
	default:
		return flow->path && key->class == class &&
		       rule->length == flow->length &&
		       !memcmp(rule->path, flow->path, rule->length);
	}
}

/* Whether a rule matches, whichever decides; for people's questions. */
bool rule_matches(const struct rule *rule, const struct rule_flow *flow)
{
	const struct rule_key *key = &rule->key;

	return (key->uid == RULE_NO_USER || key->uid == flow->uid) &&
	       matches(key, flow) && is_of_program(rule, flow);
}
