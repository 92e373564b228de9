// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule_set_: a ruleset as a value.
 *
 * A set under construction belongs to one writer; a published one never
 * changes.  Nothing here sleeps but the allocations, and nothing takes a lock,
 * so the same file is compiled on the host for the tests.  rule_index.c says
 * which rule of a set decides.
 */
#include <linux/errno.h>
#include <linux/jhash.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "rule_index.h"
#include "rule_set.h"
#include "rule_sort.h"

#define SLOTS_MIN 16
/* Slots that are gone through at most until others may run. */
#define SET_BREATH 1024

static u32 hash_match(const struct rule_match *match)
{
	return jhash(match->path, match->length,
		     jhash(&match->key, sizeof(match->key), 0));
}

static enum rule_form form_of(const char *path, size_t length, u8 class)
{
	if (!length)
		return class == RULE_NO_CLASS ? RULE_ANY_PROGRAM : RULE_CLASS;
	return path[length - 1] == '/' ? RULE_FOLDER : RULE_EXACT;
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

/* Whether the remote end has no bit set past its prefix, nor a long one. */
bool rule_remote_is_network(const struct rule_key *key)
{
	unsigned int bit, bits = key->family == 4 ? 32 : 128;

	if (key->prefix > bits)
		return false;
	for (bit = key->prefix; bit < 128; bit++)
		if (key->remote[bit / 8] & 0x80 >> bit % 8)
			return false;
	return true;
}

/* What is wrong with the remote end of a key that has one, or null. */
const char *rule_remote_fault(const struct rule_key *key)
{
	static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (!rule_remote_is_network(key))
		return "the address has bits set behind the prefix";
	/* Packets to it are of IPv4. */
	if (key->family == 6 && key->prefix >= 96 &&
	    !memcmp(key->remote, mapped, sizeof(mapped)))
		return "expected an address of IPv4 in its own form";
	if ((key->prot == E7_PROT_ICMP && key->family == 6) ||
	    (key->prot == E7_PROT_ICMP6 && key->family == 4))
		return "the protocol is of the other address family";
	return NULL;
}

/* Bytes of the UTF-8 character at text that may be printed; 0: there is none. */
static unsigned int character(const u8 *text)
{
	static const u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int size = *text < 0x80 ? 1 : *text < 0xc0 ? 0 :
			    *text < 0xe0 ? 2 : *text < 0xf0 ? 3 :
			    *text < 0xf8 ? 4 : 0, i;
	u32 code;

	if (size == 1)
		return *text >= ' ' && *text != 127;
	code = size ? *text & (0xff >> (size + 1)) : 0;
	for (i = 1; i < size; i++) {
		/* Also where the text ends. */
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	/* Neither a longer form, nor a surrogate, nor a control character. */
	return size && code >= least[size] && code >= 0xa0 &&
	       code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? size : 0;
}

/* What is wrong with an administrator's words, or null. */
const char *rule_comment_fault(const char *comment)
{
	const u8 *text = (const u8 *)comment;
	unsigned int size;

	for (; *text; text += size) {
		size = character(text);
		if (!size)
			return "comment holds a control character or is not UTF-8";
	}
	return NULL;
}

/* A match of every flow of a program; the caller sets what else it names. */
void rule_match_init(struct rule_match *match, const char *path, size_t length)
{
	*match = (struct rule_match) {
		.path = path,
		.length = length,
		.key = {
			.uid = RULE_NO_USER,
			.prot = E7_PROT_ANY,
			.port_first = 1,
		},
	};
}

/* Of two rules that are as specific, the one with the lower rank decides. */
int rule_action_rank(unsigned int action)
{
	switch (action) {
	case E7_ACTION_BLOCK:
		return 0;
	case E7_ACTION_REJECT:
		return 1;
	case E7_ACTION_ASK:
		return 2;
	default:
		return 3;
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
	if (!set)
		return NULL;
	refcount_set(&set->refs, 1);
	set->mask = slots - 1;
	return set;
}

/* Gives up a reference; with the last one the set is no more.  May sleep. */
void rule_set_free(struct rule_set *set)
{
	unsigned int i;

	if (!set || !refcount_dec_and_test(&set->refs))
		return;
	for (i = 0; i <= set->mask; i++) {
		rule_put(set->slots[i]);
		if (!(i % SET_BREATH))
			cond_resched();
	}
	rule_index_free(set->index);
	kvfree(set->order);
	kvfree(set);
}

static void place(struct rule_set *set, struct rule *rule)
{
	unsigned int i = rule->hash & set->mask;

	while (set->slots[i])
		i = (i + 1) & set->mask;
	set->slots[i] = rule;
	set->count++;
}

/* The same rules in a set of their own with room for more, or null. */
struct rule_set *rule_set_copy(const struct rule_set *set, unsigned int more)
{
	struct rule_set *copy = rule_set_new(set->count + more);
	unsigned int i;

	if (!copy)
		return NULL;
	copy->generation = set->generation;
	for (i = 0; i <= set->mask; i++) {
		if (set->slots[i]) {
			refcount_inc(&set->slots[i]->refs);
			place(copy, set->slots[i]);
		}
		if (!(i % SET_BREATH))
			cond_resched();
	}
	return copy;
}

/* Where the rule with exactly this match is, or where it would be. */
static unsigned int slot_of(const struct rule_set *set,
			    const struct rule_match *match, u32 hash)
{
	const struct rule *rule;
	unsigned int i;

	for (i = hash & set->mask; (rule = set->slots[i]);
	     i = (i + 1) & set->mask)
		if (rule->hash == hash && rule->length == match->length &&
		    !memcmp(&rule->key, &match->key, sizeof(match->key)) &&
		    !memcmp(rule->path, match->path, match->length))
			break;
	return i;
}

/* The form follows from the rest, and is the same for the same match. */
static struct rule_match formed(const struct rule_match *match)
{
	struct rule_match result = *match;

	result.key.form = form_of(match->path, match->length,
				  match->key.class);
	return result;
}

/* The rule with exactly this match, or null. */
struct rule *rule_set_find(const struct rule_set *set,
			   const struct rule_match *match)
{
	const struct rule_match wanted = formed(match);

	return set->slots[slot_of(set, &wanted, hash_match(&wanted))];
}

static struct rule *rule_new(const struct rule_match *match,
			     const struct rule_terms *terms)
{
	size_t comment = strlen(terms->comment);
	struct rule *rule = kvmalloc(struct_size(rule, path, match->length +
						 comment + 2),
				     GFP_KERNEL_ACCOUNT);

	if (!rule)
		return NULL;
	*rule = (struct rule) {
		.key = match->key,
		.length = match->length,
		.ends = terms->ends,
		.action = terms->action,
		.comment_length = comment,
	};
	refcount_set(&rule->refs, 1);
	memcpy(rule->path, match->path, match->length);
	rule->path[match->length] = '\0';
	memcpy(rule->path + match->length + 1, terms->comment, comment + 1);
	return rule;
}

static bool has_terms(const struct rule *rule, const struct rule_terms *terms)
{
	return rule->action == terms->action && rule->ends == terms->ends &&
	       !strcmp(rule_comment(rule), terms->comment);
}

/*
 * Adds a rule with this id, or changes the terms of the one that has this
 * match, which keeps its id and its count.  The set must have room.  Returns 1
 * where the set changed, 0 where it said so already, or -ENOMEM with the set as
 * it was.
 */
int rule_set_put(struct rule_set *set, const struct rule_match *match,
		 const struct rule_terms *terms, u64 id)
{
	const struct rule_match wanted = formed(match);
	u32 hash = hash_match(&wanted);
	unsigned int slot = slot_of(set, &wanted, hash);
	struct rule *old = set->slots[slot], *rule;

	if (old && has_terms(old, terms))
		return 0;
	rule = rule_new(&wanted, terms);
	if (!rule)
		return -ENOMEM;
	rule->id = old ? old->id : id;
	rule->hash = hash;
	if (old) {
		atomic64_set(&rule->hits, atomic64_read(&old->hits));
		rule->last_hit = READ_ONCE(old->last_hit);
		rule_put(old);
	} else {
		set->count++;
	}
	set->slots[slot] = rule;
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
	set->count--;
	rule_put(gone);
}

/* What is to be removed. */
struct selection {
	unsigned int action;	/* 0: any */
	u64 ended;	/* by this time, ns since boot; 0: whenever */
};

static bool is_selected(const struct rule *rule, const struct selection *which)
{
	return (!which->action || rule->action == which->action) &&
	       (!which->ended || (rule->ends && rule->ends <= which->ended));
}

static void remove_selected(struct rule_set *set, const struct selection *which)
{
	unsigned int i = 0;

	/*
	 * A removal moves later rules of its run down to i or behind it, and
	 * rules that wrapped to the front were looked at already.
	 */
	while (i <= set->mask) {
		if (set->slots[i] && is_selected(set->slots[i], which))
			rule_set_remove(set, set->slots[i]);
		else
			i++;
	}
}

/* Removes the rules with this action, or with 0 all. */
void rule_set_clear(struct rule_set *set, unsigned int action)
{
	remove_selected(set, &(struct selection) { .action = action });
}

/* Removes the rules that have ended by now, ns since boot.  How many. */
unsigned int rule_set_expire(struct rule_set *set, u64 now)
{
	unsigned int before = set->count;

	remove_selected(set, &(struct selection) { .ended = now });
	return before - set->count;
}

/* When the next rule ends, ns since boot, or 0. */
u64 rule_set_next_end(const struct rule_set *set)
{
	unsigned int i;
	u64 next = 0;

	for (i = 0; i <= set->mask; i++)
		if (set->slots[i] && set->slots[i]->ends &&
		    (!next || set->slots[i]->ends < next))
			next = set->slots[i]->ends;
	return next;
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

/* As compare(): of one and the other, what decides comes first. */
static int compare_keys(const struct rule_key *a, const struct rule_key *b)
{
	u32 wide = rule_width(a), other = rule_width(b);

	if ((a->uid == RULE_NO_USER) != (b->uid == RULE_NO_USER))
		return a->uid == RULE_NO_USER ? 1 : -1;
	if (!a->family != !b->family)
		return a->family ? -1 : 1;
	if (a->prefix != b->prefix)
		return (int)b->prefix - (int)a->prefix;
	if (wide != other)
		return wide < other ? -1 : 1;
	if ((a->prot == E7_PROT_ANY) != (b->prot == E7_PROT_ANY))
		return a->prot == E7_PROT_ANY ? 1 : -1;
	return !a->direction - !b->direction;
}

/* As compare(): of keys that are as specific, in the order of their values. */
static int compare_rest(const struct rule_key *a, const struct rule_key *b)
{
	int order = memcmp(a->remote, b->remote, sizeof(a->remote));

	if (!order)
		order = (int)a->family - (int)b->family;
	if (!order)
		order = (int)a->port_first - (int)b->port_first;
	if (!order)
		order = (int)a->prot - (int)b->prot;
	if (!order)
		order = (int)a->direction - (int)b->direction;
	if (!order && a->uid != b->uid)
		order = a->uid < b->uid ? -1 : 1;
	return order;
}

/*
 * Most specific first, in the order of the fields that decides, but rules of
 * one program together, so that a list reads well; then by what else differs.
 */
static int compare(const struct rule *a, const struct rule *b)
{
	int order;

	if (a->key.quick != b->key.quick)
		return a->key.quick ? -1 : 1;
	if (a->key.form != b->key.form)
		return a->key.form > b->key.form ? -1 : 1;
	if (a->key.form == RULE_FOLDER && a->length != b->length)
		return a->length > b->length ? -1 : 1;
	order = strcmp(a->path, b->path);
	if (!order)
		order = (int)a->key.class - (int)b->key.class;
	if (!order)
		order = compare_keys(&a->key, &b->key);
	return order ?: compare_rest(&a->key, &b->key);
}

/*
 * Fills set->order, once; -ENOMEM where that cannot be.  Of a set that is in
 * force by one caller at a time.
 */
int rule_set_sort(struct rule_set *set)
{
	struct rule **order, **room;
	unsigned int i, n = 0;

	if (set->order)
		return 0;
	order = kvmalloc_array(set->count + 1, sizeof(*order),
			       GFP_KERNEL_ACCOUNT);
	room = kvmalloc_array(set->count + 1, sizeof(*room), GFP_KERNEL);
	if (!order || !room) {
		kvfree(order);
		kvfree(room);
		return -ENOMEM;
	}
	for (i = 0; i <= set->mask; i++)
		if (set->slots[i])
			order[n++] = set->slots[i];
	rule_sort(order, room, n, compare);
	kvfree(room);
	set->order = order;
	return 0;
}
