/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables of an index: rule_index_make.c fills them, rule_index.c looks
 * things up in them.
 */
#ifndef E7_RULE_INDEX_ROWS_H
#define E7_RULE_INDEX_ROWS_H

#include <linux/string.h>
#include <asm/byteorder.h>

#include "rule_index.h"

/* Rules that are compared one after the other. */
#define INDEX_FEW 8
#define INDEX_NONE U32_MAX

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
	struct rule **room;	/* for sorting, while it is made */
};

#define ROW(index, table, type, number) \
	(&((struct type *)(index)->table.rows)[number])

/* ---- what both compare ---- */

struct index_address {
	u64 high;
	u64 low;
};

static inline struct index_address address_of(const u8 *bytes)
{
	__be64 halves[2];

	memcpy(halves, bytes, sizeof(halves));
	return (struct index_address) { be64_to_cpu(halves[0]),
					be64_to_cpu(halves[1]) };
}

/* All bits set behind a prefix. */
static inline struct index_address host_bits(unsigned int prefix)
{
	return (struct index_address) {
		prefix >= 64 ? 0 : ~0ull >> prefix,
		prefix >= 128 ? 0 : prefix <= 64 ? ~0ull :
						   ~0ull >> (prefix - 64) };
}

static inline bool has_ports(const struct rule_key *key)
{
	return key->port_first <= key->port_last;
}

/* Quick before not, each user before all users. */
static inline u64 part_key(bool quick, u32 uid)
{
	return (u64)!quick << 32 | uid;
}

static inline int compare_groups(const struct rule_key *a,
				 const struct rule_key *b)
{
	if (a->prot != b->prot)
		return (int)a->prot - (int)b->prot;
	return (int)a->direction - (int)b->direction;
}

static inline u32 hash_finish(u32 hash, enum rule_form form, u8 class)
{
	hash = (hash ^ (class << 8 | form)) * 0x85ebca6bu;
	return hash ^ hash >> 15;
}

struct index_slot *rule_index_slot(const struct rule_index *index, u32 hash,
				   enum rule_form form, u8 class,
				   const char *path, unsigned int length);

#endif /* E7_RULE_INDEX_ROWS_H */
