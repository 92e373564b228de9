// SPDX-License-Identifier: GPL-2.0-only
/*
 * asc_: the active-socket cache, filled by walking the descriptors of all
 * processes.  It finds the owners of sockets that are older than the module,
 * and of those that another process was left with: its findings go to ksc_.
 *
 * A walk runs in a work item, one at a time, process by process and a few
 * descriptors at a time.  Whoever misses an owner asks for a walk and gets its
 * number; while that one has not ended the owner is being looked for, and
 * afterwards nobody holds the socket.  Walks begin ASC_PAUSE apart, so that
 * any number of misses cost one.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "asc.h"
#include "ksc.h"
#include "listen.h"
#include "psi.h"
#include "stat.h"

#define ASC_PAUSE HZ
/* Descriptors looked at under one hold of a process's locks. */
#define ASC_BATCH 256

static struct workqueue_struct *asc_wq;
/* Numbers of walks, from 1 on; they wrap. */
static u32 asc_begun;
static u32 asc_ended;
static unsigned long asc_last;	/* jiffies */

static void asc_walk(struct work_struct *work);
static DECLARE_DELAYED_WORK(asc_work, asc_walk);

struct asc_batch {
	struct psi_proc *proc;
	unsigned int end;
	u32 walk;
};

/* Asks for a walk; returns the number of one that begins after this. */
u32 asc_want(void)
{
	unsigned long due = READ_ONCE(asc_last) + ASC_PAUSE;
	unsigned long now = jiffies;
	/* A walk that has begun may have been past the socket already. */
	u32 walk = smp_load_acquire(&asc_begun) + 1;

	queue_delayed_work(asc_wq, &asc_work,
			   time_before(now, due) ? due - now : 0);
	return walk;
}

/* Whether a walk with this number or a later one has ended. */
bool asc_is_done(u32 walk)
{
	return !ksc_before(smp_load_acquire(&asc_ended), walk);
}

/* Whether two processes hold it that do not run the same program. */
static bool asc_is_shared(const struct psi_proc *a, const struct psi_proc *b)
{
	return a->image != b->image &&
	       (!psi_exe_of(a) || psi_exe_of(a) != psi_exe_of(b));
}

/* The process of the batch holds this socket. */
static void asc_found(struct sock *sk, const struct asc_batch *batch)
{
	struct ksc_entry *entry = ksc_find(ksc_cookie(sk));

	if (entry && entry->walk == batch->walk) {
		/* A holder was found in this walk already. */
		if (entry->proc && asc_is_shared(entry->proc, batch->proc))
			ksc_learn(sk, NULL, E7_STAT_SHARED, batch->walk);
		return;
	}
	if (entry && entry->proc && !READ_ONCE(entry->proc->over))
		return;
	if (ksc_learn(sk, batch->proc, E7_STAT_WALKED, batch->walk))
		stat_count(E7_STAT_WALKED);
}

/* iterate_fd() holds file_lock, and the caller the task's. */
static int asc_descriptor(const void *context, struct file *file,
			  unsigned int descriptor)
{
	const struct asc_batch *batch = context;
	struct socket *sock = compat_sock_from_file(file);
	struct sock *sk = sock ? sock->sk : NULL;

	if (sk && !sk->sk_kern_sock &&
	    (sk->sk_family == AF_INET || sk->sk_family == AF_INET6)) {
		asc_found(sk, batch);
		if (READ_ONCE(sk->sk_state) == TCP_LISTEN)
			listen_learn(sk);
	}
	return descriptor >= batch->end ? descriptor + 1 : 0;
}

static void asc_walk_task(struct task_struct *task, u32 walk)
{
	struct asc_batch batch = { .walk = walk };
	int next = 0;

	rcu_read_lock();
	batch.proc = psi_of(task);
	if (batch.proc && !psi_proc_get(batch.proc))
		batch.proc = NULL;
	rcu_read_unlock();
	if (!batch.proc)
		return;

	do {
		batch.end = next + ASC_BATCH;
		rcu_read_lock();
		task_lock(task);
		next = task->files ? iterate_fd(task->files, next,
						asc_descriptor, &batch) : 0;
		task_unlock(task);
		rcu_read_unlock();
		cond_resched();
	} while (next);
	psi_proc_put(batch.proc);
}

struct asc_tasks {
	struct task_struct **tasks;	/* each referenced */
	unsigned int count;
	bool complete;
};

/*
 * The tasks whose descriptors are worth a look: one of each thread group, and
 * the threads that have descriptors of their own.
 */
static bool asc_collect(struct asc_tasks *all)
{
	struct task_struct *group, *task;
	unsigned int room = 0;

	rcu_read_lock();
	for_each_process(group)
		room++;
	rcu_read_unlock();
	room += room / 4 + 64;
	*all = (struct asc_tasks) { .complete = true };
	all->tasks = kvmalloc_array(room, sizeof(*all->tasks), GFP_KERNEL);
	if (!all->tasks)
		return false;

	rcu_read_lock();
	for_each_process(group) {
		if (group->flags & PF_KTHREAD)
			continue;
		for_each_thread(group, task) {
			if (task != group &&
			    READ_ONCE(task->files) == READ_ONCE(group->files))
				continue;
			if (all->count == room) {
				all->complete = false;
				goto out;
			}
			get_task_struct(task);
			all->tasks[all->count++] = task;
		}
	}
out:
	rcu_read_unlock();
	return true;
}

static void asc_walk(struct work_struct *work)
{
	u32 walk = asc_begun + 1;
	struct asc_tasks all;
	unsigned int i;

	WRITE_ONCE(asc_last, jiffies);
	smp_store_release(&asc_begun, walk);
	if (asc_collect(&all)) {
		for (i = 0; i < all.count; i++) {
			asc_walk_task(all.tasks[i], walk);
			put_task_struct(all.tasks[i]);
		}
		kvfree(all.tasks);
		if (all.complete)
			psi_all_seen();
	}
	stat_count(E7_STAT_WALKS);
	smp_store_release(&asc_ended, walk);
}

/* After the probes stand, so that no socket is made unseen by both. */
int asc_init(void)
{
	asc_wq = alloc_workqueue("e7_asc", WQ_UNBOUND, 1);
	if (!asc_wq)
		return -ENOMEM;
	asc_last = jiffies - ASC_PAUSE;
	asc_want();
	return 0;
}

/* After the last packet. */
void asc_exit(void)
{
	cancel_delayed_work_sync(&asc_work);
	destroy_workqueue(asc_wq);
}
