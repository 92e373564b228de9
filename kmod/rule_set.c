// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule_set_: a ruleset as a value, and which of its rules decides about a flow.
 *
 * A set under construction belongs to one writer; a published one never
 * changes.  Nothing here sleeps but the allocations, and nothing takes a lock,
 * so the same file is compiled on the host for the tests.
 *
 * Deciding costs one hash of the program's path and, where there are folder
 * rules, two probes for each folder above the program, whatever the number of
 * rules.  A rule about a class is found as one without a path, and one about a
 * class and a path as one about a path: the class is part of what is hashed.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "rule_set.h"

#define SLOTS_MIN 16

/* FNV-1a, which can be read off at each slash on the way through a path. */
#define FNV_BASIS 0x811c9dc5u
#define FNV_PRIME 0x01000193u

static u32 hash_path(u32 hash, const char *path, unsigned int length)
{
	while (length--)
		hash = (hash ^ (u8)*path++) * FNV_PRIME;
	return hash;
}

/* What stands beside the path of a rule, as one number: a key. */
static u32 key_of(enum rule_form form, u8 class, u16 prot)
{
	return (u32)prot << 16 | class << 8 | form;
}

static u32 hash_finish(u32 hash, u32 key)
{
	hash = (hash ^ key) * 0x85ebca6bu;
	return hash ^ hash >> 15;
}

static enum rule_form form_of(const struct rule_match *match)
{
	if (!match->length)
		return match->class == RULE_NO_CLASS ? RULE_ANY_PROGRAM :
						       RULE_CLASS;
	return match->path[match->length - 1] == '/' ? RULE_FOLDER : RULE_EXACT;
}

static bool is_dots(const char *component, size_t length)
{
	return (length == 1 && component[0] == '.') ||
	       (length == 2 && component[0] == '.' && component[1] == '.');
}

/*
 * What is wrong with the path of a rule, or null: one spelling for one file,
 * or a rule would silently match nothing.
 */
const char *rule_path_fault(const char *path, size_t length)
{
	size_t i, start = 1;

	if (!length || path[0] != '/')
		return "path is not absolute";
	if (length > E7_LIMIT_PATH)
		return "path is over 4095 bytes";
	for (i = 1; i <= length; i++) {
		if (i < length && ((u8)path[i] < ' ' || path[i] == 127))
			return "path holds a control character";
		if (i < length && path[i] != '/')
			continue;
		if (i == start && i < length)
			return "path holds //";
		if (is_dots(path + start, i - start))
			return "path holds a component . or ..";
		start = i + 1;
	}
	return NULL;
}

/* What is wrong with the class of a rule, or null. */
const char *rule_class_fault(unsigned int class, bool has_path)
{
	switch (class) {
	case E7_CLASS_FOREIGN:
		return NULL;
	case E7_CLASS_DELETED:
	case E7_CLASS_MEMFD:
	case E7_CLASS_KERNEL:
		return has_path ? "a path goes with class foreign or with none" :
				  NULL;
	case E7_CLASS_HOST:
		return "a path without a class is about class host";
	default:
		return "expected class foreign (2), deleted (3), memfd (4) or kernel (5)";
	}
}

static void rule_put(struct rule *rule)
{
	if (rule && refcount_dec_and_test(&rule->refs))
		kvfree(rule);
}

/* An empty set with room for count rules, or null. */
struct rule_set *rule_set_new(unsigned int count)
{
	size_t slots = roundup_pow_of_two(max_t(size_t, 2 * (size_t)count,
						SLOTS_MIN));
	struct rule_set *set;

	set = kvzalloc(struct_size(set, slots, slots), GFP_KERNEL_ACCOUNT);
	if (set)
		set->mask = slots - 1;
	return set;
}

void rule_set_free(struct rule_set *set)
{
	unsigned int i;

	if (!set)
		return;
	for (i = 0; i <= set->mask; i++)
		rule_put(set->slots[i]);
	kvfree(set->order);
	kvfree(set);
}

