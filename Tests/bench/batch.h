/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times batches of one operation and prints the median and the smallest time
 * of an operation in nanoseconds.  Under `tools/vm --icount` a nanosecond is an
 * instruction.
 */
#ifndef E7_BENCH_BATCH_H
#define E7_BENCH_BATCH_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mark.h"

enum { BATCHES = 101 };

static inline void must(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "%s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static inline long long nanoseconds(void)
{
	struct timespec now;

	must(clock_gettime(CLOCK_MONOTONIC, &now) == 0, "clock_gettime");
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static inline int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * Calls once() `size` times a batch, and between() after each batch, outside
 * the time.  The first batches, which fill caches and tables, do not count.
 */
static inline void run_batches(int size, void (*once)(void), void (*between)(void))
{
	static double times[BATCHES];

	for (int batch = -300; batch < BATCHES; batch++) {
		const long long start = nanoseconds();

		for (int i = 0; i < size; i++) {
			mark(MARK_BEGIN);
			once();
			mark(MARK_END);
		}
		if (batch >= 0)
			times[batch] = (double)(nanoseconds() - start) / size;
		between();
	}
	mark(MARK_TELL);
	qsort(times, BATCHES, sizeof(times[0]), ascending);
	printf("%.0f %.0f\n", times[BATCHES / 2], times[0]);
}

#endif
