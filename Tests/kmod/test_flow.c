// SPDX-License-Identifier: GPL-2.0-only
/* The flow table against what was last learnt for each key. */
#include <string.h>

#include "../../kmod/factor.h"
#include "../../kmod/flow.h"
#include "check.h"
#include "linux/shim_kernel.h"

#define SLOTS (1u << FLOW_BITS)
/* Keys that meet in few slots, so that they are in each other's way. */
#define GROUPS 4
#define GROUP 4

static struct flow_key keys[GROUPS][GROUP];
/* What the slot of a group holds: whose key, and since when. */
static struct {
	unsigned int owner;
	u64 cookie;	/* 0: nothing yet */
} held[GROUPS];
static u64 last_cookie;

static long live_before;

static void start(void)
{
	live_before = shim_live;
	CHECK(flow_init() == 0);
}

static void stop(void)
{
	flow_exit();
	CHECK(shim_live == live_before);
}

/* One that differs from `like` in one word and meets it in its slot. */
static struct flow_key meeting(const struct flow_key *like, unsigned int word)
{
	const struct flow_slot *slot = flow_slot_of(like);
	struct flow_key key = *like;
	u64 *words = (u64 *)&key;

	do {
		words[word]++;
	} while (flow_slot_of(&key) != slot);
	return key;
}

/* ---- one key, and those that are almost the same ---- */

#define WORDS (sizeof(struct flow_key) / sizeof(u64))

static void test_flow_key(void)
{
	struct flow_key key, other;
	unsigned int word;

	for (word = 0; word < WORDS; word++) {
		memset(&key, 0, sizeof(key));
		key.kind = 1;
		other = meeting(&key, word);
		flow_learn(&key, 5);
		CHECK(flow_cookie(&key) == 5 && flow_cookie(&other) == 0, "%u",
		      word);
		flow_learn(&other, 6);
		CHECK(flow_cookie(&key) == 0 && flow_cookie(&other) == 6, "%u",
		      word);
		flow_learn(&other, 7);
		CHECK(flow_cookie(&other) == 7, "%u", word);
	}
}

/* ---- what another processor does in the midst of it ---- */

static struct flow_key ours, theirs;
static u64 seen_ours, seen_theirs;

static void learn_theirs(void)
{
	flow_learn(&theirs, 200);
}

static void learn_ours(void)
{
	flow_learn(&ours, 201);
}

static void look(void)
{
	seen_ours = flow_cookie(&ours);
	seen_theirs = flow_cookie(&theirs);
}

/* Runs at the barrier after this many others. */
static void (*at_barrier)(void);
static unsigned int barriers;

static void count_barriers(void)
{
	if (barriers--)
		shim_elsewhere = count_barriers;
	else
		at_barrier();
}

static void meanwhile(unsigned int barrier, void (*function)(void))
{
	barriers = barrier;
	at_barrier = function;
	shim_elsewhere = count_barriers;
}

static void test_flow_race(void)
{
	static void (*const writers[])(void) = { learn_theirs, learn_ours };
	struct flow_slot *slot;
	unsigned int barrier, i;
	u64 cookie;

	ours = (struct flow_key) { .kind = 2 };
	theirs = meeting(&ours, 3);
	slot = flow_slot_of(&ours);

	/* A whole write between two steps of a look-up. */
	for (barrier = 0; barrier < 2; barrier++) {
		for (i = 0; i < ARRAY_SIZE(writers); i++) {
			flow_learn(&ours, 100);
			meanwhile(barrier, writers[i]);
			CHECK(flow_cookie(&ours) == 0, "%u", barrier);
			CHECK(!shim_elsewhere);
			flow_learn(&theirs, 99);
			meanwhile(0, writers[i]);
			cookie = flow_cookie(&ours);
			CHECK(cookie == 0, "%llu", (unsigned long long)cookie);
		}
	}
	/* A look-up, or a second write, in the midst of a write. */
	for (barrier = 1; barrier < 3; barrier++) {
		flow_learn(&theirs, 100);
		seen_ours = seen_theirs = 1;
		meanwhile(barrier, look);
		flow_learn(&ours, 101);
		CHECK(seen_ours == 0 && seen_theirs == 0, "%u", barrier);
		CHECK(flow_cookie(&ours) == 101);

		meanwhile(barrier, learn_theirs);
		flow_learn(&ours, 102);
		CHECK(flow_cookie(&ours) == 102 && flow_cookie(&theirs) == 0);
	}
	/* Another was first by a moment. */
	meanwhile(0, learn_theirs);
	flow_learn(&ours, 103);
	CHECK(flow_cookie(&ours) == 0 && flow_cookie(&theirs) == 200);

	/* A write that stands still, with what it has written so far. */
	flow_learn(&ours, 104);
	slot->seq++;
	CHECK(flow_cookie(&ours) == 0);
	slot->key = theirs;
	CHECK(flow_cookie(&ours) == 0 && flow_cookie(&theirs) == 0);
	flow_learn(&ours, 105);
	CHECK(slot->cookie == 104 && flow_cookie(&ours) == 0);
	slot->cookie = 106;
	slot->seq++;
	CHECK(flow_cookie(&theirs) == 106 && flow_cookie(&ours) == 0);

	/* The number wraps like any other. */
	slot->seq = -2;
	flow_learn(&ours, 107);
	CHECK(slot->seq == 0 && flow_cookie(&ours) == 107);
}

/* ---- many keys, at random ---- */

static unsigned int raced_group, raced_key;
static u64 raced_cookie;

static void race(void)
{
	raced_cookie = ++last_cookie;
	flow_learn(&keys[raced_group][raced_key], raced_cookie);
	held[raced_group].owner = raced_key;
	held[raced_group].cookie = raced_cookie;
}

