/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_PSI_H
#define E7_PSI_H

#include <linux/preempt.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/uidgid.h>

/* An executable: the inode that runs and the host path it was resolved to. */
struct psi_exe {
	struct hlist_node node;
	struct rcu_head rcu;
	refcount_t refs;
	dev_t dev;
	u32 i_generation;
	u64 ino;
	u32 hash;
	u16 length;
	char path[];	/* length bytes and a NUL */
};

/* A process instance: a thread group between two execs. */
struct psi_proc {
	struct hlist_node node;
	struct rcu_head rcu;
	refcount_t refs;
	struct pid *tgid;	/* referenced, so that its address stays unique */
	u64 exec_id;
	pid_t pid;		/* initial pid namespace */
	/* Null until resolved, and for ever where the program has no host path. */
	struct psi_exe *exe;
};

int psi_init(void);
void psi_exit(void);

/*
 * Whether what runs now is a user's task that does this of its own accord.
 * in_task() alone is true for TUN writers, busy polling and threaded NAPI,
 * which send other programs' packets with bottom halves off.
 */
static inline bool psi_clean(void)
{
	return in_task() && !in_softirq() && current->mm &&
	       !(current->flags & (PF_KTHREAD | PF_EXITING));
}

/* How much psi_current() may do about a program that is not known yet. */
enum psi_effort {
	PSI_HERE,	/* no spinlock that a softirq takes is held */
	PSI_LATER,	/* leave its path to a work item */
};

struct psi_proc *psi_current(enum psi_effort effort);
bool psi_is_current(const struct psi_proc *proc);

struct psi_proc *psi_proc_get(struct psi_proc *proc);
void psi_proc_put(struct psi_proc *proc);
struct psi_exe *psi_exe_get(struct psi_exe *exe);
void psi_exe_put(struct psi_exe *exe);

/* The program, or null where it is not known or not known yet. */
static inline struct psi_exe *psi_exe_of(const struct psi_proc *proc)
{
	return proc ? smp_load_acquire(&proc->exe) : NULL;
}

#endif /* E7_PSI_H */
