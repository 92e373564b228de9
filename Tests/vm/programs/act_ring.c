// SPDX-License-Identifier: GPL-2.0-or-later
/* What act does by io_uring: a ring of one request at a time. */
#define _GNU_SOURCE
#include "act.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	int fd;
	unsigned int flags;
	unsigned int *submit_tail, *submit_flags;
	unsigned int *complete_head, *complete_tail;
	struct io_uring_sqe *requests;
	struct io_uring_cqe *completions;
	unsigned int submit_mask, complete_mask;
} ring;

static char ring_bytes[4096];

/* FLAGS: of io_uring_setup(2) */
static long do_ring(struct act_call *call)
{
	struct io_uring_params params = {
		.flags = act_number(call, 1),
		.sq_thread_idle = 2000,
	};
	unsigned int *array;
	size_t size;
	char *rings;

	ring.fd = syscall(SYS_io_uring_setup, 4, &params);
	if (ring.fd < 0)
		return -1;
	/* One mapping holds both rings: IORING_FEAT_SINGLE_MMAP, 5.4. */
	size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	rings = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd,
		     IORING_OFF_SQ_RING);
	ring.requests = mmap(NULL, params.sq_entries * sizeof(struct io_uring_sqe),
			     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd,
			     IORING_OFF_SQES);
	if (rings == MAP_FAILED || ring.requests == MAP_FAILED)
		return -1;
	ring.flags = params.flags;
	ring.submit_tail = (void *)(rings + params.sq_off.tail);
	ring.submit_flags = (void *)(rings + params.sq_off.flags);
	ring.submit_mask = *(unsigned int *)(rings + params.sq_off.ring_mask);
	ring.complete_head = (void *)(rings + params.cq_off.head);
	ring.complete_tail = (void *)(rings + params.cq_off.tail);
	ring.complete_mask = *(unsigned int *)(rings + params.cq_off.ring_mask);
	ring.completions = (void *)(rings + params.cq_off.cqes);
	array = (void *)(rings + params.sq_off.array);
	for (unsigned int i = 0; i < params.sq_entries; i++)
		array[i] = i;
	return ring.fd;
}

/* FD: it becomes file 0 of the ring */
static long do_register(struct act_call *call)
{
	int fd = act_number(call, 1);

	return syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, &fd, 1);
}

static long ring_run(const struct io_uring_sqe *request)
{
	unsigned int tail = *ring.submit_tail, flags = IORING_ENTER_GETEVENTS, count = 1;
	struct io_uring_cqe completion;

	ring.requests[tail & ring.submit_mask] = *request;
	__atomic_store_n(ring.submit_tail, tail + 1, __ATOMIC_RELEASE);
	if (ring.flags & IORING_SETUP_SQPOLL) {
		count = 0;
		/* The kernel's thread sleeps where it says so. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (__atomic_load_n(ring.submit_flags, __ATOMIC_RELAXED) & IORING_SQ_NEED_WAKEUP)
			flags |= IORING_ENTER_SQ_WAKEUP;
	}
	if (syscall(SYS_io_uring_enter, ring.fd, count, 1, flags, NULL, 0) < 0)
		return -1;
	completion = ring.completions[*ring.complete_head & ring.complete_mask];
	__atomic_store_n(ring.complete_head, *ring.complete_head + 1, __ATOMIC_RELEASE);
	if (completion.res < 0) {
		errno = -completion.res;
		return -1;
	}
	return completion.res;
}

/* FLAGS FD ADDRESS PORT, FLAGS of a request */
static long do_ring_connect(struct act_call *call)
{
	struct sockaddr_storage to;
	struct io_uring_sqe request = {
		.opcode = IORING_OP_CONNECT,
		.flags = act_number(call, 1),
		.fd = act_number(call, 2),
		.off = act_address(call, 3, &to),
		.addr = (unsigned long)&to,
	};

	return ring_run(&request);
}

static long ring_transfer(struct act_call *call, unsigned char opcode)
{
	struct io_uring_sqe request = {
		.opcode = opcode,
		.flags = act_number(call, 1),
		.fd = act_number(call, 2),
		.addr = (unsigned long)ring_bytes,
		.len = act_number(call, 3),
	};

	return ring_run(&request);
}

/* FLAGS FD COUNT */
static long do_ring_send(struct act_call *call)
{
	return ring_transfer(call, IORING_OP_SEND);
}

/* FLAGS FD COUNT */
static long do_ring_recv(struct act_call *call)
{
	return ring_transfer(call, IORING_OP_RECV);
}

const struct act_entry act_rings[] = {
	{ "ring", 1, do_ring },
	{ "ring_register", 1, do_register },
	{ "ring_connect", 4, do_ring_connect },
	{ "ring_send", 3, do_ring_send },
	{ "ring_recv", 3, do_ring_recv },
	{ 0 },
};
