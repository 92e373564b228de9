/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_RULE_SET_H
#define E7_RULE_SET_H

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

/*
 * What a rule matches.  path is not owned and not terminated.  Without a class
 * a path is the host's, and no path means programs of every class.
 */
struct rule_match {
	const char *path;
	u16 length;	/* 0 for every program */
	u16 prot;	/* IP protocol or E7_PROT_ANY */
	u8 class;	/* enum e7_class or RULE_NO_CLASS */
};

#define RULE_NO_CLASS 0

/* A rule, never changed once it is in a set; shared by successive sets. */
struct rule {
	u64 id;
	refcount_t refs;
	u32 hash;
	u16 prot;
	u16 length;
	u8 action;	/* enum e7_action */
	u8 form;	/* enum rule_form */
	u8 class;	/* enum e7_class or RULE_NO_CLASS */
	char path[];	/* length bytes and a NUL */
};

/*
 * A ruleset: an open-addressing hash table of rules by what they match, with
 * linear probing and at most half of its slots in use.
 */
struct rule_set {
	u64 generation;
	unsigned int count;
	unsigned int mask;
	/* Rules of each form; and the longest folder, to stop looking at. */
	unsigned int forms[RULE_FORMS];
	unsigned int longest_folder;
	struct rule **order;	/* by rule_set_sort(), or null */
	struct rule *slots[];
};

/* A flow, as far as rules ask about it. */
struct rule_flow {
	const char *path;	/* of class HOST, and of FOREIGN where it has one */
	u16 length;
	u16 prot;
	u8 class;	/* enum e7_class */
	bool prot_known;
};

const char *rule_path_fault(const char *path, size_t length);
const char *rule_class_fault(unsigned int class, bool has_path);

struct rule_set *rule_set_new(unsigned int count);
struct rule_set *rule_set_copy(const struct rule_set *set, unsigned int more);
void rule_set_free(struct rule_set *set);

struct rule *rule_set_find(const struct rule_set *set,
			   const struct rule_match *match);
int rule_set_put(struct rule_set *set, const struct rule_match *match,
		 enum e7_action action, u64 id);
void rule_set_remove(struct rule_set *set, const struct rule *rule);
void rule_set_clear(struct rule_set *set, enum e7_action action);
struct rule *rule_set_by_id(const struct rule_set *set, u64 id);
int rule_set_sort(struct rule_set *set);

const struct rule *rule_set_decide(const struct rule_set *set,
				   const struct rule_flow *flow);

#endif /* E7_RULE_SET_H */
