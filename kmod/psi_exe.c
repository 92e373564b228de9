// SPDX-License-Identifier: GPL-2.0-only
/*
 * psi_exe_, psi_image_: what runs.  An image is made by an exec and shared by
 * all that fork from it; it is of an executable, an inode with the path that
 * leads to it on the host.
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
 * The table of executables is hashed, read under RCU, and changed under one
 * spinlock, taken with interrupts off since probes take it too.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/init_task.h>
#include <linux/jhash.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include "psi_exe.h"

#define PSI_EXE_BITS 12
/* Until an image is looked at again whose user has used up his look-ups. */
#define PSI_EXE_AGAIN (HZ / 10)
/* Look-ups that may wait at once: of users that share a slot, of all. */
#define PSI_EXE_WAITING_BITS 6
#define PSI_EXE_WAITING 8
#define PSI_EXE_WAITING_ALL (PSI_EXE_WAITING << PSI_EXE_WAITING_BITS)
#define PSI_EXE_SCRIPT 255
#define PSI_EXE_ATOMIC (GFP_ATOMIC | __GFP_NOWARN)

static DEFINE_HASHTABLE(psi_exes, PSI_EXE_BITS);
static DEFINE_SPINLOCK(psi_exe_lock);
static unsigned int psi_exe_count;
/* Nobody who names files chooses which of them share a bucket. */
static u32 psi_exe_seed __read_mostly;

static struct workqueue_struct *psi_exe_wq;
static struct workqueue_struct *psi_exe_waiting_wq;
static atomic_t psi_exe_waiting[1 << PSI_EXE_WAITING_BITS];

/* Images to be resolved; the lock also guards psi_image.file. */
static LIST_HEAD(psi_exe_pending);
static DEFINE_SPINLOCK(psi_exe_pending_lock);
static bool psi_exe_ending;	/* under it: none of them will be */

static void psi_exe_resolve_all(struct work_struct *work);
static DECLARE_DELAYED_WORK(psi_exe_resolve_work, psi_exe_resolve_all);

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
	fresh->hash = jhash(path, length, psi_exe_seed ^ (u32)inode->i_ino);
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

	spin_lock_irqsave(&psi_exe_pending_lock, flags);
	file = image->file;
	if (file)
		get_file(file);
	spin_unlock_irqrestore(&psi_exe_pending_lock, flags);
	return file;
}

/* Takes over the reference to exe. */
static void psi_image_settle(struct psi_image *image, struct psi_exe *exe)
{
	struct file *file;

	/* A name that was taken in passing (psi_image_exe_here) gives way. */
	psi_exe_put(xchg(&image->exe, exe));
	spin_lock_irq(&psi_exe_pending_lock);
	file = image->file;
	image->file = NULL;
	spin_unlock_irq(&psi_exe_pending_lock);
	fput(file);
}

/*
 * What the path at which the file is found says: class HOST where it leads
 * back to the file from the host's root.  -EAGAIN where telling would wait.
 */
static int psi_exe_class_of(struct file *file, const char *path, bool may_wait)
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
static int psi_exe_resolve_here(struct psi_image *image, bool may_wait)
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
		class = psi_exe_class_of(file, path, may_wait);
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
static int psi_exe_resolve(struct psi_image *image, bool may_wait)
{
	int error = 0;

	compat_with_host_fs()
		error = psi_exe_resolve_here(image, may_wait);
	return error;
}

static atomic_t *psi_exe_waiting_of(const struct psi_image *image)
{
	return &psi_exe_waiting[hash_32(image->uid, PSI_EXE_WAITING_BITS)];
}

/* Later, for want of memory or of a look-up that may wait. */
static void psi_exe_resolve_again(struct psi_image *image)
{
	spin_lock_irq(&psi_exe_pending_lock);
	list_add_tail(&image->pending, &psi_exe_pending);
	if (!psi_exe_ending)
		queue_delayed_work(psi_exe_wq, &psi_exe_resolve_work,
				   PSI_EXE_AGAIN);
	spin_unlock_irq(&psi_exe_pending_lock);
}

static void psi_exe_resolve_waiting(struct work_struct *work)
{
	struct psi_image *image = container_of(work, struct psi_image, work);
	int error = psi_exe_resolve(image, true);

	atomic_dec(psi_exe_waiting_of(image));
	if (error)
		psi_exe_resolve_again(image);
	else
		psi_image_put(image);
}

