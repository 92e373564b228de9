// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traffic of all kinds, for tools/storm: copies of this program, each a file of
 * its own, talk to each other by whatever protocol the kernel has, fork, exec,
 * pass sockets and go away in the middle of it.  Linked statically.
 *
 *	storm run FOLDER SEED INDEX SECONDS RESTS ADDRESS...
 *		serves at its port and talks to the others' at ADDRESS..., and rests
 *		RESTS times as long as that took a processor
 *	storm steps FOLDER SEED FD COUNT ADDRESS...
 *		so many steps, the first of them on a socket that it was left
 *	storm report FOLDER
 *		what all of them did: a line "NAME DONE FAILED LACKING" for each step
 *
 * FOLDER holds STORM_PROGRAMS copies of this program, p0, p1, ..., and the file
 * `counts`, which they share.  What is drawn depends on SEED and INDEX alone;
 * what comes of it depends on everybody else.
 */
#define _GNU_SOURCE
#include "storm.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char *folder;
char **addresses;
int address_count;

/* ---- what came of it: a file that all share, of servers first and then of each step ---- */

static const char *const served_names[] = { "served", "reopened", "taken" };
static struct count *counts;

static struct count *counts_of_step(const struct step *step)
{
	return &counts[SERVEDS + (step - steps)];
}

static void count_at(struct count *count, enum outcome outcome)
{
	__atomic_add_fetch(&count->of[outcome], 1, __ATOMIC_RELAXED);
}

void count_step(const struct step *step, enum outcome outcome)
{
	count_at(counts_of_step(step), outcome);
}

void count_served(enum served what, enum outcome outcome)
{
	count_at(&counts[what], outcome);
}

static void open_counts(void)
{
	const struct step *last = steps;
	char path[4096];
	size_t size;
	int fd;

	while (last->name)
		last++;
	size = (SERVEDS + (last - steps)) * sizeof(*counts);
	snprintf(path, sizeof(path), "%s/counts", folder);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || ftruncate(fd, size)) {
		perror(path);
		exit(1);
	}
	counts = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (counts == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
}

/* ---- the program ---- */

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* Microseconds of a processor's time that this process and its children, which are over, took. */
static long long used(void)
{
	long long sum = 0;

	for (int who = RUSAGE_SELF; who >= RUSAGE_CHILDREN; who--) {
		struct rusage usage;

		getrusage(who, &usage);
		sum += (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL +
		       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
	}
	return sum;
}

/*
 * For each microsecond of a processor's that a program took, it leaves `rests`.  What
 * the kernel does by itself, to end a namespace or the module, waits for grace periods,
 * which a machine that is never idle, and slow besides, hardly comes to.
 */
static void rest(long long took, int rests)
{
	const long long left = took * rests;
	const struct timespec time = { left / 1000000, left % 1000000 * 1000 };

	nanosleep(&time, NULL);
}

static int run(uint64_t seed, int index, int seconds, int rests)
{
	time_t end = now() + seconds;
	pid_t self = getpid(), server = fork();

	if (!server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != self)
			_exit(1);
		sow(seed, index + STORM_PROGRAMS);
		serve(index);
	}
	sow(seed, index);
	while (now() < end) {
		const long long before = used();

		take_steps(1, true);
		rest(used() - before, rests);
	}
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return 0;
}

static void tell(const char *name, const struct count *count)
{
	printf("%s %llu %llu %llu\n", name, (unsigned long long)count->of[DONE],
	       (unsigned long long)count->of[FAILED], (unsigned long long)count->of[LACKING]);
}

static int report(void)
{
	const struct step *step;
	int what;

	for (step = steps; step->name; step++)
		tell(step->name, counts_of_step(step));
	for (what = 0; what < SERVEDS; what++)
		tell(served_names[what], &counts[what]);
	return 0;
}

int main(int argc, char **argv)
{
	bool runs;
	int fd, fixed;

	if (argc < 3)
		return 2;
	folder = argv[2];
	open_counts();
	if (argc == 3 && !strcmp(argv[1], "report"))
		return report();
	runs = !strcmp(argv[1], "run");
	fixed = runs ? 7 : 6;
	if (argc <= fixed)
		return 2;
	addresses = argv + fixed;
	address_count = argc - fixed;
	signal(SIGPIPE, SIG_IGN);
	if (runs)
		return run(strtoull(argv[3], NULL, 0), atoi(argv[4]), atoi(argv[5]), atoi(argv[6]));
	if (strcmp(argv[1], "steps"))
		return 2;
	sow(strtoull(argv[3], NULL, 0), 0);
	fd = atoi(argv[4]);
	if (fd >= 0)
		talk_on(fd);
	take_steps(atoi(argv[5]), false);
	return 0;
}
