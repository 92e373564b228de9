// SPDX-License-Identifier: GPL-2.0-only
#include "linux/shim.h"

int shim_allocations_left = -1;
bool shim_fails_once;
long shim_live;

void *shim_alloc(size_t size, bool zero)
{
	void *memory;

	if (!shim_allocations_left) {
		if (shim_fails_once)
			shim_allocations_left = -1;
		return NULL;
	}
	if (shim_allocations_left > 0)
		shim_allocations_left--;
	/* As the kernel does, for what is laid out by lines of the cache. */
	if (posix_memalign(&memory, 64, size))
		abort();
	shim_live++;
	return memset(memory, zero ? 0 : 0xa5, size);
}

void kvfree(const void *memory)
{
	if (memory)
		shim_live--;
	free((void *)memory);
}
