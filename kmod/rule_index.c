// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule_index_: which rule of a set decides about a flow.
 *
 * Made once a set and never changed.  A look-up goes down the fields in the
 * order in which they decide, most specific first, and the first rule that it
 * meets has won:
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
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <asm/byteorder.h>

#include "rule_index.h"

/* Rules that are compared one after the other. */
#define INDEX_FEW 8
#define INDEX_NONE U32_MAX
#define INDEX_DEEPEST 129	/* networks within each other, 0 to 128 bits */

/* FNV-1a, which can be read off at each slash on the way through a path. */
#define FNV_BASIS 0x811c9dc5u
#define FNV_PRIME 0x01000193u

struct index_slot {
	u32 hash;
	u32 program;	/* or INDEX_NONE */
};

struct index_program {
	const struct rule *sample;	/* has the class, form and path */
	u32 part;
	u32 parts;
	u8 depends;	/* RULE_ON_... */
	bool quick;	/* whether some of its rules are */
};

struct index_part {
	u64 key;	/* see part_key() */
	u32 first;	/* of its rules */
	u32 count;
	u32 nets;	/* or INDEX_NONE where it has few rules */
};

/* By address family, a part's networks; and its rules about all remote ends. */
struct index_nets {
	u32 span[2];
	u32 spans[2];
	u32 rest;	/* cell, or INDEX_NONE */
};

/* Addresses from this one to the next span's. */
struct index_span {
	u64 high;	/* of an address of IPv4 its upper half */
	u64 low;
	u32 cell;	/* the smallest network around them, or INDEX_NONE */
};

struct index_cell {
	u32 first;	/* of its rules */
	u32 count;
	u32 around;	/* cell of the next larger network, or INDEX_NONE */
	u32 group;
	u32 groups;	/* 0 where it has few rules */
};

struct index_group {
	u16 prot;
	u8 direction;
	u32 whole;	/* the rule that names no port, or INDEX_NONE */
	u32 range;
	u32 ranges;
};

/* Ports from this one to the next range's. */
struct index_range {
	u16 first;
	u32 rule;	/* or INDEX_NONE */
};

/* An array that is filled once. */
struct index_array {
	void *rows;
	u32 count;
	u32 room;
	size_t size;	/* of a row */
};

struct rule_index {
	struct rule **rules;
	u32 count;
	u32 mask;	/* of slots */
	struct index_slot *slots;
	struct index_array programs, parts, nets, spans, cells, groups, ranges;
	unsigned int forms;	/* bits of enum rule_form */
	unsigned int longest_folder;
};

#define ROW(index, table, type, number) \
	(&((struct type *)(index)->table.rows)[number])

/* ---- what is compared ---- */

struct index_address {
	u64 high;
	u64 low;
};

static struct index_address address_of(const u8 *bytes)
{
	__be64 halves[2];

	memcpy(halves, bytes, sizeof(halves));
	return (struct index_address) { be64_to_cpu(halves[0]),
					be64_to_cpu(halves[1]) };
}

static int compare_addresses(struct index_address a, struct index_address b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	if (a.low != b.low)
		return a.low < b.low ? -1 : 1;
	return 0;
}

/* All bits set behind a prefix. */
static struct index_address host_bits(unsigned int prefix)
{
	return (struct index_address) {
		prefix >= 64 ? 0 : ~0ull >> prefix,
		prefix >= 128 ? 0 : prefix <= 64 ? ~0ull :
						   ~0ull >> (prefix - 64) };
}

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

