// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe_: what the module is told by the rest of the kernel.
 *
 * Tracepoints tell psi_ of each exec, fork and exit.  Entries of functions
 * teach ksc_ the owner of a socket before its first packet, and tell it of a
 * socket's end; most are a security_*() wrapper, which is a real function under
 * CONFIG_SECURITY_NETWORK.
 *
 * Every one is optional: without it fewer owners are known, and none is known
 * wrongly.  Entries are told of by ftrace itself, at a third of what a kprobe
 * costs there, which ftrace tells of as well; and as PERMANENT, so that nobody
 * takes it away (sysctl kernel.ftrace_enabled) while the module relies on it.
 * Handlers are in the context of what calls the function; that of sock_graft is
 * under the socket's callback lock, which softirqs take.
 */
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/net.h>
#include <linux/printk.h>
#include <linux/tracepoint.h>
#include <net/inet_sock.h>
#include <net/request_sock.h>
#include <net/sock.h>

#include "ask.h"
#include "flow.h"
#include "ksc.h"
#include "listen.h"
#include "probe.h"
#include "psi.h"
#include "stat.h"

static bool probe_is_inet(const struct sock *sk)
{
	return sk && (sk->sk_family == AF_INET || sk->sk_family == AF_INET6);
}

/* ---- processes ---- */

static void probe_exec(void *unused, struct task_struct *task, pid_t old,
		       struct linux_binprm *bprm)
{
	psi_executed(task, bprm);
	ask_wake();
}

static void probe_fork(void *unused, struct task_struct *parent,
		       struct task_struct *child)
{
	psi_forked(parent, child);
}

static void probe_exit_task(COMPAT_TRACE_EXIT_ARGS)
{
	psi_exited(task);
	ask_wake();
}

static struct probe_point {
	const char *name;
	void *handler;
	struct tracepoint *found;
	bool stands;
} probe_points[] = {
	{ "sched_process_exec", probe_exec },
	{ "sched_process_fork", probe_fork },
	{ "sched_process_exit", probe_exit_task },
};

/* None of them is exported, but all can be asked for by name. */
static void probe_find_point(struct tracepoint *point, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probe_points); i++)
		if (!strcmp(point->name, probe_points[i].name))
			probe_points[i].found = point;
}

static void probe_points_init(void)
{
	struct probe_point *point;
	bool all = true;

	for_each_kernel_tracepoint(probe_find_point, NULL);
	for (point = probe_points;
	     point < probe_points + ARRAY_SIZE(probe_points); point++) {
		point->stands = point->found &&
			!tracepoint_probe_register(point->found,
						   point->handler, NULL);
		if (point->stands)
			continue;
		all = false;
		pr_warn("e7: no tracepoint %s: programs are taken by what their processes say\n",
			point->name);
	}
	if (all)
		psi_watch();
}

static void probe_points_exit(void)
{
	struct probe_point *point;

	for (point = probe_points;
	     point < probe_points + ARRAY_SIZE(probe_points); point++)
		if (point->stands)
			tracepoint_probe_unregister(point->found,
						    point->handler, NULL);
	tracepoint_synchronize_unregister();
}

/* ---- sockets ---- */

static void probe_learn(struct sock *sk)
{
	struct ksc_entry *entry;
	struct psi_proc *proc;

	if (!probe_is_inet(sk) || sk->sk_kern_sock ||
	    current->flags & PF_KTHREAD || !current->mm)
		return;
	rcu_read_lock();
	proc = psi_current();
	entry = ksc_find(ksc_cookie(sk));
	if (proc && (!entry || entry->proc != proc) &&
	    ksc_learn(sk, proc, E7_STAT_LEARNT, 0))
		stat_count(E7_STAT_LEARNT);
	rcu_read_unlock();
}

/* bind(2): (struct socket *, ...) */
static void probe_owns(void *sock, void *unused)
{
	if (psi_clean())
		probe_learn(((struct socket *)sock)->sk);
}

