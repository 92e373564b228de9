/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_RULE_SET_H
#define E7_RULE_SET_H

#include <linux/atomic.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "uapi/e7.h"

/* What a rule says of the program, from the least specific on. */
enum rule_form {
	RULE_ANY_PROGRAM,
	RULE_CLASS,
	RULE_FOLDER,
	RULE_EXACT,
	RULE_FORMS,
};

#define RULE_NO_CLASS 0
#define RULE_NO_DIRECTION 0
#define RULE_NO_USER 0xffffffffu	/* (uid_t)-1, which nobody has */
/* Wider than the widest range: a rule that names no port. */
#define RULE_NO_PORT 0x10001

/*
 * What a rule matches besides a path, without padding, so that it is compared
 * and hashed as bytes.  Without a class a path is the host's, and no path means
 * programs of every class.
 */
struct rule_key {
	u8 remote[16];	/* network order, zero past the prefix */
	u32 uid;	/* initial user namespace, or RULE_NO_USER */
	u16 prot;	/* IP protocol or E7_PROT_ANY */
	u16 port_first;	/* of the flow's destination; after port_last: none */
	u16 port_last;
	u8 class;	/* enum e7_class or RULE_NO_CLASS */
	u8 form;	/* enum rule_form, see rule_form_of() */
	u8 family;	/* of remote: 4, 6, or 0 for none */
	u8 prefix;	/* leading bits of remote that count */
	u8 direction;	/* enum e7_direction: who began, or RULE_NO_DIRECTION */
	u8 quick;	/* 1: looked at before those that are not */
};

/* A match as it is asked for.  path is not owned and not terminated. */
struct rule_match {
	const char *path;
	u16 length;	/* 0 for every program */
	struct rule_key key;
};

/*
 * A rule; what it matches and does never changes once it is in a set.  Shared
 * by successive sets, so that what it counts goes on.
 */
struct rule {
	u64 id;
	u64 ends;	/* ns since boot, suspend included; 0: never */
	atomic64_t hits;
	u64 last_hit;	/* ns since 1970, or 0 */
	refcount_t refs;
	u32 hash;
	struct rule_key key;
	u16 length;	/* of the path */
	u8 action;	/* enum e7_action */
	u8 comment_length;
	char path[];	/* length bytes, a NUL, the comment, a NUL */
};

/* What a rule does, and what it carries besides. */
struct rule_terms {
	enum e7_action action;
	u64 ends;		/* see struct rule */
	const char *comment;	/* not owned; "" for none */
};

struct rule_index;

/*
 * A ruleset: an open-addressing hash table of rules by what they match, with
 * linear probing and at most half of its slots in use.
 */
struct rule_set {
	refcount_t refs;
	u64 generation;
	unsigned int count;
	unsigned int mask;
	struct rule_index *index;	/* made before it is published */
	struct rule **order;	/* by rule_set_sort(), or null */
	struct rule *slots[];
};

/* The part of a range that a rule's port is: the narrower the more specific. */
static inline u32 rule_width(const struct rule_key *key)
{
	return key->port_first <= key->port_last ?
	       key->port_last - key->port_first + 1u : RULE_NO_PORT;
}

static inline const char *rule_comment(const struct rule *rule)
{
	return rule->path + rule->length + 1;
}

const char *rule_path_fault(const char *path, size_t length);
const char *rule_class_fault(unsigned int class, bool has_path);
bool rule_remote_is_network(const struct rule_key *key);
const char *rule_remote_fault(const struct rule_key *key);
const char *rule_comment_fault(const char *comment);
void rule_match_init(struct rule_match *match, const char *path,
		     size_t length);
int rule_action_rank(unsigned int action);

struct rule_set *rule_set_new(unsigned int count);
struct rule_set *rule_set_copy(const struct rule_set *set, unsigned int more);
void rule_set_free(struct rule_set *set);

struct rule *rule_set_find(const struct rule_set *set,
			   const struct rule_match *match);
int rule_set_put(struct rule_set *set, const struct rule_match *match,
		 const struct rule_terms *terms, u64 id);
void rule_set_remove(struct rule_set *set, const struct rule *rule);
void rule_set_clear(struct rule_set *set, unsigned int action);
unsigned int rule_set_expire(struct rule_set *set, u64 now);
u64 rule_set_next_end(const struct rule_set *set);
struct rule *rule_set_by_id(const struct rule_set *set, u64 id);
int rule_set_sort(struct rule_set *set);

#endif /* E7_RULE_SET_H */
