// SPDX-License-Identifier: GPL-2.0-only
/*
 * psi_: who runs.  A process instance is (thread group, exec id); its
 * executable is an inode with the path that leads to it on the host.
 *
 * Both are found in process context only, once an instance: the path at once
 * where the task sees the host's own tree, else by a work item that resolves
 * it back to the same inode.  A task in another user namespace can make
 * mm->exe_file say anything (PR_SET_MM_MAP), so it has no host path; see
 * docs/attribution.md.
 *
 * Tables are hashed, read under RCU, and changed under one spinlock each,
 * taken with interrupts off since kprobe handlers take it too.  An instance is
 * in the table until its process is gone or has executed something else and
 * nobody refers to it; that is looked at every PSI_GC.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/hashtable.h>
#include <linux/init_task.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/pid.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include "psi.h"
#include "rule.h"

#define PSI_BITS 12
#define PSI_GC (10 * HZ)
/* Instances at once; a fork bomb's later ones are unknown programs. */
#define PSI_PROCS 65536

static DEFINE_HASHTABLE(psi_procs, PSI_BITS);
static DEFINE_HASHTABLE(psi_exes, PSI_BITS);
static DEFINE_SPINLOCK(psi_proc_lock);
static DEFINE_SPINLOCK(psi_exe_lock);
static unsigned int psi_proc_count;
/* Nobody who names files chooses which of them share a bucket. */
static u32 psi_seed __read_mostly;
static struct workqueue_struct *psi_wq;

static void psi_gc(struct work_struct *work);
static DECLARE_DELAYED_WORK(psi_gc_work, psi_gc);

/* An executable whose path a work item has yet to find. */
struct psi_pending {
	struct work_struct work;
	struct psi_proc *proc;
	struct file *file;
};

struct psi_exe *psi_exe_get(struct psi_exe *exe)
{
	if (exe)
		refcount_inc(&exe->refs);
	return exe;
}

void psi_exe_put(struct psi_exe *exe)
{
	unsigned long flags;

	if (!exe || refcount_dec_not_one(&exe->refs))
		return;
	/* The table finds it until it is out, so the last one goes inside. */
	spin_lock_irqsave(&psi_exe_lock, flags);
	if (refcount_dec_and_test(&exe->refs)) {
		hash_del_rcu(&exe->node);
		kfree_rcu(exe, rcu);
	}
	spin_unlock_irqrestore(&psi_exe_lock, flags);
}

struct psi_proc *psi_proc_get(struct psi_proc *proc)
{
	refcount_inc(&proc->refs);
	return proc;
}

/* The table's own reference goes last, so this never unhashes. */
void psi_proc_put(struct psi_proc *proc)
{
	if (!proc || !refcount_dec_and_test(&proc->refs))
		return;
	psi_exe_put(proc->exe);
	put_pid(proc->tgid);
	kfree_rcu(proc, rcu);
}

/* The executable with this inode and path, made where there is none yet. */
static struct psi_exe *psi_exe_intern(const struct inode *inode,
				      const char *path, gfp_t gfp)
{
	size_t length = strlen(path);
	struct psi_exe *exe, *fresh;
	unsigned long flags;
	u32 hash;

	if (length > E7_LIMIT_PATH)
		return NULL;
	hash = jhash(path, length, psi_seed ^ (u32)inode->i_ino);

	fresh = kmalloc(struct_size(fresh, path, length + 1), gfp);
	if (!fresh)
		return NULL;
	refcount_set(&fresh->refs, 1);
	fresh->dev = inode->i_sb->s_dev;
	fresh->ino = inode->i_ino;
	fresh->i_generation = inode->i_generation;
	fresh->hash = hash;
	fresh->length = length;
	memcpy(fresh->path, path, length + 1);

	spin_lock_irqsave(&psi_exe_lock, flags);
	hash_for_each_possible(psi_exes, exe, node, hash)
		if (exe->hash == hash && exe->dev == fresh->dev &&
		    exe->ino == fresh->ino && exe->length == length &&
		    exe->i_generation == fresh->i_generation &&
		    !memcmp(exe->path, path, length)) {
			refcount_inc(&exe->refs);
			spin_unlock_irqrestore(&psi_exe_lock, flags);
			kfree(fresh);
			return exe;
		}
	hash_add_rcu(psi_exes, &fresh->node, hash);
	spin_unlock_irqrestore(&psi_exe_lock, flags);
	return fresh;
}

/*
 * Whether the current task sees `file` where the host sees it: then d_path()
 * here and now is its host path.
 */
static bool psi_sees_host(struct file *file)
{
	struct path mine = compat_fs_root(current->fs);
	struct path host = compat_fs_root(init_task.fs);

	return path_equal(&mine, &host) && path_is_under(&file->f_path, &host) &&
	       !d_unlinked(file->f_path.dentry);
}