static void tally(struct rule_set *set, const struct rule *rule, int by)
{
	set->count += by;
	set->forms[rule->form] += by;
	/* Too long after a removal costs a few probes, never a rule. */
	if (rule->form == RULE_FOLDER && by > 0)
		set->longest_folder = max_t(unsigned int, set->longest_folder,
					    rule->length);
}

static void place(struct rule_set *set, struct rule *rule)
{
	unsigned int i = rule->hash & set->mask;

	while (set->slots[i])
		i = (i + 1) & set->mask;
	set->slots[i] = rule;
	tally(set, rule, 1);
}

/* The same rules in a set of their own with room for more, or null. */
struct rule_set *rule_set_copy(const struct rule_set *set, unsigned int more)
{
	struct rule_set *copy = rule_set_new(set->count + more);
	unsigned int i;

	if (!copy)
		return NULL;
	copy->generation = set->generation;
	for (i = 0; i <= set->mask; i++)
		if (set->slots[i]) {
			refcount_inc(&set->slots[i]->refs);
			place(copy, set->slots[i]);
		}
	return copy;
}

static u32 rule_key(const struct rule *rule)
{
	return key_of(rule->form, rule->class, rule->prot);
}

/* The rule with this key and path, of which hash is the hash so far. */
static struct rule *probe(const struct rule_set *set, u32 hash, u32 key,
			  const char *path, unsigned int length)
{
	struct rule *rule;
	unsigned int i;

	hash = hash_finish(hash, key);
	for (i = hash & set->mask; (rule = set->slots[i]);
	     i = (i + 1) & set->mask)
		if (rule->hash == hash && rule_key(rule) == key &&
		    rule->length == length &&
		    !memcmp(rule->path, path, length))
			return rule;
	return NULL;
}

/* The rule with exactly this match, or null. */
struct rule *rule_set_find(const struct rule_set *set,
			   const struct rule_match *match)
{
	return probe(set, hash_path(FNV_BASIS, match->path, match->length),
		     key_of(form_of(match), match->class, match->prot),
		     match->path, match->length);
}

/*
 * Adds a rule with this id, or changes the action of the one that has this
 * match, which keeps its id.  The set must have room.  Returns 1 where the set
 * changed, 0 where it said so already, or -ENOMEM with the set as it was.
 */
int rule_set_put(struct rule_set *set, const struct rule_match *match,
		 enum e7_action action, u64 id)
{
	struct rule *old = rule_set_find(set, match);
	struct rule *rule;
	unsigned int i;

	if (old && old->action == action)
		return 0;

	rule = kvmalloc(struct_size(rule, path, match->length + 1),
			GFP_KERNEL_ACCOUNT);
	if (!rule)
		return -ENOMEM;
	refcount_set(&rule->refs, 1);
	rule->id = old ? old->id : id;
	rule->action = action;
	rule->form = form_of(match);
	rule->class = match->class;
	rule->prot = match->prot;
	rule->length = match->length;
	rule->hash = hash_finish(hash_path(FNV_BASIS, match->path,
					   match->length),
				 rule_key(rule));
	memcpy(rule->path, match->path, match->length);
	rule->path[match->length] = '\0';

	if (!old) {
		place(set, rule);
		return 1;
	}
	for (i = old->hash & set->mask; set->slots[i] != old;)
		i = (i + 1) & set->mask;
	set->slots[i] = rule;
	rule_put(old);
	return 1;
}

/* Takes a rule out of the set and closes the gap it leaves in its run. */
void rule_set_remove(struct rule_set *set, const struct rule *rule)
{
	unsigned int hole, i, home;
	struct rule *gone;

	for (hole = rule->hash & set->mask; set->slots[hole] != rule;)
		hole = (hole + 1) & set->mask;
	gone = set->slots[hole];

	for (i = (hole + 1) & set->mask; set->slots[i];
	     i = (i + 1) & set->mask) {
		home = set->slots[i]->hash & set->mask;
		/* Only what is at or before the hole on its way may move. */
		if (((i - home) & set->mask) >= ((i - hole) & set->mask)) {
			set->slots[hole] = set->slots[i];
			hole = i;
		}
	}
	set->slots[hole] = NULL;
	tally(set, gone, -1);
	rule_put(gone);
}

