// SPDX-License-Identifier: GPL-2.0-only
#include "linux/shim.h"

int shim_allocations_left = -1;
long shim_live;

void *shim_alloc(size_t size, bool zero)
{
	if (!shim_allocations_left)
		return NULL;
	if (shim_allocations_left > 0)
		shim_allocations_left--;
	shim_live++;
	return zero ? calloc(1, size) : malloc(size);
}

void kvfree(const void *memory)
{
	if (memory)
		shim_live--;
	free((void *)memory);
}
