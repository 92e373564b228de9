/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_PSI_H
#define E7_PSI_H

#include <linux/net.h>
#include <linux/preempt.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/types.h>
#include <net/sock.h>

#include "psi_exe.h"

struct linux_binprm;

/* A process instance: a thread group between two execs. */
struct psi_proc {
	struct hlist_node node;
	struct rcu_head rcu;
	refcount_t refs;
	pid_t pid;		/* initial pid namespace */
	struct pid *tgid;	/* referenced, so that its address stays unique */
	u64 exec_id;
	u64 serial;		/* of no other instance, ever */
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
unsigned int psi_procs_count(void);

/* The program, or null where it is not known or not known yet. */
static inline struct psi_exe *psi_exe_of(const struct psi_proc *proc)
{
	return proc ? psi_image_exe(proc->image) : NULL;
}

/* The program of the instance that runs now; see psi_image_exe_here(). */
static inline struct psi_exe *psi_exe_here(struct psi_proc *proc)
{
	return psi_image_exe_here(proc->image);
}

#endif /* E7_PSI_H */