/* listen(2): (struct socket *, int) */
static void probe_listens(void *sock, void *unused)
{
	struct sock *sk = ((struct socket *)sock)->sk;

	probe_owns(sock, unused);
	if (probe_is_inet(sk))
		listen_learn(sk);
}

/* accept(2): (struct sock *, struct socket *) */
static void probe_graft(void *sk, void *unused)
{
	if (in_task())
		probe_learn(sk);
}

/* What comes in for a connection that is being made, as packet_flow() sees it. */
static struct flow_key probe_flow(const struct sock *child,
				  const struct request_sock *request)
{
	const struct inet_request_sock *inet = inet_rsk(request);
	const u32 both = flow_ports(inet->ir_rmt_port, htons(inet->ir_num));
	struct flow_key key = { .net = (unsigned long)sock_net(child) };

#if IS_ENABLED(CONFIG_IPV6)
	if (inet->ireq_family == AF_INET6) {
		key.kind = flow_kind(NFPROTO_IPV6, child->sk_protocol, both);
		memcpy(key.local, &inet->ir_v6_loc_addr, sizeof(key.local));
		memcpy(key.remote, &inet->ir_v6_rmt_addr, sizeof(key.remote));
		return key;
	}
#endif
	key.kind = flow_kind(NFPROTO_IPV4, child->sk_protocol, both);
	key.local[0] = (__force u32)inet->ir_loc_addr;
	key.remote[0] = (__force u32)inet->ir_rmt_addr;
	return key;
}

/* A handshake is done: (struct sock *child, const struct request_sock *) */
static void probe_clone(void *cloned, void *from)
{
	const struct request_sock *request = from;
	struct sock *child = cloned, *sk;
	struct ksc_entry *listener, *entry;
	struct flow_key key;

	if (!probe_is_inet(child) || !request->rsk_listener ||
	    (child->sk_protocol != IPPROTO_TCP &&
	     child->sk_protocol != IPPROTO_DCCP))
		return;
	sk = psi_user_sock(request->rsk_listener);
	if (!sk)
		return;
	rcu_read_lock();
	listener = ksc_find(ksc_cookie(sk));
	if (listener && listener->proc) {
		entry = ksc_learn(child, listener->proc, E7_STAT_INHERITED, 0);
		if (entry) {
			key = probe_flow(child, request);
			flow_learn(&key, entry->cookie);
		}
	}
	rcu_read_unlock();
}

/*
 * A connection of MPTCP gets another subflow, from a work item mostly:
 * (struct sock *whole, struct sock *subflow)
 */
static void __maybe_unused probe_joins(void *whole, void *subflow)
{
	struct ksc_entry *entry;

	rcu_read_lock();
	entry = ksc_find(ksc_cookie(whole));
	if (entry && entry->proc && !READ_ONCE(entry->proc->over))
		ksc_learn(subflow, entry->proc, E7_STAT_INHERITED, 0);
	rcu_read_unlock();
}

/* A time-wait socket takes over the cookie: (const struct sock *, ...) */
static void probe_linger(void *sk, void *unused)
{
	ksc_mark(sk, KSC_LINGERS);
}

/* UDP's port is free again: (struct sock *) */
static void probe_unbind(void *sk, void *unused)
{
	ksc_mark(sk, KSC_UNBOUND);
}

/* (struct sock *) */
static void probe_free(void *sk, void *unused)
{
	if (probe_is_inet(sk))
		ksc_forget(sk);
}

