// SPDX-License-Identifier: GPL-2.0-only
/*
 * psi_: who runs.  A process instance is (thread group, exec id); what it runs
 * is an image, made by an exec and shared by all that fork from it; the image
 * is of an executable, an inode with the path that leads to it on the host.
 *
 * The image is taken at exec, from the file that the kernel itself opened: a
 * process can make mm->exe_file say something else later (PR_SET_MM_MAP in a
 * user namespace, also for a parent that shares its mm).  Only processes older
 * than the module are taken by mm->exe_file, once, when the module is loaded.
 *
 * A path counts if a work item, whose root is the host's, resolves it back to
 * the inode that runs.  What fails is foreign, and so is what could have been
 * forged.  Looking up a path may wait for a file server; so the work item
 * looks only at what is cached, and hands what is not to a work item of its
 * own, of which a user has a few.
 *
 * Tables are hashed, read under RCU, and changed under one spinlock each,
 * taken with interrupts off since kprobe handlers take it too.  An instance is
 * in the table until its process is gone or has executed something else and
 * nobody refers to it; that is looked at when it ends, and every PSI_GC.
 */
#include <linux/binfmts.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/init_task.h>
#include <linux/jhash.h>
#include <linux/ktime.h>
#include <linux/magic.h>
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
/* Until an image is looked at again whose user has used up his look-ups. */
#define PSI_AGAIN (HZ / 10)
/* Look-ups that may wait at once: of users that share a slot, of all. */
#define PSI_WAITING_BITS 6
#define PSI_WAITING 8
#define PSI_WAITING_ALL (PSI_WAITING << PSI_WAITING_BITS)
#define PSI_SCRIPT 255
/* Threads of an ending process that are looked at. */
#define PSI_THREADS 32
#define PSI_ATOMIC (GFP_ATOMIC | __GFP_NOWARN)

static DEFINE_HASHTABLE(psi_procs, PSI_BITS);
static DEFINE_HASHTABLE(psi_exes, PSI_BITS);
static DEFINE_SPINLOCK(psi_proc_lock);
static DEFINE_SPINLOCK(psi_exe_lock);
static unsigned int psi_proc_count;
static unsigned int psi_exe_count;
/* Nobody who names files chooses which of them share a bucket. */
static u32 psi_seed __read_mostly;
static u64 psi_loaded;	/* ns since boot: when that began */
static bool psi_watched;	/* every start since then is seen */
static bool psi_seen_all;	/* and those before it have been looked at */

static struct workqueue_struct *psi_wq;
static struct workqueue_struct *psi_waiting_wq;
static atomic_t psi_waiting[1 << PSI_WAITING_BITS];

/* Images to be resolved; the lock also guards psi_image.file. */
static LIST_HEAD(psi_pending);
static DEFINE_SPINLOCK(psi_pending_lock);

static void psi_gc(struct work_struct *work);
static DECLARE_DELAYED_WORK(psi_gc_work, psi_gc);
static void psi_resolve_all(struct work_struct *work);
static DECLARE_DELAYED_WORK(psi_resolve_work, psi_resolve_all);

/* ---- executables ---- */

static struct psi_exe *psi_exe_get(struct psi_exe *exe)
{
	refcount_inc(&exe->refs);
	return exe;
}

static void psi_exe_put(struct psi_exe *exe)
{
	unsigned long flags;

	if (!exe || refcount_dec_not_one(&exe->refs))
		return;
	spin_lock_irqsave(&psi_exe_lock, flags);
	if (refcount_dec_and_test(&exe->refs)) {
		hash_del_rcu(&exe->node);
		psi_exe_count--;
		kfree_rcu(exe, rcu);
	}
	spin_unlock_irqrestore(&psi_exe_lock, flags);
}

