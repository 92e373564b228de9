/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything in which the kernels from 5.10 to 7.3 differ, as far as E7 meets
 * it; included in front of every file by Kbuild.  The rest of the module reads
 * as if there were one kernel.
 */
#ifndef E7_COMPAT_H
#define E7_COMPAT_H

#include <linux/fs_struct.h>
#include <linux/hrtimer.h>
#include <linux/magic.h>
#include <linux/mm_types.h>
#include <linux/namei.h>
#include <linux/net.h>
#include <linux/nsproxy.h>
#include <linux/netfilter.h>
#include <linux/ns_common.h>
#include <linux/rcupdate.h>
#include <linux/sched/task.h>
#include <linux/tcp.h>
#include <linux/version.h>
#include <net/genetlink.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/udp.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
#include <net/udplite.h>
#endif

/* struct file became SLAB_TYPESAFE_BY_RCU in 6.7: get_file_rcu() re-checks. */
static inline struct file *compat_mm_exe_file(struct mm_struct *mm)
{
	struct file *file;

	rcu_read_lock();
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	file = get_file_rcu(&mm->exe_file);
#else
	file = rcu_dereference(mm->exe_file);
	if (file && !get_file_rcu(file))
		file = NULL;
#endif
	rcu_read_unlock();
	return file;
}

/* 5.11 dropped an argument for errors. */
static inline struct socket *compat_sock_from_file(struct file *file)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
	return sock_from_file(file);
#else
	int error;

	return sock_from_file(file, &error);
#endif
}

/*
 * Whether a grace period that get_state_synchronize_rcu() gave has ended,
 * since 5.12; before, none ever is seen to.
 */
static inline bool compat_rcu_is_over(unsigned long grace)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 12, 0)
	return poll_state_synchronize_rcu(grace);
#else
	return false;
#endif
}

/* A look-up that never waits, since 5.12; without it, each one may. */
#ifdef LOOKUP_CACHED
#define COMPAT_LOOKUP_CACHED LOOKUP_CACHED
#else
#define COMPAT_LOOKUP_CACHED 0
#endif

/*
 * Inode number of a task's mount namespace.  Its structure is private, but
 * begins with what all namespaces have, since 5.11.
 */
static inline u32 compat_mntns(struct task_struct *task)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
	const struct nsproxy *proxy = READ_ONCE(task->nsproxy);

	return proxy ? ((const struct ns_common *)proxy->mnt_ns)->inum : 0;
#else
	return 0;
#endif
}

/* sched_process_exit tells since 6.16 whether the group ends. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define COMPAT_TRACE_EXIT_ARGS \
	void *unused, struct task_struct *task, bool group_dead
#else
#define COMPAT_TRACE_EXIT_ARGS void *unused, struct task_struct *task
#endif

/*
 * Arguments of a function at its entry.  They are had without the price of all
 * registers on x86 since 5.11 and everywhere since 6.2.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
#define COMPAT_FTRACE_REGS struct ftrace_regs
#else
#define COMPAT_FTRACE_REGS struct pt_regs
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define COMPAT_FTRACE_FLAGS 0
#define compat_ftrace_argument(regs, n) \
	((void *)ftrace_regs_get_argument(regs, n))
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0) && defined(CONFIG_X86_64)
#define COMPAT_FTRACE_FLAGS 0
#define compat_ftrace_argument(regs, n) \
	((void *)regs_get_kernel_argument(&(regs)->regs, n))
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
#define COMPAT_FTRACE_FLAGS FTRACE_OPS_FL_SAVE_REGS
#define compat_ftrace_argument(regs, n) \
	((void *)regs_get_kernel_argument(ftrace_get_regs(regs), n))
#else
#define COMPAT_FTRACE_FLAGS \
	(FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_RECURSION_SAFE)
#define compat_ftrace_argument(regs, n) \
	((void *)regs_get_kernel_argument(regs, n))
#endif

/* The root of fs, not referenced: only good for comparing. */
static inline struct path compat_fs_root(struct fs_struct *fs)
{
	struct path root;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
	unsigned int seq;

	do {
		seq = read_seqbegin(&fs->seq);
		root = fs->root;
	} while (read_seqretry(&fs->seq, seq));
#else
	spin_lock(&fs->lock);
	root = fs->root;
	spin_unlock(&fs->lock);
#endif
	return root;
}

/*
 * The host's root.  From 7.3 on, kthreads have an empty one of their own, and
 * borrow PID 1's for the statement that follows.
 */
