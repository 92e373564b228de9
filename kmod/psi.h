/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_PSI_H
#define E7_PSI_H

#include <linux/in.h>
#include <linux/net.h>
#include <linux/preempt.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/types.h>
#include <net/sock.h>

#include "uapi/e7.h"

struct linux_binprm;

/* Protocols of which a program remembers the verdict: TCP, UDP. */
#define PSI_VERDICTS 2

/* An executable: the inode that runs and the path that it was resolved to. */
struct psi_exe {
	struct hlist_node node;
	struct rcu_head rcu;
	refcount_t refs;
	dev_t dev;
	u32 i_generation;
	u32 mntns;	/* of path, for class FOREIGN; else 0 */
	u64 ino;
	u64 verdicts[PSI_VERDICTS];	/* see rule_recall() */
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

/* A process instance: a thread group between two execs. */
struct psi_proc {
	struct hlist_node node;
	struct rcu_head rcu;
	refcount_t refs;
	pid_t pid;		/* initial pid namespace */
	struct pid *tgid;	/* referenced, so that its address stays unique */
	u64 exec_id;
	u64 start;		/* ns since boot */
	struct psi_image *image;
	bool over;		/* it has ended, or has executed something else */
};

int psi_init(void);
void psi_exit(void);

/* Whether no interrupt, softirq or section without them runs: in one test. */
static inline bool psi_in_task(void)
{
#ifdef CONFIG_PREEMPT_RT
	return in_task() && !in_softirq();
#else
	return !(preempt_count() & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_MASK));
#endif
}

/*
 * Whether what runs now is a user's task that does this of its own accord.
 * in_task() alone is true for TUN writers, busy polling and threaded NAPI,
 * which send other programs' packets with bottom halves off.
 */
static inline bool psi_clean(void)
{
	return psi_in_task() && current->mm &&
	       !(current->flags & (PF_KTHREAD | PF_EXITING));
}

/*
 * The user's socket that sk is or is part of, or null.  A kernel socket belongs
 * to no program, but for MPTCP's subflows: those are kernel sockets whose
 * struct socket is the user's.  sk is full.
 */
static inline struct sock *psi_user_sock(struct sock *sk)
{
	struct socket *sock;

	if (!sk->sk_kern_sock)
		return sk;
	sock = READ_ONCE(sk->sk_socket);
	return sock && sock->sk && sock->sk != sk ? sock->sk : NULL;
}

/* Whether proc is the instance that runs now. */
static inline bool psi_is_current(const struct psi_proc *proc)
{
	return proc->tgid == task_tgid(current) &&
	       proc->exec_id == READ_ONCE(current->self_exec_id);
}

struct psi_proc *psi_current(void);
struct psi_proc *psi_of(struct task_struct *task);
struct psi_proc *psi_heir(const struct psi_proc *proc);
bool psi_is_ending(const struct psi_proc *proc);
void psi_watch(void);
void psi_all_seen(void);
bool psi_knows_all(void);

void psi_executed(struct task_struct *task, struct linux_binprm *bprm);
void psi_forked(struct task_struct *parent, struct task_struct *child);
void psi_exited(struct task_struct *task);

bool psi_proc_get(struct psi_proc *proc);
void psi_proc_put(struct psi_proc *proc);
struct psi_image *psi_image_get(struct psi_image *image);
void psi_image_put(struct psi_image *image);

struct psi_exe *psi_exe_here(struct psi_proc *proc);
unsigned int psi_procs_count(void);
unsigned int psi_exes_count(void);

/* The program, or null where it is not known or not known yet. */
static inline struct psi_exe *psi_exe_of(const struct psi_proc *proc)
{
	return proc ? smp_load_acquire(&proc->image->exe) : NULL;
}

/* Where a program remembers the verdict of a protocol, or null. */
static inline u64 *psi_verdict_of(struct psi_exe *exe, u8 prot)
{
	if (!exe)
		return NULL;
	switch (prot) {
	case IPPROTO_TCP:
		return &exe->verdicts[0];
	case IPPROTO_UDP:
		return &exe->verdicts[1];
	default:
		return NULL;
	}
}

#endif /* E7_PSI_H */