static bool psi_exe_same(const struct psi_exe *a, const struct psi_exe *b)
{
	return a->hash == b->hash && a->dev == b->dev && a->ino == b->ino &&
	       a->i_generation == b->i_generation && a->class == b->class &&
	       a->mntns == b->mntns && a->length == b->length &&
	       !memcmp(a->path, b->path, a->length);
}

/* The executable that is all this, made where there is none yet, or null. */
static struct psi_exe *psi_exe_intern(const struct inode *inode,
				      enum e7_class class, u32 mntns,
				      const char *path, gfp_t gfp)
{
	size_t length = strlen(path);
	struct psi_exe *exe, *fresh;
	unsigned long flags;

	fresh = kzalloc(struct_size(fresh, path, length + 1), gfp);
	if (!fresh)
		return NULL;
	refcount_set(&fresh->refs, 1);
	fresh->dev = inode->i_sb->s_dev;
	fresh->ino = inode->i_ino;
	fresh->i_generation = inode->i_generation;
	fresh->class = class;
	fresh->mntns = mntns;
	fresh->hash = jhash(path, length, psi_seed ^ (u32)inode->i_ino);
	fresh->length = length;
	memcpy(fresh->path, path, length + 1);

	spin_lock_irqsave(&psi_exe_lock, flags);
	hash_for_each_possible(psi_exes, exe, node, fresh->hash)
		if (psi_exe_same(exe, fresh)) {
			psi_exe_get(exe);
			spin_unlock_irqrestore(&psi_exe_lock, flags);
			kfree(fresh);
			return exe;
		}
	hash_add_rcu(psi_exes, &fresh->node, fresh->hash);
	psi_exe_count++;
	spin_unlock_irqrestore(&psi_exe_lock, flags);
	return fresh;
}

unsigned int psi_exes_count(void)
{
	return READ_ONCE(psi_exe_count);
}

/* ---- images ---- */

struct psi_image *psi_image_get(struct psi_image *image)
{
	refcount_inc(&image->refs);
	return image;
}

void psi_image_put(struct psi_image *image)
{
	if (!image || !refcount_dec_and_test(&image->refs))
		return;
	if (image->file)
		fput(image->file);
	psi_exe_put(image->exe);
	kfree_rcu(image, rcu);
}

/* The file while it is not resolved, referenced, or null. */
static struct file *psi_image_file(struct psi_image *image)
{
	struct file *file;
	unsigned long flags;

	spin_lock_irqsave(&psi_pending_lock, flags);
	file = image->file;
	if (file)
		get_file(file);
	spin_unlock_irqrestore(&psi_pending_lock, flags);
	return file;
}

/* Takes over the reference to exe. */
static void psi_image_settle(struct psi_image *image, struct psi_exe *exe)
{
	struct file *file;

	/* A name that was taken in passing (psi_exe_here) gives way. */
	psi_exe_put(xchg(&image->exe, exe));
	spin_lock_irq(&psi_pending_lock);
	file = image->file;
	image->file = NULL;
	spin_unlock_irq(&psi_pending_lock);
	fput(file);
}

/*
 * What the path at which the file is found says: class HOST where it leads
 * back to the file from the host's root.  -EAGAIN where telling would wait.
 */
static int psi_class_of(struct file *file, const char *path, bool may_wait)
{
	struct path found;
	int error;

	if (!may_wait && !COMPAT_LOOKUP_CACHED)
		return -EAGAIN;
	error = kern_path(path, LOOKUP_FOLLOW |
			  (may_wait ? 0 : COMPAT_LOOKUP_CACHED), &found);
	if (error)
		return error == -EAGAIN || error == -ENOMEM ? error :
							     E7_CLASS_FOREIGN;
	error = d_backing_inode(found.dentry) == file_inode(file) ?
		E7_CLASS_HOST : E7_CLASS_FOREIGN;
	path_put(&found);
	return error;
}

/*
 * 0, -EAGAIN where this may not wait and would have to, or -ENOMEM.  With the
 * host's root.
 */
