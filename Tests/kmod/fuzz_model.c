// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer over the caches and the classifier beside their models: the first byte chooses one,
 * every choice that it makes is drawn from the rest.
 */
#include <stdlib.h>

#include "check.h"

unsigned long check_passed, check_failed;
uint64_t check_seed;

static const uint8_t *drawn, *drawn_end;

/* Two bytes, as many as any choice needs; behind the end, zeros. */
uint64_t check_random(void)
{
	uint64_t number;

	if (drawn_end - drawn < 2)
		return 0;
	number = drawn[0] | drawn[1] << 8;
	drawn += 2;
	return number;
}

/* A step draws about as many bytes. */
#define STEP_SIZE 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	drawn = data + 1;
	drawn_end = data + size;
	switch (data[0] % 3) {
	case 0:
		test_ksc_model(size / STEP_SIZE);
		break;
	case 1:
		test_flow_model(size / STEP_SIZE);
		break;
	case 2:
		test_rule_model(1);
		break;
	}
	if (check_failed)
		abort();
	return 0;
}
