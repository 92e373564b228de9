// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule_index_make: the tables of an index from the rules of a set.
 *
 * As many steps as there are rules, and some more for sorting, so it lets
 * others run in between.  A table has as much room as it may need, and what
 * below a program, a part or a cell has few rules has no tables.
 */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "rule_index_rows.h"
#include "rule_sort.h"

#define INDEX_DEEPEST 129	/* networks within each other, 0 to 128 bits */
/* Steps that are taken at most until others may run. */
#define INDEX_BREATH 1024

static void breathe(u32 step)
{
	if (!(step % INDEX_BREATH))
		cond_resched();
}

/* ---- the order of rules ---- */

static int compare_addresses(struct index_address a, struct index_address b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	if (a.low != b.low)
		return a.low < b.low ? -1 : 1;
	return 0;
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
static int compare_in_program(const struct rule *a, const struct rule *b)
{
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
static int compare_in_part(const struct rule *a, const struct rule *b)
{
	int order;

	if (a->key.family != b->key.family)
		return (int)a->key.family - (int)b->key.family;
	order = memcmp(a->key.remote, b->key.remote, sizeof(a->key.remote));
	if (!order)
		order = (int)a->key.prefix - (int)b->key.prefix;
	return order ?: compare_ports(a, b);
}

/* Rules of one cell: by group, the narrower range before the wider. */
static int compare_in_cell(const struct rule *a, const struct rule *b)
{
	return compare_groups(&a->key, &b->key) ?: compare_ports(a, b);
}

/* ---- tables ---- */

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
	slot = rule_index_slot(index, hash, rule->key.form, rule->key.class,
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
	for (i = 0; i <= set->mask; i++) {
		breathe(i);
		if (set->slots[i])
			of[n++] = program_of(index, set->slots[i]);
	}
	for (i = 0; i < index->programs.count; i++) {
		program = ROW(index, programs, index_program, i);
		program->part = first;
		first += program->parts;
		program->parts = 0;
	}
	for (i = 0, n = 0; i <= set->mask; i++) {
		breathe(i);
		if (!set->slots[i])
			continue;
		program = ROW(index, programs, index_program, of[n++]);
		index->rules[program->part + program->parts++] = set->slots[i];
	}
	kvfree(of);
	return 0;
}

static void sort_rules(struct rule_index *index, u32 first, u32 count,
		       rule_compare *compare)
{
	rule_sort(index->rules + first, index->room, count, compare);
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
		breathe(first);
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

/*
 * Where ranges are cut, room for both ends of each; what is decided yet; and a
 * mark a port, all unset, for where there are many bounds.
 */
struct index_painter {
	u32 *bounds;
	u32 *next;	/* the first from here on that nothing decides yet */
	u8 *marks;
};

/* Puts ports in order, each once: how many are left. */
static u32 order_bounds(struct index_painter *painter, u32 n)
{
	u32 *bounds = painter->bounds, cuts = 0, i;

	if (n <= INDEX_BREATH) {
		sort(bounds, n, sizeof(*bounds), compare_bounds, NULL);
		for (i = 0; i < n; i++)
			if (!cuts || bounds[i] != bounds[cuts - 1])
				bounds[cuts++] = bounds[i];
		return cuts;
	}
	/* So many are in order sooner by looking at each port there is. */
	for (i = 0; i < n; i++)
		painter->marks[bounds[i]] = 1;
	for (i = 0; i <= U16_MAX; i++)
		if (painter->marks[i])
			bounds[cuts++] = i;
	memset(painter->marks, 0, U16_MAX + 1);
	return cuts;
}

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

/* The first bound from this port on. */
static u32 bound_of(const struct index_painter *painter, u32 cuts, u32 port)
{
	u32 low = 0, high = cuts, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (painter->bounds[middle] < port)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The ports of a group's rules, the narrower of which stand before the wider. */
static void make_ranges(struct rule_index *index, struct index_group *group,
			u32 first, u32 count, struct index_painter *painter)
{
	u32 *bounds = painter->bounds, n = 0, cuts, i, at;
	const struct rule_key *key;
	struct index_range *range;

	for (i = first; i < first + count; i++) {
		key = &index->rules[i]->key;
		bounds[n++] = key->port_first;
		/* Behind the last port there is none. */
		if (key->port_last < U16_MAX)
			bounds[n++] = key->port_last + 1u;
	}
	cuts = order_bounds(painter, n);
	group->range = index->ranges.count;
	group->ranges = cuts;
	for (i = 0; i < cuts; i++) {
		painter->next[i] = i;
		ADD(index, ranges, index_range, .first = bounds[i],
		    .rule = INDEX_NONE);
	}
	painter->next[cuts] = cuts;
	for (i = first; i < first + count; i++) {
		breathe(i);
		key = &index->rules[i]->key;
		for (at = unpainted(painter,
				    bound_of(painter, cuts, key->port_first));
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
	painter.marks = kvzalloc(U16_MAX + 1, GFP_KERNEL);
	if (!cutter || !painter.bounds || !painter.next || !painter.marks)
		error = -ENOMEM;
	for (i = 0; !error && i < index->parts.count; i++) {
		part = ROW(index, parts, index_part, i);
		breathe(i);
		if (part->count > INDEX_FEW)
			make_cells(index, part, cutter);
	}
	for (i = 0; !error && i < index->cells.count; i++) {
		cell = ROW(index, cells, index_cell, i);
		breathe(i);
		if (cell->count > INDEX_FEW)
			make_groups(index, cell, &painter);
	}
	kvfree(cutter);
	kvfree(painter.bounds);
	kvfree(painter.next);
	kvfree(painter.marks);
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
	index->room = kvmalloc_array(set->count + 1, sizeof(*index->room),
				     GFP_KERNEL);
	index->slots = kvmalloc_array(slots, sizeof(*index->slots),
				      GFP_KERNEL_ACCOUNT);
	if (!index->rules || !index->room || !index->slots)
		return -ENOMEM;
	memset(index->slots, 0xff, slots * sizeof(*index->slots));
	error = array_init(&index->programs, sizeof(struct index_program),
			   set->count) ?:
		array_init(&index->parts, sizeof(struct index_part),
			   set->count) ?:
		gather_programs(index, set);
	if (error)
		return error;
	for (i = 0; i < index->programs.count; i++) {
		breathe(i);
		make_parts(index, ROW(index, programs, index_program, i));
	}
	error = make_below(index);
	kvfree(index->room);
	index->room = NULL;
	return error;
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
	kvfree(index->room);
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