static int psi_resolve_here(struct psi_image *image, bool may_wait)
{
	struct file *file = image->file;
	const struct super_block *sb = file_inode(file)->i_sb;
	struct psi_exe *exe = NULL;
	char *buffer, *path;
	int class;

	buffer = kmalloc(PATH_MAX, GFP_KERNEL);
	WRITE_ONCE(image->starved, !buffer);
	if (!buffer)
		return -ENOMEM;
	path = d_path(&file->f_path, buffer, PATH_MAX);
	if (IS_ERR(path))
		path = "";

	/* A mount of the kernel's own: only what memfd_create(2) makes runs. */
	if (sb->s_flags & SB_NOUSER) {
		class = E7_CLASS_MEMFD;
	} else if (image->unlinked || d_unlinked(file->f_path.dentry)) {
		class = E7_CLASS_DELETED;
	} else if (image->forgeable || !*path) {
		class = E7_CLASS_FOREIGN;
	} else {
		class = psi_class_of(file, path, may_wait);
		/* Whoever serves FUSE may keep anybody waiting for ever. */
		if (class == -EAGAIN && sb->s_magic == FUSE_SUPER_MAGIC)
			class = E7_CLASS_FOREIGN;
	}
	if (class > 0)
		exe = psi_exe_intern(file_inode(file), class,
				     class == E7_CLASS_FOREIGN ?
				     image->mntns : 0,
				     path, GFP_KERNEL);
	kfree(buffer);
	WRITE_ONCE(image->starved, class == -ENOMEM || (class > 0 && !exe));
	if (class < 0)
		return class;
	if (!exe)
		return -ENOMEM;
	psi_image_settle(image, exe);
	return 0;
}

/* In a kworker. */
static int psi_resolve(struct psi_image *image, bool may_wait)
{
	int error = 0;

	compat_with_host_fs()
		error = psi_resolve_here(image, may_wait);
	return error;
}

static atomic_t *psi_waiting_of(const struct psi_image *image)
{
	return &psi_waiting[hash_32(image->uid, PSI_WAITING_BITS)];
}

/* Later, for want of memory or of a look-up that may wait. */
static void psi_resolve_again(struct psi_image *image)
{
	spin_lock_irq(&psi_pending_lock);
	list_add_tail(&image->pending, &psi_pending);
	spin_unlock_irq(&psi_pending_lock);
	queue_delayed_work(psi_wq, &psi_resolve_work, PSI_AGAIN);
}

static void psi_resolve_waiting(struct work_struct *work)
{
	struct psi_image *image = container_of(work, struct psi_image, work);
	int error = psi_resolve(image, true);

	atomic_dec(psi_waiting_of(image));
	if (error)
		psi_resolve_again(image);
	else
		psi_image_put(image);
}

/* Whether the image's user may have one more look-up that waits. */
static bool psi_resolve_wait(struct psi_image *image)
{
	if (!atomic_add_unless(psi_waiting_of(image), 1, PSI_WAITING))
		return false;
	INIT_WORK(&image->work, psi_resolve_waiting);
	queue_work(psi_waiting_wq, &image->work);
	return true;
}

static void psi_resolve_all(struct work_struct *work)
{
	struct psi_image *image, *next;
	LIST_HEAD(mine);
	int error;

	spin_lock_irq(&psi_pending_lock);
	list_splice_init(&psi_pending, &mine);
	spin_unlock_irq(&psi_pending_lock);

	list_for_each_entry_safe(image, next, &mine, pending) {
		list_del(&image->pending);
		/* Nobody but this list asks for it any more: its file goes. */
		error = refcount_read(&image->refs) == 1 ? 0 :
			psi_resolve(image, false);
		if (!error)
			psi_image_put(image);
		else if (error != -EAGAIN || !psi_resolve_wait(image))
			psi_resolve_again(image);
		cond_resched();
	}
}

