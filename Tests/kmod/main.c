// SPDX-License-Identifier: GPL-2.0-only
/* usage: kmod-tests [SEED [ROUNDS]] */
#include <stdlib.h>
#include <time.h>

#include "check.h"

unsigned long check_passed, check_failed;
uint64_t check_seed;
static uint64_t state;

uint64_t check_random(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 0) : 20000;

	check_seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
	state = check_seed;
	printf("seed %llu, %lu rounds\n", (unsigned long long)check_seed, rounds);

	test_schema();
	test_prot();
	test_prot_ip();
	test_rule_path();
	test_rule_class();
	test_rule_worked();
	test_rule_worked_remotes();
	test_rule_terms();
	test_rule_comment();
	test_rule_remote();
	test_rule_ends();
	test_rule_memory();
	test_rule_shrink();
	test_rule_sort();
	test_rule_ports();
	test_rule_model(rounds);
	/* The first to evict: it knows where the search for room begins. */
	test_ksc_model(rounds);
	test_ksc_parameter();
	test_ksc_limit();
	test_ksc_memory();
	test_ksc_flood();
	test_ksc_linger();
	test_ksc_sock();
	test_ksc_clock();
	test_ksc_spread();
	test_ksc_halves();
	test_flow();
	test_pair();
	test_umh();
	test_flow_model(rounds);

	printf("%lu passed, %lu failed\n", check_passed, check_failed);
	return check_failed != 0;
}