static struct psi_exe *psi_resolve_here(struct file *file)
{
	char *buffer = kmalloc(PATH_MAX, GFP_ATOMIC);
	struct psi_exe *exe = NULL;
	char *path;

	if (!buffer)
		return NULL;
	path = d_path(&file->f_path, buffer, PATH_MAX);
	if (!IS_ERR(path))
		exe = psi_exe_intern(file_inode(file), path, GFP_ATOMIC);
	kfree(buffer);
	return exe;
}

/*
 * In a kworker, whose root is the host's: the path is the host's own where it
 * leads back to the inode that runs.
 */
static void psi_resolve_work(struct work_struct *work)
{
	struct psi_pending *pending =
		container_of(work, struct psi_pending, work);
	char *buffer = kmalloc(PATH_MAX, GFP_KERNEL);
	struct psi_exe *exe = NULL;
	struct path found;
	char *path;

	if (!buffer)
		goto out;
	path = d_path(&pending->file->f_path, buffer, PATH_MAX);
	if (IS_ERR(path) || kern_path(path, LOOKUP_FOLLOW, &found))
		goto out;
	if (d_backing_inode(found.dentry) == file_inode(pending->file))
		exe = psi_exe_intern(file_inode(pending->file), path,
				     GFP_KERNEL);
	path_put(&found);
out:
	if (exe)
		smp_store_release(&pending->proc->exe, exe);
	fput(pending->file);
	psi_proc_put(pending->proc);
	kfree(buffer);
	kfree(pending);
}

static void psi_resolve_later(struct psi_proc *proc, struct file *file)
{
	struct psi_pending *pending = kmalloc(sizeof(*pending), GFP_ATOMIC);

	if (!pending)
		return;
	pending->proc = psi_proc_get(proc);
	pending->file = get_file(file);
	INIT_WORK(&pending->work, psi_resolve_work);
	queue_work(psi_wq, &pending->work);
}

static void psi_resolve(struct psi_proc *proc, enum psi_effort effort)
{
	struct file *file;

	if (current_user_ns() != &init_user_ns)
		return;
	file = compat_mm_exe_file(current->mm);
	if (!file)
		return;
	if (effort == PSI_HERE && psi_sees_host(file))
		proc->exe = psi_resolve_here(file);
	else
		psi_resolve_later(proc, file);
	fput(file);
}

static struct psi_proc *psi_proc_find(const struct pid *tgid, u64 exec_id,
				      unsigned long key)
{
	struct psi_proc *proc;

	hash_for_each_possible_rcu(psi_procs, proc, node, key)
		if (proc->tgid == tgid && proc->exec_id == exec_id)
			return proc;
	return NULL;
}

static u64 psi_exec_id(void)
{
	return READ_ONCE(current->self_exec_id);
}

/* Whether proc is the instance that runs now. */
bool psi_is_current(const struct psi_proc *proc)
{
	return proc->tgid == task_tgid(current) &&
	       proc->exec_id == psi_exec_id();
}

/*
 * The instance that runs now, valid until rcu_read_unlock(); null where memory
 * ran out.  In process context, which may be a kprobe handler.
 */
struct psi_proc *psi_current(enum psi_effort effort)
{
	struct pid *tgid = task_tgid(current);
	u64 exec_id = psi_exec_id();
	unsigned long key = (unsigned long)tgid ^ exec_id;
	struct psi_proc *proc, *fresh;
	unsigned long flags;

	proc = psi_proc_find(tgid, exec_id, key);
	if (likely(proc))
		return proc;

	if (READ_ONCE(psi_proc_count) >= PSI_PROCS)
		return NULL;
	fresh = kzalloc(sizeof(*fresh), GFP_ATOMIC);
	if (!fresh)
		return NULL;
	refcount_set(&fresh->refs, 1);
	fresh->tgid = get_pid(tgid);
	fresh->exec_id = exec_id;
	fresh->pid = pid_nr(tgid);
	psi_resolve(fresh, effort);

	spin_lock_irqsave(&psi_proc_lock, flags);
	proc = psi_proc_find(tgid, exec_id, key);
	if (!proc) {
		hash_add_rcu(psi_procs, &fresh->node, key);
		psi_proc_count++;
		proc = fresh;
	}
	spin_unlock_irqrestore(&psi_proc_lock, flags);

	if (proc != fresh)
		psi_proc_put(fresh);
	return proc;
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
		/* One bucket at a time keeps interrupts off only briefly. */
		spin_lock_irqsave(&psi_proc_lock, flags);
		hlist_for_each_entry_safe(proc, next, &psi_procs[bucket], node)
			if (psi_is_over(proc)) {
				hlist_del_init_rcu(&proc->node);
				psi_proc_count--;
				psi_proc_put(proc);
			}
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
	get_random_bytes(&psi_seed, sizeof(psi_seed));
	queue_delayed_work(psi_wq, &psi_gc_work, PSI_GC);
	return 0;
}

/* After the last packet, the last probe and ksc_exit(). */
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