static bool has_ports(const struct rule_key *key)
{
	return key->port_first <= key->port_last;
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

/* Quick before not, each user before all users. */
static u64 part_key(bool quick, u32 uid)
{
	return (u64)!quick << 32 | uid;
}

/* What decides among rules of one program, user and network. */
static int compare_ports(const struct rule *a, const struct rule *b)
{
	u32 wide = rule_width(&a->key), other = rule_width(&b->key);
	bool any = a->key.prot == E7_PROT_ANY;

	if (wide != other)
		return wide < other ? -1 : 1;
	if (any != (b->key.prot == E7_PROT_ANY))
		return any ? 1 : -1;
	if (!a->key.direction != !b->key.direction)
		return a->key.direction ? -1 : 1;
	if (a->action != b->action)
		return rule_action_rank(a->action) -
		       rule_action_rank(b->action);
	/* The same is done either way, but always by the same rule. */
	return (int)a->key.port_first - (int)b->key.port_first;
}

/* Rules of one program: by part, and in each the first that matches decides. */
static int compare_in_program(const void *left, const void *right)
{
	const struct rule *a = *(const struct rule *const *)left;
	const struct rule *b = *(const struct rule *const *)right;
	u64 part = part_key(a->key.quick, a->key.uid);
	u64 other = part_key(b->key.quick, b->key.uid);

	if (part != other)
		return part < other ? -1 : 1;
	if (!a->key.family != !b->key.family)
		return a->key.family ? -1 : 1;
	if (a->key.prefix != b->key.prefix)
		return (int)b->key.prefix - (int)a->key.prefix;
	return compare_ports(a, b);
}

/* Rules of one part: by network, a larger one before those that lie in it. */
static int compare_in_part(const void *left, const void *right)
{
	const struct rule *a = *(const struct rule *const *)left;
	const struct rule *b = *(const struct rule *const *)right;
	int order;

	if (a->key.family != b->key.family)
		return (int)a->key.family - (int)b->key.family;
	order = memcmp(a->key.remote, b->key.remote, sizeof(a->key.remote));
	if (!order)
		order = (int)a->key.prefix - (int)b->key.prefix;
	return order ?: compare_ports(a, b);
}

static int compare_groups(const struct rule_key *a, const struct rule_key *b)
{
	if (a->prot != b->prot)
		return (int)a->prot - (int)b->prot;
	return (int)a->direction - (int)b->direction;
}

/* Rules of one cell: by group, the narrower range before the wider. */
static int compare_in_cell(const void *left, const void *right)
{
	const struct rule *a = *(const struct rule *const *)left;
	const struct rule *b = *(const struct rule *const *)right;

	return compare_groups(&a->key, &b->key) ?: compare_ports(a, b);
}

/* ---- looking up ---- */

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

static u32 hash_finish(u32 hash, enum rule_form form, u8 class)
{
	hash = (hash ^ (class << 8 | form)) * 0x85ebca6bu;
	return hash ^ hash >> 15;
}

/* The slot of a program, of whose path `hash` is the hash, or a free one. */
static struct index_slot *slot_of(const struct rule_index *index, u32 hash,
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
	const struct index_slot *slot = slot_of(index, hash, form, class,
						flow->path, length);
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

/* ---- making ---- */

static int array_init(struct index_array *array, size_t size, u32 room)
{
	*array = (struct index_array) { .size = size, .room = room };
	array->rows = kvmalloc_array(room + 1, size, GFP_KERNEL_ACCOUNT);
	return array->rows ? 0 : -ENOMEM;
}

/* A row behind the others, zeroed, for which there is room. */
static void *array_add(struct index_array *array)
{
	void *row = array->rows + array->count++ * array->size;

	WARN_ON(array->count > array->room);
	return memset(row, 0, array->size);
}

#define ADD(index, table, type, ...) ({ \
	struct type *added = array_add(&(index)->table); \
\
	*added = (struct type) { __VA_ARGS__ }; \
	added; \
})

static u8 depends_of(const struct rule_key *key)
{
	return (key->family ? RULE_ON_REMOTE : 0) |
	       (has_ports(key) ? RULE_ON_PORT : 0) |
	       (key->uid != RULE_NO_USER ? RULE_ON_USER : 0) |
	       (key->direction ? RULE_ON_DIRECTION : 0);
}

/* The number of the rule's program, which is new where it is the first. */
static u32 program_of(struct rule_index *index, const struct rule *rule)
{
	struct index_program *program;
	struct index_slot *slot;
	u32 hash = FNV_BASIS;
	unsigned int i;

	for (i = 0; i < rule->length; i++)
		hash = (hash ^ (u8)rule->path[i]) * FNV_PRIME;
	slot = slot_of(index, hash, rule->key.form, rule->key.class,
		       rule->path, rule->length);
	if (slot->program == INDEX_NONE) {
		slot->hash = hash_finish(hash, rule->key.form,
					 rule->key.class);
		slot->program = index->programs.count;
		ADD(index, programs, index_program, .sample = rule);
		index->forms |= BIT(rule->key.form);
		if (rule->key.form == RULE_FOLDER)
			index->longest_folder = max_t(unsigned int,
						      index->longest_folder,
						      rule->length);
	}
	program = ROW(index, programs, index_program, slot->program);
	program->depends |= depends_of(&rule->key);
	program->quick |= rule->key.quick;
	/* For now its rules. */
	program->parts++;
	return slot->program;
}

