// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What act does about itself: what it runs, whom it shares with, what it sees,
 * and what it pretends to be.
 */
#define _GNU_SOURCE
#include "act.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The descriptor that came with the command */
static long do_take(struct act_call *call)
{
	return call->taken;
}

/* FD: goes with the answer */
static long do_hand(struct act_call *call)
{
	call->given = act_number(call, 1);
	return 0;
}

/* PATH: its answer is the new program's */
static long do_exec(struct act_call *call)
{
	char *arguments[] = { call->words[1], NULL };

	return execv(call->words[1], arguments);
}

/* FD */
static long do_exec_fd(struct act_call *call)
{
	char *arguments[] = { "fd", NULL };

	return fexecve(act_number(call, 1), arguments, environ);
}

/* NAME PATH: a memfd with what PATH holds */
static long do_memfd(struct act_call *call)
{
	int from = open(call->words[2], O_RDONLY), to = memfd_create(call->words[1], 0);
	char bytes[65536];
	ssize_t count;

	if (from < 0 || to < 0)
		return -1;
	while ((count = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, count) != count)
			return -1;
	close(from);
	return to;
}

/* PATH FLAGS */
static long do_open(struct act_call *call)
{
	return open(call->words[1], act_number(call, 2));
}

static void *thread_main(void *channel)
{
	act_serve((long)channel);
	return NULL;
}

/* A thread that listens on the descriptor that came */
static long do_thread(struct act_call *call)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, thread_main, (void *)(long)call->taken);
	return errno ? -1 : 0;
}

/* FLAGS: a process that listens on the descriptor that came; FLAGS of clone(2) */
static long do_fork(struct act_call *call)
{
	long flags = act_number(call, 1), pid;

	pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid) {
		/* With CLONE_FILES it is the child's as well. */
		if (!(flags & CLONE_FILES))
			close(call->taken);
		return pid;
	}
	/* Where a program that it executes looks for its channel. */
	if (!(flags & CLONE_FILES)) {
		dup2(call->taken, 0);
		act_serve(0);
	} else {
		act_serve(call->taken);
	}
	_exit(0);
}

/* COUNT PATH ADDRESS PORT: so many processes `PATH once ADDRESS PORT` at once */
static long do_storm(struct act_call *call)
{
	char *arguments[] = { call->words[2], "once", call->words[3], call->words[4], NULL };
	long count = act_number(call, 1), i;
	int gate[2], all[2];
	char byte;

	/* gate holds them until all are there; all ends when they have. */
	if (pipe(gate) || pipe(all))
		return -1;
	for (i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return -1;
		if (pid)
			continue;
		close(gate[1]);
		if (read(gate[0], &byte, 1))
			_exit(1);
		execv(call->words[2], arguments);
		_exit(1);
	}
	close(all[1]);
	close(gate[1]);
	close(gate[0]);
	if (read(all[0], &byte, 1))
		return -1;
	close(all[0]);
	return count;
}

/* FLAGS */
static long do_unshare(struct act_call *call)
{
	return unshare(act_number(call, 1));
}

/* SOURCE TARGET TYPE FLAGS */
static long do_mount(struct act_call *call)
{
	return mount(call->words[1], call->words[2], call->words[3], act_number(call, 4), NULL);
}

/* TARGET: what is open there stays */
static long do_unmount(struct act_call *call)
{
	return umount2(call->words[1], MNT_DETACH);
}

/* PATH: the root, its old one goes */
static long do_pivot_root(struct act_call *call)
{
	if (chdir(call->words[1]) || syscall(SYS_pivot_root, ".", ".") ||
	    umount2(".", MNT_DETACH))
		return -1;
	return chdir("/");
}

/* PATH */
static long do_chroot(struct act_call *call)
{
	return chroot(call->words[1]) ? -1 : chdir("/");
}

/* ID */
static long do_setuid(struct act_call *call)
{
	return setgid(act_number(call, 1)) ? -1 : setuid(act_number(call, 1));
}

static long do_exit(struct act_call *call)
{
	(void)call;
	_exit(0);
}

/* ---- pretending to run another file ---- */

/*
 * Nothing of its file stays mapped: the kernel takes another exe_file only
 * then.  Each mapping is replaced by its copy in one step, this code's too.
 */
