/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of the kernel's library as the module's pure files use, on libc, so
 * that the very same source runs on the host under sanitizers.  Every header
 * that those files include is a link to this one in effect.
 */
#ifndef SHIM_H
#define SHIM_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

typedef u64 __be64;
#define be64_to_cpu(value) __builtin_bswap64(value)
#define U16_MAX UINT16_MAX
#define U32_MAX UINT32_MAX
#define max(a, b) ((a) > (b) ? (a) : (b))
#define WARN_ON(condition) do { if (condition) abort(); } while (0)

/* FNV-1a: any hash will do, as long as it is one of all the bytes. */
static inline u32 jhash(const void *key, size_t length, u32 seed)
{
	u32 hash = 0x811c9dc5u ^ seed;
	const u8 *byte = key;

	while (length--)
		hash = (hash ^ *byte++) * 0x01000193u;
	return hash ^ hash >> 15;
}

typedef struct {
	int count;
} refcount_t;

static inline void refcount_set(refcount_t *refs, int count)
{
	refs->count = count;
}

static inline void refcount_inc(refcount_t *refs)
{
	refs->count++;
}

static inline bool refcount_dec_and_test(refcount_t *refs)
{
	return --refs->count == 0;
}

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define swap(a, b) \
	do { \
		__typeof__(a) swapped = (a); \
\
		(a) = (b); \
		(b) = swapped; \
	} while (0)
#define max_t(type, a, b) ((type)(a) > (type)(b) ? (type)(a) : (type)(b))
#define struct_size(pointer, member, count) \
	(sizeof(*(pointer)) + sizeof((pointer)->member[0]) * (count))

static inline size_t roundup_pow_of_two(size_t n)
{
	size_t power = 1;

	while (power < n)
		power *= 2;
	return power;
}

#define GFP_KERNEL_ACCOUNT 0

/* Allocations until one fails; negative: none does. */
extern int shim_allocations_left;
/* Whether those after it succeed again. */
extern bool shim_fails_once;
/* Allocations that were not freed. */
extern long shim_live;

void *shim_alloc(size_t size, bool zero);
void kvfree(const void *memory);

#define kvzalloc(size, gfp) shim_alloc(size, true)
#define kvmalloc(size, gfp) shim_alloc(size, false)
#define kvmalloc_array(n, size, gfp) shim_alloc((n) * (size), false)

static inline void sort(void *base, size_t count, size_t size,
			int (*compare)(const void *, const void *), void *swap)
{
	(void)swap;
	qsort(base, count, size, compare);
}

#endif /* SHIM_H */