#ifdef scoped_with_init_fs
#define COMPAT_HOST_FS userspace_init_fs
#define compat_with_host_fs() scoped_with_init_fs()
#else
#define COMPAT_HOST_FS init_task.fs
#define compat_with_host_fs()
#endif

/* sk->sk_uid got an accessor after 6.12, with annotations for data races. */
static inline kuid_t compat_sk_uid(const struct sock *sk)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
	return sk_uid(sk);
#else
	return READ_ONCE(sk->sk_uid);
#endif
}

/* 5.14 has a function around the socket's own. */
static inline void compat_sk_error_report(struct sock *sk)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 14, 0)
	sk_error_report(sk);
#else
	sk->sk_error_report(sk);
#endif
}

/* Work for any processor: under another name since 6.17, which later ones insist on. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define compat_unbound_wq system_dfl_wq
#else
#define compat_unbound_wq system_unbound_wq
#endif

/* Not a constant of the user's interface before 5.14. */
#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif

/*
 * Whether sk, full, is a subflow of MPTCP.  Control sockets are of the same
 * protocol, and no struct tcp_sock.
 */
static inline bool compat_sk_is_mptcp(const struct sock *sk)
{
#ifdef CONFIG_MPTCP
	return sk->sk_protocol == IPPROTO_TCP &&
	       sk->sk_type == SOCK_STREAM && tcp_sk(sk)->is_mptcp;
#else
	return false;
#endif
}

/*
 * The socket of UDP-Lite that a packet which comes in is for, under RCU, or
 * null.  7.1 has the protocol no more.
 */
static inline struct sock *
compat_udplite_lookup(struct sk_buff *skb,
		      const struct nf_hook_state *state, __be16 source,
		      __be16 destination)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
	if (state->pf == NFPROTO_IPV4)
		return __udp4_lib_lookup(state->net, ip_hdr(skb)->saddr, source,
					 ip_hdr(skb)->daddr, destination,
					 inet_iif(skb), inet_sdif(skb),
					 &udplite_table, NULL);
#if IS_ENABLED(CONFIG_IPV6)
	return __udp6_lib_lookup(state->net, &ipv6_hdr(skb)->saddr, source,
				 &ipv6_hdr(skb)->daddr, destination,
				 inet6_iif(skb), inet6_sdif(skb),
				 &udplite_table, NULL);
#endif
#endif
	return NULL;
}

/* 6.13 sets up a timer and its function in one. */
static inline void
compat_hrtimer_setup(struct hrtimer *timer,
		     enum hrtimer_restart (*function)(struct hrtimer *timer),
		     clockid_t clock)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(timer, function, clock, HRTIMER_MODE_ABS);
#else
	hrtimer_init(timer, clock, HRTIMER_MODE_ABS);
	timer->function = function;
#endif
}

/* 6.1 refuses stray flags and the reserved field for commands from this on. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
#define COMPAT_RESV_START_OP(cmd) .resv_start_op = (cmd),
#else
#define COMPAT_RESV_START_OP(cmd)
#endif

/* 6.7, and stable kernels that took the fix; before it a namespace's own. */
#ifdef GENL_MCAST_CAP_NET_ADMIN
#define COMPAT_MCAST_ADMIN GENL_MCAST_CAP_NET_ADMIN
#else
#define COMPAT_MCAST_ADMIN GENL_UNS_ADMIN_PERM
#endif

/* What a family's pre_doit is told of the operation. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define COMPAT_GENL_OPS struct genl_split_ops
#else
#define COMPAT_GENL_OPS struct genl_ops
#endif

/*
 * A refusal in words that are made up.  Since 6.2 the extack has room for
 * them; before, they stand in one of several places, and are sent before so
 * many others were made up.
 */
#ifdef NL_SET_ERR_MSG_FMT
#define compat_refuse_in_words(extack, format, ...) \
	NL_SET_ERR_MSG_FMT(extack, format, __VA_ARGS__)
#else
#define compat_refuse_in_words(extack, format, ...) do { \
	static char words_[16][80]; \
	static atomic_t turn_ = ATOMIC_INIT(0); \
	char *place_ = words_[(unsigned int)atomic_inc_return(&turn_) % 16]; \
\
	snprintf(place_, sizeof(words_[0]), format, __VA_ARGS__); \
	if (extack) \
		(extack)->_msg = place_; \
} while (0)
#endif

/* Attributes of the request that began a dump. */
static inline struct nlattr **compat_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return genl_dumpit_info(cb)->info.attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

#endif /* E7_COMPAT_H */