static u64 due(unsigned int group, unsigned int key)
{
	return held[group].owner == key ? held[group].cookie : 0;
}

static void step(void)
{
	unsigned int group = check_below(GROUPS), key = check_below(GROUP);
	u64 cookie, before = due(group, key);

	raced_group = group;
	raced_key = check_below(GROUP);
	raced_cookie = 0;
	switch (check_below(4)) {
	case 0:
		CHECK(flow_cookie(&keys[group][key]) == before);
		break;
	case 1:
		meanwhile(check_below(2), race);
		cookie = flow_cookie(&keys[group][key]);
		/* What was right at its beginning, or nothing. */
		CHECK(cookie == 0 || cookie == before);
		shim_elsewhere = NULL;
		break;
	case 2:
		/* Before the slot is taken: who comes second goes without. */
		meanwhile(0, race);
		flow_learn(&keys[group][key], ++last_cookie);
		CHECK(raced_cookie && !shim_elsewhere);
		CHECK(flow_cookie(&keys[group][key]) == due(group, key));
		break;
	default:
		held[group].owner = key;
		held[group].cookie = ++last_cookie;
		flow_learn(&keys[group][key], last_cookie);
		CHECK(flow_cookie(&keys[group][key]) == last_cookie);
	}
}

/* One whose slot none of the groups before has. */
static struct flow_key apart_from(unsigned int groups)
{
	struct flow_key key = { .net = 1 };
	unsigned int group = 0;

	while (group < groups) {
		if (flow_slot_of(&key) == flow_slot_of(&keys[group][0])) {
			key.kind++;
			group = 0;
		} else {
			group++;
		}
	}
	return key;
}

/* Finding them takes longer than all the rest: once will do. */
static void make_keys(void)
{
	static u64 factor;
	unsigned int group, key;

	if (factor) {
		flow_factor = factor;
		return;
	}
	factor = flow_factor = factor_of(check_random());
	for (group = 0; group < GROUPS; group++) {
		keys[group][0] = apart_from(group);
		for (key = 1; key < GROUP; key++)
			keys[group][key] = meeting(&keys[group][key - 1],
						   (group + key) % WORDS);
	}
}

void test_flow_model(unsigned long rounds)
{
	unsigned int group, key;
	unsigned long round;

	start();
	make_keys();
	memset(held, 0, sizeof(held));
	for (round = 0; round < rounds; round++)
		step();
	for (group = 0; group < GROUPS; group++)
		for (key = 0; key < GROUP; key++)
			CHECK(flow_cookie(&keys[group][key]) == due(group, key));
	stop();
}

/* ---- the hash ---- */

#define FLOWS (4 * SLOTS)

static struct flow_key tcp4(u32 local, u32 remote, u16 local_port,
			    u16 remote_port)
{
	return (struct flow_key) {
		.local = { htonl(local) }, .remote = { htonl(remote) },
		.net = 0xffff888012345600,
		.kind = flow_kind(2, IPPROTO_TCP,
				  flow_ports(htons(remote_port),
					     htons(local_port))) };
}

static struct flow_key flow_number(unsigned int kind, unsigned int n)
{
	struct flow_key key = tcp4(0x7f000001, 0x0a000001, 32768, 443);

	switch (kind) {
	case 0:	/* local ports, then remote ones */
		return tcp4(0x7f000001, 0x7f000001, 32768 + n % 28000,
			    443 + n / 28000);
	case 1:	/* remote ports */
		return tcp4(0x0a000001, 0x0a000002, 443, n);
	case 2:	/* remote addresses */
		return tcp4(0x0a000001, 0xc0000000 + n, 443, 50000);
	case 3:	/* local addresses, as 127/8 has them */
		return tcp4(0x7f000001 + n, 0x7f000001 + n, 443, 50000);
	case 4:	/* both together */
		return tcp4(0x0a000001, 0xc0000000 + n / 256, 443, 1024 + n % 256);
	case 5:	/* IPv6 hosts of one network */
		key.remote[0] = 0x20010db8;
		key.remote[1] = htonl(n) * (1ull << 32);
		break;
	case 6:	/* IPv6 networks */
		key.remote[0] = htonl(n) * (1ull << 32);
		key.remote[1] = 1;
		break;
	default:	/* network namespaces */
		key.net += n * 4096ull;
	}
	return key;
}

/* The most that a slot gets of the flows of one kind, by a secret of its own. */
static unsigned int fullest(unsigned int kind)
{
	static unsigned int counts[SLOTS];
	unsigned int n, most = 0;

	memset(counts, 0, sizeof(counts));
	flow_factor = factor_of(check_random());
	for (n = 0; n < FLOWS; n++) {
		struct flow_key key = flow_number(kind, n);
		unsigned int *count = &counts[flow_slot_of(&key) - flow_table];

		if (++*count > most)
			most = *count;
	}
	return most;
}

static void test_flow_spread(void)
{
	unsigned int kind, secret, crowded;

	for (kind = 0; kind < 8; kind++) {
		for (crowded = 0, secret = 0; secret < CHECK_SECRETS; secret++)
			crowded += fullest(kind) > CHECK_CROWD * (FLOWS / SLOTS);
		CHECK(crowded <= CHECK_UNLUCKY, "%u of kind %u", crowded, kind);
	}
}

void test_flow(void)
{
	live_before = shim_live;
	shim_allocations_left = 0;
	CHECK(flow_init() == -ENOMEM);
	shim_allocations_left = -1;
	CHECK(shim_live == live_before);

	start();
	flow_factor = factor_of(check_random());
	test_flow_key();
	test_flow_race();
	test_flow_spread();
	stop();
}
