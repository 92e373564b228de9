/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of mixed shapes, the same ones in each run. */
#ifndef BENCH_SHAPE_H
#define BENCH_SHAPE_H

#include <stdio.h>
#include <time.h>

#include "../../kmod/rule_set.h"
#include "linux/shim.h"

enum { PATH_ROOM = 64 };

static u64 state = 7;

/* SplitMix64. */
static u64 draw(void)
{
	u64 z = state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static unsigned int below(unsigned int limit)
{
	return draw() % limit;
}

static long long nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* A program of so many; every eighth rule is about a folder, as many about any. */
static void draw_path(char *path, unsigned int programs)
{
	unsigned int program = below(programs);

	snprintf(path, PATH_ROOM, "/usr/lib/suite-%u/bin/program-%u", program / 16, program);
}

static void draw_remote(u8 *remote, u8 family)
{
	unsigned int i;

	memset(remote, 0, 16);
	for (i = 0; i < (family == 4 ? 4 : 16); i++)
		remote[i] = i ? draw() : family == 4 ? 10 + below(4) : 0xfd;
}

static void draw_rule(struct rule_match *match, char *path, unsigned int programs)
{
	static const u16 prots[] = { 6, 17, E7_PROT_ANY };
	unsigned int shape = below(8), bit;
	struct rule_key *key = &match->key;

	draw_path(path, programs);
	if (shape == 0)
		*path = '\0';
	if (shape == 1)
		strcpy(strrchr(path, '/'), "/");
	rule_match_init(match, path, strlen(path));
	key->prot = prots[below(3)];
	if (below(2)) {
		key->direction = 1 + below(2);
		key->family = below(2) ? 4 : 6;
		key->prefix = key->family == 4 ? 8 + below(25) : 16 + below(113);
		draw_remote(key->remote, key->family);
		for (bit = key->prefix; bit < 128; bit++)
			key->remote[bit / 8] &= ~(0x80 >> bit % 8);
	}
	if (below(2)) {
		key->port_first = below(60000);
		key->port_last = key->port_first + (below(2) ? 0 : below(5000));
	}
	if (!below(4))
		key->uid = 1000 + below(100);
	key->quick = !below(64);
}

#endif /* BENCH_SHAPE_H */