/* Removes the rules with this action. */
void rule_set_clear(struct rule_set *set, enum e7_action action)
{
	unsigned int i = 0;

	/*
	 * A removal moves later rules of its run down to i or behind it, and
	 * rules that wrapped to the front were looked at already.
	 */
	while (i <= set->mask) {
		if (set->slots[i] && set->slots[i]->action == action)
			rule_set_remove(set, set->slots[i]);
		else
			i++;
	}
}

/* The rule with this id, or null; linear, for people's commands. */
struct rule *rule_set_by_id(const struct rule_set *set, u64 id)
{
	unsigned int i;

	for (i = 0; i <= set->mask; i++)
		if (set->slots[i] && set->slots[i]->id == id)
			return set->slots[i];
	return NULL;
}

/* Most specific first, then by path and class, so that a list reads well. */
static int compare(const void *left, const void *right)
{
	const struct rule *a = *(const struct rule *const *)left;
	const struct rule *b = *(const struct rule *const *)right;
	int order;

	if (a->form != b->form)
		return a->form > b->form ? -1 : 1;
	if (a->form == RULE_FOLDER && a->length != b->length)
		return a->length > b->length ? -1 : 1;
	order = strcmp(a->path, b->path);
	if (order)
		return order;
	if (a->class != b->class)
		return (int)a->class - (int)b->class;
	return (int)a->prot - (int)b->prot;
}

/* Fills set->order, once; -ENOMEM where that cannot be. */
int rule_set_sort(struct rule_set *set)
{
	unsigned int i, n = 0;

	if (set->order)
		return 0;
	set->order = kvmalloc_array(set->count + 1, sizeof(*set->order),
				    GFP_KERNEL_ACCOUNT);
	if (!set->order)
		return -ENOMEM;
	for (i = 0; i <= set->mask; i++)
		if (set->slots[i])
			set->order[n++] = set->slots[i];
	sort(set->order, n, sizeof(*set->order), compare, NULL);
	return 0;
}

/* The rule for the protocol, else the one for any. */
static struct rule *probe_prots(const struct rule_set *set, u32 hash,
				enum rule_form form, u8 class, u16 prot,
				const char *path, unsigned int length)
{
	struct rule *rule;

	rule = probe(set, hash, key_of(form, class, prot), path, length);
	if (rule)
		return rule;
	return probe(set, hash, key_of(form, class, E7_PROT_ANY), path, length);
}

/* The rule that decides by the path of the flow, or null. */
static struct rule *decide_by_path(const struct rule_set *set,
				   const struct rule_flow *flow)
{
	u8 class = flow->class == E7_CLASS_HOST ? RULE_NO_CLASS : flow->class;
	struct rule *best = NULL, *found;
	u32 hash = FNV_BASIS;
	unsigned int i;

	for (i = 0; i < flow->length; i++) {
		hash = (hash ^ (u8)flow->path[i]) * FNV_PRIME;
		if (flow->path[i] != '/' || i >= set->longest_folder)
			continue;
		found = probe_prots(set, hash, RULE_FOLDER, class, flow->prot,
				    flow->path, i + 1);
		if (found)
			best = found;
	}
	found = probe_prots(set, hash, RULE_EXACT, class, flow->prot,
			    flow->path, flow->length);
	return found ?: best;
}

/*
 * The rule that decides about the flow, or null: an exact path before the
 * longest folder before the class alone before no program at all, and within
 * each the protocol before any.  Called in any context.
 */
const struct rule *rule_set_decide(const struct rule_set *set,
				   const struct rule_flow *flow)
{
	struct rule *found;

	if (flow->path && (set->forms[RULE_EXACT] || set->forms[RULE_FOLDER])) {
		found = decide_by_path(set, flow);
		if (found)
			return found;
	}
	if (set->forms[RULE_CLASS]) {
		found = probe_prots(set, FNV_BASIS, RULE_CLASS, flow->class,
				    flow->prot, "", 0);
		if (found)
			return found;
	}
	if (!set->forms[RULE_ANY_PROGRAM])
		return NULL;
	return probe_prots(set, FNV_BASIS, RULE_ANY_PROGRAM, RULE_NO_CLASS,
			   flow->prot, "", 0);
}
