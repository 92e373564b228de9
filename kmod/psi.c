// SPDX-License-Identifier: GPL-2.0-only
/*
 * psi_: who runs.  A process instance is (thread group, exec id); what it runs
 * is an image, see psi_exe.c.
 *
 * The table is hashed, read under RCU, and changed under one spinlock, taken
 * with interrupts off since probes take it too.  An instance is in the
 * table until its process is gone or has executed something else and nobody
 * refers to it; that is looked at when it ends, and every PSI_GC.
 */
#include <linux/binfmts.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include "psi.h"

#define PSI_BITS 12
#define PSI_GC (10 * HZ)
/* Threads of an ending process that are looked at. */
#define PSI_THREADS 32
#define PSI_ATOMIC (GFP_ATOMIC | __GFP_NOWARN)

static DEFINE_HASHTABLE(psi_procs, PSI_BITS);
static DEFINE_SPINLOCK(psi_proc_lock);
static unsigned int psi_proc_count;
static atomic64_t psi_last_serial = ATOMIC64_INIT(0);
static u64 psi_loaded;	/* ns since boot: when that began */
static bool psi_watched;	/* every start since then is seen */
static bool psi_seen_all;	/* and those before it have been looked at */

static struct workqueue_struct *psi_wq;

static void psi_gc(struct work_struct *work);
static DECLARE_DELAYED_WORK(psi_gc_work, psi_gc);

/* ---- instances ---- */

/* Whether it could be had: it may have ended meanwhile. */
bool psi_proc_get(struct psi_proc *proc)
{
	return refcount_inc_not_zero(&proc->refs);
}

/* The table's own reference goes last, so this never unhashes. */
void psi_proc_put(struct psi_proc *proc)
{
	if (!proc || !refcount_dec_and_test(&proc->refs))
		return;
	psi_image_put(proc->image);
	put_pid(proc->tgid);
	kfree_rcu(proc, rcu);
}

unsigned int psi_procs_count(void)
{
	return READ_ONCE(psi_proc_count);
}

static unsigned long psi_key(const struct pid *tgid, u64 exec_id)
{
	return (unsigned long)tgid ^ exec_id;
}

static struct psi_proc *psi_find(const struct pid *tgid, u64 exec_id)
{
	struct psi_proc *proc;

	hash_for_each_possible_rcu(psi_procs, proc, node,
				   psi_key(tgid, exec_id),
				   lockdep_is_held(&psi_proc_lock))
		if (proc->tgid == tgid && proc->exec_id == exec_id)
			return proc;
	return NULL;
}

/* Takes over the reference to image.  Under rcu_read_lock(). */
static struct psi_proc *psi_new(struct task_struct *task,
				struct psi_image *image)
{
	struct pid *tgid = task_tgid(task);
	struct psi_proc *proc, *fresh;
	unsigned long flags;

	fresh = kzalloc(sizeof(*fresh), PSI_ATOMIC);
	if (!fresh) {
		psi_image_put(image);
		return NULL;
	}
	refcount_set(&fresh->refs, 1);
	fresh->tgid = get_pid(tgid);
	fresh->exec_id = READ_ONCE(task->self_exec_id);
	fresh->serial = atomic64_inc_return(&psi_last_serial);
	fresh->pid = pid_nr(tgid);
	fresh->start = task->group_leader->start_boottime;
	fresh->image = image;

	spin_lock_irqsave(&psi_proc_lock, flags);
	proc = psi_find(tgid, fresh->exec_id);
	if (!proc) {
		hash_add_rcu(psi_procs, &fresh->node,
			     psi_key(tgid, fresh->exec_id));
		psi_proc_count++;
		proc = fresh;
	}
	spin_unlock_irqrestore(&psi_proc_lock, flags);

	if (proc != fresh)
		psi_proc_put(fresh);
	return proc;
}

/*
 * Whether what the task says that it runs may be what it likes to say: that
 * takes a user namespace, of its own or of a child that shares its mm, and so
 * nobody who is root here had any need to.
 */
static bool psi_may_have_forged(struct task_struct *task)
{
	const struct cred *cred;
	bool forged;

	rcu_read_lock();
	cred = __task_cred(task);
	forged = cred->user_ns != &init_user_ns ||
		 !uid_eq(cred->uid, GLOBAL_ROOT_UID) ||
		 !uid_eq(cred->euid, GLOBAL_ROOT_UID) ||
		 !uid_eq(cred->suid, GLOBAL_ROOT_UID);
	rcu_read_unlock();
	return forged;
}

/*
 * A process that is older than the module, by what it says that it runs; any
 * process, where the kernel has no tracepoints that tell of starts.
 */
static struct psi_proc *psi_first_seen(struct task_struct *task,
				       struct mm_struct *mm)
{
	struct psi_image *image;
	struct file *file;

	if (psi_watched && (READ_ONCE(psi_seen_all) ||
			    task->group_leader->start_boottime > psi_loaded))
		return NULL;
	file = compat_mm_exe_file(mm);
	if (!file)
		return NULL;
	image = psi_image_new(task, file, "", psi_may_have_forged(task));
	return image ? psi_new(task, image) : NULL;
}

/*
 * The instance that runs now, valid until rcu_read_unlock(); null where its
 * start was not seen or memory ran out.  In process context, which may be a
 * probe or a tracepoint.
 */
struct psi_proc *psi_current(void)
{
	struct psi_proc *proc = psi_find(task_tgid(current),
					 READ_ONCE(current->self_exec_id));

	if (likely(proc))
		return proc;
	return current->mm ? psi_first_seen(current, current->mm) : NULL;
}

/*
 * The instance that another task is of, as psi_current().  In process context,
 * under rcu_read_lock(), with no spinlock held.
 */
