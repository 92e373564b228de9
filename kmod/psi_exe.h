/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_PSI_EXE_H
#define E7_PSI_EXE_H

#include <linux/in.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "uapi/e7.h"

struct file;
struct task_struct;

/* Protocols of which a program remembers that they pass: TCP, UDP. */
#define PSI_QUIET 2

/* An executable: the inode that runs and the path that it was resolved to. */
struct psi_exe {
	struct hlist_node node;
	struct rcu_head rcu;
	refcount_t refs;
	dev_t dev;
	u32 i_generation;
	u32 mntns;	/* of path, for class FOREIGN; else 0 */
	u64 ino;
	u64 quiet[PSI_QUIET];	/* the epoch in which all of a protocol passes */
	u32 hash;
	u16 length;
	u8 class;	/* enum e7_class: HOST, FOREIGN, DELETED or MEMFD */
	char path[];	/* length bytes and a NUL */
};

/*
 * What an exec made, shared by all processes that fork from it: the file as
 * the kernel opened it, and the executable once that is resolved.
 */
struct psi_image {
	refcount_t refs;
	struct rcu_head rcu;
	struct list_head pending;	/* under psi_pending_lock */
	struct work_struct work;	/* where resolving may have to wait */
	struct file *file;	/* until resolved */
	struct psi_exe *exe;	/* null until resolved */
	uid_t uid;		/* on whose account resolving waits */
	u32 mntns;
	bool unlinked;		/* had no name when it was executed */
	bool forgeable;		/* by what a process says of itself */
	bool starved;		/* no memory yet to resolve it */
	char script[];		/* what an interpreter was told to run, or "" */
};

int psi_exe_init(void);
void psi_exe_exit(void);

struct psi_image *psi_image_new(struct task_struct *task, struct file *file,
				const char *script, bool forgeable);
struct psi_image *psi_image_get(struct psi_image *image);
void psi_image_put(struct psi_image *image);

struct psi_exe *psi_image_exe_here(struct psi_image *image);
unsigned int psi_exes_count(void);

/* Null until it is resolved. */
static inline struct psi_exe *psi_image_exe(const struct psi_image *image)
{
	return smp_load_acquire(&image->exe);
}

/* Where a program remembers that all of a protocol passes, or null. */
static inline u64 *psi_quiet_of(struct psi_exe *exe, u8 prot)
{
	if (!exe)
		return NULL;
	switch (prot) {
	case IPPROTO_TCP:
		return &exe->quiet[0];
	case IPPROTO_UDP:
		return &exe->quiet[1];
	default:
		return NULL;
	}
}

#endif /* E7_PSI_EXE_H */
