/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks that count themselves and go on; the last line is the sum. */
#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>
#include <stdio.h>

extern unsigned long check_passed, check_failed;
extern uint64_t check_seed;

#define CHECK(condition, ...) do { \
	if (condition) { \
		check_passed++; \
	} else { \
		check_failed++; \
		fprintf(stderr, "%s:%d: %s:", __FILE__, __LINE__, #condition); \
		fprintf(stderr, " " __VA_ARGS__); \
		fprintf(stderr, " (seed %llu)\n", \
			(unsigned long long)check_seed); \
	} \
} while (0)

/* SplitMix64: the same numbers for the same seed, everywhere. */
uint64_t check_random(void);
static inline unsigned int check_below(unsigned int limit)
{
	return check_random() % limit;
}

/*
 * How a hash with a secret factor spreads regular keys is judged by many
 * secrets: a multiplication is no random function, and one secret in six hundred
 * gives a slot more than CHECK_CROWD times its share.  That more than
 * CHECK_UNLUCKY of CHECK_SECRETS do so by chance is one run in a million.
 */
#define CHECK_SECRETS 32
#define CHECK_UNLUCKY 3
#define CHECK_CROWD 16

void test_rule_path(void);
void test_rule_class(void);
void test_rule_worked(void);
void test_rule_worked_remotes(void);
void test_rule_terms(void);
void test_rule_comment(void);
void test_rule_remote(void);
void test_rule_ends(void);
void test_rule_shrink(void);
void test_rule_sort(void);
void test_rule_ports(void);
void test_rule_model(unsigned long rounds);
void test_rule_memory(void);
void test_prot(void);
void test_prot_ip(void);
void test_schema(void);
void test_ksc_parameter(void);
void test_ksc_limit(void);
void test_ksc_memory(void);
void test_ksc_flood(void);
void test_ksc_linger(void);
void test_ksc_sock(void);
void test_ksc_clock(void);
void test_ksc_spread(void);
void test_ksc_halves(void);
void test_ksc_model(unsigned long rounds);
void test_flow(void);
void test_pair(void);
void test_umh(void);
void test_flow_model(unsigned long rounds);

#endif /* CHECK_H */