struct psi_proc *psi_of(struct task_struct *task)
{
	struct psi_proc *proc = psi_find(task_tgid(task),
					 READ_ONCE(task->self_exec_id));

	if (proc)
		return proc;
	task_lock(task);
	if (task->mm && !(task->flags & PF_KTHREAD))
		proc = psi_first_seen(task, task->mm);
	task_unlock(task);
	return proc;
}

/* What the thread group of proc runs now, if that is something else. */
struct psi_proc *psi_heir(const struct psi_proc *proc)
{
	struct task_struct *task = pid_task(proc->tgid, PIDTYPE_TGID);
	u64 exec_id = task ? READ_ONCE(task->self_exec_id) : proc->exec_id;

	return exec_id == proc->exec_id ? NULL : psi_find(proc->tgid, exec_id);
}

/* From now on each start of a process is told, before anything it does. */
void psi_watch(void)
{
	psi_loaded = ktime_get_boottime_ns();
	psi_watched = true;
}

/*
 * Whether the process of proc, which is over, is not done with it: descriptors
 * are closed between the tracepoint and the end of the last thread.  A group
 * with many threads left is not.
 */
bool psi_is_ending(const struct psi_proc *proc)
{
	struct task_struct *group = pid_task(proc->tgid, PIDTYPE_TGID), *task;
	unsigned int seen = 0;

	if (!group || READ_ONCE(group->self_exec_id) != proc->exec_id)
		return false;
	for_each_thread(group, task)
		if (!READ_ONCE(task->exit_state) || ++seen == PSI_THREADS)
			return true;
	return false;
}

/* All processes older than the module have been looked at. */
void psi_all_seen(void)
{
	WRITE_ONCE(psi_seen_all, true);
}

/* Whether an instance that is not known is one that memory ran out for. */
bool psi_knows_all(void)
{
	return psi_watched && READ_ONCE(psi_seen_all);
}

/* ---- beginnings and ends ---- */

static void psi_unhash(struct psi_proc *proc)
{
	lockdep_assert_held(&psi_proc_lock);
	hash_del_rcu(&proc->node);
	psi_proc_count--;
	psi_proc_put(proc);
}

/* proc has ended, and goes where nothing else refers to it. */
static void psi_ended(const struct pid *tgid, u64 exec_id)
{
	struct psi_proc *proc;
	unsigned long flags;

	spin_lock_irqsave(&psi_proc_lock, flags);
	proc = psi_find(tgid, exec_id);
	if (proc) {
		WRITE_ONCE(proc->over, true);
		if (refcount_read(&proc->refs) == 1)
			psi_unhash(proc);
	}
	spin_unlock_irqrestore(&psi_proc_lock, flags);
}

/* The task, current, runs what bprm describes now. */
void psi_executed(struct task_struct *task, struct linux_binprm *bprm)
{
	const char *script = bprm->interp != bprm->filename ? bprm->filename :
							      "";
	struct psi_image *image;

	image = psi_image_new(task, get_file(bprm->file), script, false);
	rcu_read_lock();
	if (image)
		psi_new(task, image);
	rcu_read_unlock();
	psi_ended(task_tgid(task), READ_ONCE(task->self_exec_id) - 1);
}

/* The parent, current, has made a child that does not run yet. */
void psi_forked(struct task_struct *parent, struct task_struct *child)
{
	struct psi_proc *proc;

	if (child->pid != child->tgid || child->flags & PF_KTHREAD)
		return;
	rcu_read_lock();
	proc = psi_current();
	if (proc)
		psi_new(child, psi_image_get(proc->image));
	rcu_read_unlock();
}

/* The task, current, ends, and if it is the last of its group, so does that. */
void psi_exited(struct task_struct *task)
{
	if (!atomic_read(&task->signal->live))
		psi_ended(task_tgid(task), READ_ONCE(task->self_exec_id));
}

/* Whether only the table refers to proc and its process will not come back. */
static bool psi_is_over(const struct psi_proc *proc)
{
	struct task_struct *task;
	bool over;

	if (refcount_read(&proc->refs) > 1)
		return false;
	rcu_read_lock();
	task = pid_task(proc->tgid, PIDTYPE_TGID);
	over = !task || READ_ONCE(task->self_exec_id) != proc->exec_id;
	rcu_read_unlock();
	return over;
}

static void psi_gc(struct work_struct *work)
{
	struct hlist_node *next;
	struct psi_proc *proc;
	unsigned long flags;
	int bucket;

	for (bucket = 0; bucket < HASH_SIZE(psi_procs); bucket++) {
		if (hlist_empty(&psi_procs[bucket]))
			continue;
		/* One bucket at a time keeps interrupts off only briefly. */
		spin_lock_irqsave(&psi_proc_lock, flags);
		hlist_for_each_entry_safe(proc, next, &psi_procs[bucket], node)
			if (psi_is_over(proc))
				psi_unhash(proc);
		spin_unlock_irqrestore(&psi_proc_lock, flags);
		cond_resched();
	}
	queue_delayed_work(psi_wq, &psi_gc_work, PSI_GC);
}

int psi_init(void)
{
	psi_wq = alloc_workqueue("e7_psi", WQ_UNBOUND, 0);
	if (!psi_wq)
		return -ENOMEM;
	queue_delayed_work(psi_wq, &psi_gc_work, PSI_GC);
	return 0;
}

/* After the last packet, the last probe, asc_exit() and ksc_exit(). */
void psi_exit(void)
{
	struct hlist_node *next;
	struct psi_proc *proc;
	int bucket;

	cancel_delayed_work_sync(&psi_gc_work);
	destroy_workqueue(psi_wq);
	hash_for_each_safe(psi_procs, bucket, next, proc, node) {
		hash_del(&proc->node);
		psi_proc_put(proc);
	}
}