/* Functions whose entry is told of, with their first two arguments. */
static struct probe_entry {
	const char *name;
	const char *before;	/* one that older kernels have in its place */
	void (*handler)(void *first, void *second);
	unsigned long address;	/* 0 where there is no such function */
} probe_entries[] = {
	{ "security_sk_free", NULL, probe_free },
	{ "security_inet_csk_clone", NULL, probe_clone },
	{ "security_sock_graft", NULL, probe_graft },
	{ "inet_twsk_alloc", NULL, probe_linger },
#define PROBE_UNBIND 4
	{ "udp_lib_unhash", NULL, probe_unbind },
	{ "security_socket_bind", NULL, probe_owns },
	{ "security_socket_listen", NULL, probe_listens },
#ifdef CONFIG_MPTCP
	{ "security_mptcp_add_subflow", "mptcp_sockopt_sync", probe_joins },
#endif
};

/* The call stands at the start of a function, maybe behind an ENDBR. */
#define PROBE_START 16

static void notrace probe_entered(unsigned long ip, unsigned long parent,
				  struct ftrace_ops *ops,
				  COMPAT_FTRACE_REGS *regs)
{
	const struct probe_entry *entry;

	for (entry = probe_entries;
	     entry < probe_entries + ARRAY_SIZE(probe_entries); entry++)
		if (ip - entry->address < PROBE_START)
			return entry->handler(compat_ftrace_argument(regs, 0),
					      compat_ftrace_argument(regs, 1));
}

static struct ftrace_ops probe_ops = {
	.func = probe_entered,
	.flags = FTRACE_OPS_FL_PERMANENT | COMPAT_FTRACE_FLAGS,
};

static bool probe_stands __read_mostly;
/* Whether the end of a socket of UDP is told. */
static bool probe_unbind_stands __read_mostly;

/* Whether a flow of UDP may stand for its socket: its end will be told. */
bool probe_sees_unbind(void)
{
	return probe_unbind_stands;
}

/* A kprobe knows the address of its function, even if it is never armed. */
static bool probe_find(struct kprobe *finder, const char *name)
{
	if (!name)
		return false;
	memset(finder, 0, sizeof(*finder));
	finder->symbol_name = name;
	finder->flags = KPROBE_FLAG_DISABLED;
	return !register_kprobe(finder);
}

static void probe_find_entries(void)
{
	static struct kprobe finders[ARRAY_SIZE(probe_entries)];
	struct kprobe *found[ARRAY_SIZE(probe_entries)];
	unsigned int i;
	int count = 0;

	for (i = 0; i < ARRAY_SIZE(probe_entries); i++) {
		if (!probe_find(&finders[i], probe_entries[i].name) &&
		    !probe_find(&finders[i], probe_entries[i].before))
			continue;
		probe_entries[i].address = (unsigned long)finders[i].addr;
		found[count++] = &finders[i];
	}
	unregister_kprobes(found, count);
}

/* 5.10 does not export ftrace_free_filter(). */
static void probe_forget_filter(void)
{
	ftrace_set_filter(&probe_ops, NULL, 0, 1);
}

static void probe_entries_init(void)
{
	struct probe_entry *entry;
	int error;

	probe_find_entries();
	for (entry = probe_entries;
	     entry < probe_entries + ARRAY_SIZE(probe_entries); entry++) {
		error = entry->address ?
			ftrace_set_filter_ip(&probe_ops, entry->address, 0, 0) :
			-ENOENT;
		if (!error) {
			probe_stands = true;
			continue;
		}
		entry->address = 0;
		pr_warn("e7: no probe on %s (%d): more programs will be unknown\n",
			entry->name, error);
	}
	/* Without a filter, it would be told of every function. */
	error = probe_stands ? register_ftrace_function(&probe_ops) : 0;
	if (error) {
		probe_stands = false;
		probe_forget_filter();
		pr_warn("e7: no probes (%d): more programs will be unknown\n",
			error);
	}
	probe_unbind_stands = probe_stands && probe_entries[PROBE_UNBIND].address;
}

void probe_init(void)
{
	probe_points_init();
	probe_entries_init();
}

/* Waits for handlers that run. */
void probe_exit(void)
{
	if (probe_stands) {
		unregister_ftrace_function(&probe_ops);
		probe_forget_filter();
	}
	probe_points_exit();
}