/* Puts the rules of each program together; program->part is the first. */
static int gather_programs(struct rule_index *index, const struct rule_set *set)
{
	struct index_program *program;
	u32 *of, i, n = 0, first = 0;

	of = kvmalloc_array(set->count + 1, sizeof(*of), GFP_KERNEL_ACCOUNT);
	if (!of)
		return -ENOMEM;
	for (i = 0; i <= set->mask; i++)
		if (set->slots[i])
			of[n++] = program_of(index, set->slots[i]);
	for (i = 0; i < index->programs.count; i++) {
		program = ROW(index, programs, index_program, i);
		program->part = first;
		first += program->parts;
		program->parts = 0;
	}
	for (i = 0, n = 0; i <= set->mask; i++) {
		if (!set->slots[i])
			continue;
		program = ROW(index, programs, index_program, of[n++]);
		index->rules[program->part + program->parts++] = set->slots[i];
	}
	kvfree(of);
	return 0;
}

static void sort_rules(struct rule_index *index, u32 first, u32 count,
		       int (*compare)(const void *, const void *))
{
	if (count > 1)
		sort(index->rules + first, count, sizeof(*index->rules),
		     compare, NULL);
}

static u64 part_of_rule(const struct rule *rule)
{
	return part_key(rule->key.quick, rule->key.uid);
}

static void make_parts(struct rule_index *index, struct index_program *program)
{
	u32 first = program->part, end = first + program->parts, next;

	sort_rules(index, first, program->parts, compare_in_program);
	program->part = index->parts.count;
	for (; first < end; first = next) {
		for (next = first + 1; next < end &&
		     part_of_rule(index->rules[next]) ==
		     part_of_rule(index->rules[first]);)
			next++;
		ADD(index, parts, index_part,
		    .key = part_of_rule(index->rules[first]), .first = first,
		    .count = next - first, .nets = INDEX_NONE);
	}
	program->parts = index->parts.count - program->part;
}

/* Cuts the addresses of one family at where the networks begin and end. */
struct index_cutter {
	struct rule_index *index;
	u32 first;	/* span */
	u32 rest;
	u32 depth;
	u32 open[INDEX_DEEPEST];	/* cells, each around the next */
	struct index_address ends[INDEX_DEEPEST];
};

static void cut(struct index_cutter *cutter, struct index_address at, u32 cell)
{
	struct rule_index *index = cutter->index;
	struct index_span *last;

	if (index->spans.count > cutter->first) {
		last = ROW(index, spans, index_span, index->spans.count - 1);
		if (last->high == at.high && last->low == at.low) {
			last->cell = cell;
			return;
		}
	}
	ADD(index, spans, index_span, .high = at.high, .low = at.low,
	    .cell = cell);
}

static u32 innermost(const struct index_cutter *cutter)
{
	return cutter->depth ? cutter->open[cutter->depth - 1] : INDEX_NONE;
}

/* Ends the networks that do not reach to this address; with null, all. */
static void close_before(struct index_cutter *cutter,
			 const struct index_address *at)
{
	struct index_address end;

	while (cutter->depth) {
		end = cutter->ends[cutter->depth - 1];
		if (at && compare_addresses(end, *at) >= 0)
			return;
		cutter->depth--;
		end.high += !++end.low;
		/* Behind the last address there is none. */
		if (end.high || end.low)
			cut(cutter, end, innermost(cutter));
	}
}

static void open_network(struct index_cutter *cutter,
			 const struct rule_key *key, u32 cell)
{
	const struct index_address host = host_bits(key->prefix);
	struct index_address at = address_of(key->remote);
	u32 around;

	close_before(cutter, &at);
	around = innermost(cutter);
	ROW(cutter->index, cells, index_cell, cell)->around =
		around == INDEX_NONE ? cutter->rest : around;
	cut(cutter, at, cell);
	at.high |= host.high;
	at.low |= host.low;
	cutter->open[cutter->depth] = cell;
	cutter->ends[cutter->depth++] = at;
}

static bool same_network(const struct rule_key *a, const struct rule_key *b)
{
	return a->family == b->family && a->prefix == b->prefix &&
	       !memcmp(a->remote, b->remote, sizeof(a->remote));
}

/* Makes the cells of a part with many rules, those without a network first. */
static void make_cells(struct rule_index *index, struct index_part *part,
		       struct index_cutter *cutter)
{
	u32 first = part->first, end = first + part->count, next, cell;
	struct index_nets nets = { .rest = INDEX_NONE };
	const struct rule_key *key;
	u8 family = 0;