/* Whether the image's user may have one more look-up that waits. */
static bool psi_exe_resolve_wait(struct psi_image *image)
{
	if (!atomic_add_unless(psi_exe_waiting_of(image), 1, PSI_EXE_WAITING))
		return false;
	INIT_WORK(&image->work, psi_exe_resolve_waiting);
	queue_work(psi_exe_waiting_wq, &image->work);
	return true;
}

static void psi_exe_resolve_all(struct work_struct *work)
{
	struct psi_image *image, *next;
	LIST_HEAD(mine);
	int error;

	spin_lock_irq(&psi_exe_pending_lock);
	list_splice_init(&psi_exe_pending, &mine);
	spin_unlock_irq(&psi_exe_pending_lock);

	list_for_each_entry_safe(image, next, &mine, pending) {
		list_del(&image->pending);
		/* Nobody but this list asks for it any more: its file goes. */
		error = refcount_read(&image->refs) == 1 ? 0 :
			psi_exe_resolve(image, false);
		if (!error)
			psi_image_put(image);
		else if (error != -EAGAIN || !psi_exe_resolve_wait(image))
			psi_exe_resolve_again(image);
		cond_resched();
	}
}

/* An image of file, whose reference it takes over, on its way to a path. */
struct psi_image *psi_image_new(struct task_struct *task, struct file *file,
				const char *script, bool forgeable)
{
	size_t length = strnlen(script, PSI_EXE_SCRIPT);
	struct psi_image *image;
	unsigned long flags;

	image = kzalloc(struct_size(image, script, length + 1), PSI_EXE_ATOMIC);
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

	spin_lock_irqsave(&psi_exe_pending_lock, flags);
	list_add_tail(&image->pending, &psi_exe_pending);
	spin_unlock_irqrestore(&psi_exe_pending_lock, flags);
	mod_delayed_work(psi_exe_wq, &psi_exe_resolve_work, 0);
	return image;
}

/*
 * Whether the current task sees `file` where the host sees it: then d_path()
 * here and now is its host path.
 */
static bool psi_exe_sees_host(struct file *file)
{
	struct path mine = compat_fs_root(current->fs);
	struct path host = compat_fs_root(COMPAT_HOST_FS);

	return path_equal(&mine, &host) && path_is_under(&file->f_path, &host) &&
	       !d_unlinked(file->f_path.dentry);
}

/*
 * The executable of an image that the current task runs; where no work item has
 * come to it yet, and the task sees the host's own tree, its path is taken in
 * passing.  In process context with no spinlock that a softirq takes.
 */
struct psi_exe *psi_image_exe_here(struct psi_image *image)
{
	struct psi_exe *exe = psi_image_exe(image), *first;
	char *buffer, *path;
	struct file *file;

	if (likely(exe) || image->forgeable || image->unlinked)
		return exe;
	file = psi_image_file(image);
	if (!file)
		return psi_image_exe(image);
	buffer = psi_exe_sees_host(file) ? kmalloc(PATH_MAX, PSI_EXE_ATOMIC) :
					   NULL;
	if (buffer) {
		path = d_path(&file->f_path, buffer, PATH_MAX);
		if (!IS_ERR(path))
			exe = psi_exe_intern(file_inode(file), E7_CLASS_HOST, 0,
					     path, PSI_EXE_ATOMIC);
		kfree(buffer);
	}
	fput(file);
	if (!exe)
		return psi_image_exe(image);
	first = cmpxchg(&image->exe, NULL, exe);
	if (!first)
		return exe;
	psi_exe_put(exe);
	return first;
}


int psi_exe_init(void)
{
	psi_exe_wq = alloc_workqueue("e7_exe", WQ_UNBOUND, 0);
	if (!psi_exe_wq)
		return -ENOMEM;
	psi_exe_waiting_wq = alloc_workqueue("e7_exe_waiting", WQ_UNBOUND,
					     PSI_EXE_WAITING_ALL);
	if (!psi_exe_waiting_wq) {
		destroy_workqueue(psi_exe_wq);
		return -ENOMEM;
	}
	get_random_bytes(&psi_exe_seed, sizeof(psi_exe_seed));
	return 0;
}

/* After the last packet, the last probe and psi_exit(). */
void psi_exe_exit(void)
{
	struct psi_image *image, *more;

	/* A look-up that is still under way begins no other one. */
	spin_lock_irq(&psi_exe_pending_lock);
	psi_exe_ending = true;
	spin_unlock_irq(&psi_exe_pending_lock);
	cancel_delayed_work_sync(&psi_exe_resolve_work);
	destroy_workqueue(psi_exe_waiting_wq);
	destroy_workqueue(psi_exe_wq);
	list_for_each_entry_safe(image, more, &psi_exe_pending, pending)
		psi_image_put(image);
}
