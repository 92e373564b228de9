// SPDX-License-Identifier: GPL-2.0-only
/* What is remembered of a socket and a remote end, and whose is forgotten. */
#include <string.h>

#include "../../kmod/pair.h"
#include "check.h"
#include "linux/shim.h"
#include "linux/shim_kernel.h"

/* Slots of the table: rows of four. */
#define SLOTS (4 << 12)

static struct pair_key key_of(u64 cookie, u64 n)
{
	return (struct pair_key) { .cookie = cookie, .remote = { n, ~n },
				   .kind = 17 << 8 | 2 };
}

static bool knows(u64 cookie, u64 n, u64 verdict)
{
	struct pair_key key = key_of(cookie, n);
	struct pair pair;

	return pair_find(&key, &pair) && pair.quiet == verdict &&
	       pair.owner == cookie && pair.began == 1 + n % 2;
}

static void learn(u64 cookie, u64 n, u64 verdict, uid_t uid)
{
	struct pair_key key = key_of(cookie, n);
	struct pair pair = { .quiet = verdict, .owner = cookie,
			     .began = 1 + n % 2 };

	jiffies++;
	pair_learn(&key, &pair, uid);
}

static unsigned int count_known(u64 cookie, u64 count)
{
	unsigned int known = 0;
	u64 n;

	for (n = 0; n < count; n++)
		known += knows(cookie, n, n);
	return known;
}

void test_pair(void)
{
	struct pair_key key = key_of(1, 1);
	struct pair pair;
	unsigned int few;
	u64 n;

	CHECK(pair_init() == 0);
	CHECK(!pair_find(&key, &pair));
	learn(1, 1, 7, 1000);
	CHECK(knows(1, 1, 7) && !knows(1, 2, 7) && !knows(2, 1, 7));
	/* The same again is another verdict in the same place. */
	learn(1, 1, 8, 1000);
	CHECK(knows(1, 1, 8));
	key.kind ^= 1ull << 32;
	CHECK(!pair_find(&key, &pair));
	pair_exit();

	/* Somebody who has few of them keeps them, whatever somebody else does. */
	CHECK(pair_init() == 0);
	for (n = 0; n < SLOTS / 16; n++)
		learn(1, n, n, 1000);
	few = count_known(1, SLOTS / 16);
	CHECK(few > SLOTS / 16 * 99 / 100, "%u", few);
	for (n = 0; n < 20 * SLOTS; n++)
		learn(2, n, n, 2000);
	CHECK(count_known(1, SLOTS / 16) >= few * 9 / 10, "%u of %u",
	      count_known(1, SLOTS / 16), few);
	/* And whoever comes then finds a place. */
	learn(3, 5, 5, 3000);
	CHECK(knows(3, 5, 5));
	pair_exit();
	CHECK(!shim_live, "%ld left", shim_live);

	shim_allocations_left = 0;
	CHECK(pair_init() == -ENOMEM);
	shim_allocations_left = -1;
}