	sort_rules(index, first, part->count, compare_in_part);
	*cutter = (struct index_cutter) { .index = index, .rest = INDEX_NONE };
	for (; first < end; first = next) {
		key = &index->rules[first]->key;
		for (next = first + 1; next < end &&
		     same_network(&index->rules[next]->key, key);)
			next++;
		cell = index->cells.count;
		ADD(index, cells, index_cell, .first = first,
		    .count = next - first, .around = INDEX_NONE);
		if (!key->family) {
			nets.rest = cutter->rest = cell;
			continue;
		}
		if (key->family != family) {
			close_before(cutter, NULL);
			family = key->family;
			cutter->first = index->spans.count;
			nets.span[family == 6] = index->spans.count;
		}
		open_network(cutter, key, cell);
		nets.spans[family == 6] = index->spans.count -
					  nets.span[family == 6];
		if (next == end ||
		    index->rules[next]->key.family != family) {
			close_before(cutter, NULL);
			nets.spans[family == 6] = index->spans.count -
						  nets.span[family == 6];
		}
	}
	part->nets = index->nets.count;
	*(struct index_nets *)array_add(&index->nets) = nets;
}

static int compare_bounds(const void *left, const void *right)
{
	return (int)*(const u32 *)left - (int)*(const u32 *)right;
}

/* Where ranges are cut, room for both ends of each; and what is decided yet. */
struct index_painter {
	u32 *bounds;
	u32 *next;	/* the first from here on that nothing decides yet */
};

static u32 unpainted(struct index_painter *painter, u32 at)
{
	u32 end = at, next;

	while (painter->next[end] != end)
		end = painter->next[end];
	for (; at != end; at = next) {
		next = painter->next[at];
		painter->next[at] = end;
	}
	return end;
}

/* The ports of a group's rules, the narrower of which stand before the wider. */
static void make_ranges(struct rule_index *index, struct index_group *group,
			u32 first, u32 count, struct index_painter *painter)
{
	u32 *bounds = painter->bounds, n = 0, cuts = 0, i, at;
	const struct rule_key *key;
	struct index_range *range;

	for (i = first; i < first + count; i++) {
		bounds[n++] = index->rules[i]->key.port_first;
		bounds[n++] = index->rules[i]->key.port_last + 1u;
	}
	if (n)
		sort(bounds, n, sizeof(*bounds), compare_bounds, NULL);
	for (i = 0; i < n; i++)
		if (bounds[i] <= U16_MAX &&
		    (!cuts || bounds[i] != bounds[cuts - 1]))
			bounds[cuts++] = bounds[i];
	group->range = index->ranges.count;
	group->ranges = cuts;
	for (i = 0; i < cuts; i++) {
		painter->next[i] = i;
		ADD(index, ranges, index_range, .first = bounds[i],
		    .rule = INDEX_NONE);
	}
	painter->next[cuts] = cuts;
	for (i = first; i < first + count; i++) {
		u32 low = 0, high = cuts;

		key = &index->rules[i]->key;
		while (low < high) {
			at = (low + high) / 2;
			if (bounds[at] < key->port_first)
				low = at + 1;
			else
				high = at;
		}
		for (at = unpainted(painter, low);
		     at < cuts && bounds[at] <= key->port_last;
		     at = unpainted(painter, at)) {
			range = ROW(index, ranges, index_range,
				    group->range + at);
			range->rule = i;
			painter->next[at] = at + 1;
		}
	}
}

static void make_groups(struct rule_index *index, struct index_cell *cell,
			struct index_painter *painter)
{
	u32 first = cell->first, end = first + cell->count, next, whole;
	struct index_group *group;
	const struct rule_key *key;

	sort_rules(index, first, cell->count, compare_in_cell);
	cell->group = index->groups.count;
	for (; first < end; first = next) {
		key = &index->rules[first]->key;
		for (next = first + 1; next < end &&
		     !compare_groups(&index->rules[next]->key, key);)
			next++;
		/* The widest is the last. */
		whole = has_ports(&index->rules[next - 1]->key) ? INDEX_NONE :
								  next - 1;
		group = ADD(index, groups, index_group, .prot = key->prot,
			     .direction = key->direction, .whole = whole);
		make_ranges(index, group, first,
			    next - first - (whole != INDEX_NONE), painter);
	}
	cell->groups = index->groups.count - cell->group;
}