/* An image of file, whose reference it takes over, on its way to a path. */
static struct psi_image *psi_image_new(struct task_struct *task,
				       struct file *file, const char *script,
				       bool forgeable)
{
	size_t length = strnlen(script, PSI_SCRIPT);
	struct psi_image *image;
	unsigned long flags;

	image = kzalloc(struct_size(image, script, length + 1), PSI_ATOMIC);
	if (!image) {
		fput(file);
		return NULL;
	}
	/* The caller's and the list's. */
	refcount_set(&image->refs, 2);
	image->file = file;
	image->unlinked = d_unlinked(file->f_path.dentry);
	image->forgeable = forgeable;
	image->mntns = compat_mntns(task);
	image->uid = from_kuid(&init_user_ns, task_uid(task));
	memcpy(image->script, script, length);

	spin_lock_irqsave(&psi_pending_lock, flags);
	list_add_tail(&image->pending, &psi_pending);
	spin_unlock_irqrestore(&psi_pending_lock, flags);
	mod_delayed_work(psi_wq, &psi_resolve_work, 0);
	return image;
}

/*
 * Whether the current task sees `file` where the host sees it: then d_path()
 * here and now is its host path.
 */
static bool psi_sees_host(struct file *file)
{
	struct path mine = compat_fs_root(current->fs);
	struct path host = compat_fs_root(COMPAT_HOST_FS);

	return path_equal(&mine, &host) && path_is_under(&file->f_path, &host) &&
	       !d_unlinked(file->f_path.dentry);
}

/*
 * The executable of the instance that runs now; where no work item has come to
 * it yet, and the task sees the host's own tree, its path is taken in passing.
 * In process context with no spinlock that a softirq takes.
 */
struct psi_exe *psi_exe_here(struct psi_proc *proc)
{
	struct psi_exe *exe = psi_exe_of(proc), *first;
	struct psi_image *image = proc->image;
	char *buffer, *path;
	struct file *file;

	if (likely(exe) || image->forgeable || image->unlinked)
		return exe;
	file = psi_image_file(image);
	if (!file)
		return psi_exe_of(proc);
	buffer = psi_sees_host(file) ? kmalloc(PATH_MAX, PSI_ATOMIC) : NULL;
	if (buffer) {
		path = d_path(&file->f_path, buffer, PATH_MAX);
		if (!IS_ERR(path))
			exe = psi_exe_intern(file_inode(file), E7_CLASS_HOST, 0,
					     path, PSI_ATOMIC);
		kfree(buffer);
	}
	fput(file);
	if (!exe)
		return psi_exe_of(proc);
	first = cmpxchg(&image->exe, NULL, exe);
	if (!first)
		return exe;
	psi_exe_put(exe);
	return first;
}

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
 * kprobe handler or a tracepoint.
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
	psi_waiting_wq = alloc_workqueue("e7_psi_waiting", WQ_UNBOUND,
					 PSI_WAITING_ALL);
	if (!psi_waiting_wq) {
		destroy_workqueue(psi_wq);
		return -ENOMEM;
	}
	get_random_bytes(&psi_seed, sizeof(psi_seed));
	queue_delayed_work(psi_wq, &psi_gc_work, PSI_GC);
	return 0;
}

/* After the last packet, the last probe, asc_exit() and ksc_exit(). */
void psi_exit(void)
{
	struct hlist_node *next;
	struct psi_image *image, *more;
	struct psi_proc *proc;
	int bucket;

	cancel_delayed_work_sync(&psi_gc_work);
	cancel_delayed_work_sync(&psi_resolve_work);
	destroy_workqueue(psi_waiting_wq);
	destroy_workqueue(psi_wq);
	list_for_each_entry_safe(image, more, &psi_pending, pending)
		psi_image_put(image);
	hash_for_each_safe(psi_procs, bucket, next, proc, node) {
		hash_del(&proc->node);
		psi_proc_put(proc);
	}
}