static int forge_detach(void)
{
	char line[512], self[256], mapped[256], mode[5];
	unsigned long begin, end;
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	FILE *maps = fopen("/proc/self/maps", "r");
	void *copy;
	int access;

	if (length < 0 || !maps)
		return -1;
	self[length] = '\0';
	while (fgets(line, sizeof(line), maps)) {
		mapped[0] = '\0';
		if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %255s", &begin, &end, mode, mapped) < 3 ||
		    strcmp(mapped, self))
			continue;
		access = (mode[0] == 'r' ? PROT_READ : 0) | (mode[1] == 'w' ? PROT_WRITE : 0) |
			 (mode[2] == 'x' ? PROT_EXEC : 0);
		copy = mmap(NULL, end - begin, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
		if (copy == MAP_FAILED)
			return -1;
		memcpy(copy, (void *)begin, end - begin);
		if (mprotect(copy, end - begin, access) ||
		    mremap(copy, end - begin, end - begin, MREMAP_MAYMOVE | MREMAP_FIXED,
			   begin) == MAP_FAILED)
			return -1;
	}
	fclose(maps);
	return 0;
}

/* What the kernel knows of this memory already, to be said again. */
static int forge_layout(struct prctl_mm_map *map)
{
	unsigned long long number[64] = { 0 };
	char text[2048], *field;
	FILE *stat = fopen("/proc/self/stat", "r");
	int i;

	if (!stat || !fgets(text, sizeof(text), stat))
		return -1;
	fclose(stat);
	/* proc(5) counts from 1; the third follows the name in parentheses. */
	field = strrchr(text, ')') + 2;
	for (i = 3; field && i < 53; i++) {
		number[i] = strtoull(field, NULL, 10);
		field = strchr(field, ' ');
		field = field ? field + 1 : NULL;
	}
	*map = (struct prctl_mm_map) {
		.start_code = number[26], .end_code = number[27],
		.start_data = number[45], .end_data = number[46],
		.start_brk = number[47],  .brk = (unsigned long)sbrk(0),
		.start_stack = number[28],
		.arg_start = number[48],  .arg_end = number[49],
		.env_start = number[50],  .env_end = number[51],
	};
	return 0;
}

struct forgery {
	struct prctl_mm_map map;
	int error;
};

static int forge_main(void *argument)
{
	struct forgery *forgery = argument;

	forgery->error = 0;
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &forgery->map, sizeof(forgery->map), 0))
		forgery->error = errno;
	return 0;
}

static int forge_prepare(const struct act_call *call, struct forgery *forgery)
{
	int fd = open(call->words[1], O_RDONLY);

	if (fd < 0 || forge_layout(&forgery->map) || forge_detach())
		return -1;
	forgery->map.exe_fd = fd;
	return 0;
}

/* PATH: /proc/self/exe leads there; needs a user namespace of one's own */
static long do_forge(struct act_call *call)
{
	struct forgery forgery;

	if (forge_prepare(call, &forgery) || unshare(CLONE_NEWUSER))
		return -1;
	forge_main(&forgery);
	errno = forgery.error;
	return errno ? -1 : 0;
}

/* PATH: the same, by a child in a user namespace of its own that shares the memory */
static long do_forge_shared(struct act_call *call)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct forgery forgery = { .error = ECHILD };
	pid_t pid;

	if (forge_prepare(call, &forgery))
		return -1;
	/* CLONE_VFORK: the parent waits until it is gone. */
	pid = clone(forge_main, stack + sizeof(stack),
		    CLONE_VM | CLONE_VFORK | CLONE_NEWUSER | SIGCHLD, &forgery);
	if (pid < 0)
		return -1;
	errno = forgery.error;
	return errno ? -1 : 0;
}

const struct act_entry act_selves[] = {
	{ "take", 0, do_take },         { "hand", 1, do_hand },
	{ "exec", 1, do_exec },         { "exec_fd", 1, do_exec_fd },
	{ "memfd", 2, do_memfd },       { "open", 2, do_open },
	{ "thread", 0, do_thread },     { "fork", 1, do_fork },
	{ "storm", 4, do_storm },       { "unshare", 1, do_unshare },
	{ "mount", 4, do_mount },       { "unmount", 1, do_unmount },
	{ "pivot_root", 1, do_pivot_root },
	{ "chroot", 1, do_chroot },     { "setuid", 1, do_setuid },
	{ "exit", 0, do_exit },         { "forge", 1, do_forge },
	{ "forge_shared", 1, do_forge_shared },
	{ 0 },
};