/* Rules of all parts with many, and the most in one of them. */
static u32 count_many(const struct rule_index *index, u32 *most, u32 *parts)
{
	u32 i, sum = 0, count;

	for (i = 0; i < index->parts.count; i++) {
		count = ROW(index, parts, index_part, i)->count;
		if (count <= INDEX_FEW)
			continue;
		sum += count;
		*most = max(*most, count);
		++*parts;
	}
	return sum;
}

/* Below the parts: only where one has more than a few rules. */
static int make_below(struct rule_index *index)
{
	struct index_painter painter;
	struct index_cutter *cutter;
	struct index_part *part;
	struct index_cell *cell;
	u32 most = 0, parts = 0, i, sum = count_many(index, &most, &parts);
	int error;

	if (!sum)
		return 0;
	error = array_init(&index->nets, sizeof(struct index_nets), parts) ?:
		array_init(&index->spans, sizeof(struct index_span), 2 * sum) ?:
		array_init(&index->cells, sizeof(struct index_cell), sum) ?:
		array_init(&index->groups, sizeof(struct index_group), sum) ?:
		array_init(&index->ranges, sizeof(struct index_range), 2 * sum);
	if (error)
		return error;
	cutter = kvmalloc(sizeof(*cutter), GFP_KERNEL);
	painter.bounds = kvmalloc_array(2 * most + 1, sizeof(u32), GFP_KERNEL);
	painter.next = kvmalloc_array(2 * most + 1, sizeof(u32), GFP_KERNEL);
	if (!cutter || !painter.bounds || !painter.next)
		error = -ENOMEM;
	for (i = 0; !error && i < index->parts.count; i++) {
		part = ROW(index, parts, index_part, i);
		if (part->count > INDEX_FEW)
			make_cells(index, part, cutter);
	}
	for (i = 0; !error && i < index->cells.count; i++) {
		cell = ROW(index, cells, index_cell, i);
		if (cell->count > INDEX_FEW)
			make_groups(index, cell, &painter);
	}
	kvfree(cutter);
	kvfree(painter.bounds);
	kvfree(painter.next);
	return error;
}

static int make_index(struct rule_index *index, const struct rule_set *set)
{
	u32 slots = roundup_pow_of_two(2 * set->count + 2), i;
	int error;

	index->count = set->count;
	index->mask = slots - 1;
	index->rules = kvmalloc_array(set->count + 1, sizeof(*index->rules),
				      GFP_KERNEL_ACCOUNT);
	index->slots = kvmalloc_array(slots, sizeof(*index->slots),
				      GFP_KERNEL_ACCOUNT);
	if (!index->rules || !index->slots)
		return -ENOMEM;
	memset(index->slots, 0xff, slots * sizeof(*index->slots));
	error = array_init(&index->programs, sizeof(struct index_program),
			   set->count) ?:
		array_init(&index->parts, sizeof(struct index_part),
			   set->count) ?:
		gather_programs(index, set);
	if (error)
		return error;
	for (i = 0; i < index->programs.count; i++)
		make_parts(index, ROW(index, programs, index_program, i));
	return make_below(index);
}

/* The index of a set, which has to outlive it; null where memory ran out. */
struct rule_index *rule_index_new(const struct rule_set *set)
{
	struct rule_index *index = kvzalloc(sizeof(*index), GFP_KERNEL_ACCOUNT);

	if (index && make_index(index, set)) {
		rule_index_free(index);
		return NULL;
	}
	return index;
}

void rule_index_free(struct rule_index *index)
{
	if (!index)
		return;
	kvfree(index->rules);
	kvfree(index->slots);
	kvfree(index->programs.rows);
	kvfree(index->parts.rows);
	kvfree(index->nets.rows);
	kvfree(index->spans.rows);
	kvfree(index->cells.rows);
	kvfree(index->groups.rows);
	kvfree(index->ranges.rows);
	kvfree(index);
}

static size_t array_bytes(const struct index_array *array)
{
	return array->rows ? (array->room + 1) * array->size : 0;
}

/* What the index takes of memory, the rules themselves aside. */
size_t rule_index_bytes(const struct rule_index *index)
{
	return sizeof(*index) + index->count * sizeof(*index->rules) +
	       (index->mask + 1ull) * sizeof(*index->slots) +
	       array_bytes(&index->programs) + array_bytes(&index->parts) +
	       array_bytes(&index->nets) + array_bytes(&index->spans) +
	       array_bytes(&index->cells) + array_bytes(&index->groups) +
	       array_bytes(&index->ranges);
}
