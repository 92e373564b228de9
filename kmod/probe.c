// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe_: what the module is told by the rest of the kernel.
 *
 * Tracepoints tell psi_ of each exec, fork and exit.  Kprobes teach ksc_ the
 * owner of a socket before its first packet, and tell it of a socket's end;
 * most stand on a security_*() wrapper, which is a real function under
 * CONFIG_SECURITY_NETWORK.
 *
 * Every one is optional: without it fewer owners are known, and none is known
 * wrongly.  Handlers run with preemption off; that of sock_graft also under
 * the socket's callback lock, which softirqs take.
 */
#include <linux/kprobes.h>
#include <linux/net.h>
#include <linux/printk.h>
#include <linux/tracepoint.h>
#include <net/inet_sock.h>
#include <net/request_sock.h>
#include <net/sock.h>

#include "flow.h"
#include "ksc.h"
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
}

static void probe_fork(void *unused, struct task_struct *parent,
		       struct task_struct *child)
{
	psi_forked(parent, child);
}

static void probe_exit_task(COMPAT_TRACE_EXIT_ARGS)
{
	psi_exited(task);
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

/* listen(2) and bind(2): (struct socket *, ...) */
static int probe_owns(struct kprobe *probe, struct pt_regs *regs)
{
	struct socket *sock = (void *)regs_get_kernel_argument(regs, 0);

	if (psi_clean())
		probe_learn(sock->sk);
	return 0;
}

/* accept(2): (struct sock *, struct socket *) */
static int probe_graft(struct kprobe *probe, struct pt_regs *regs)
{
	if (in_task())
		probe_learn((void *)regs_get_kernel_argument(regs, 0));
	return 0;
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
		key.kind = flow_kind(NFPROTO_IPV6, IPPROTO_TCP, both);
		memcpy(key.local, &inet->ir_v6_loc_addr, sizeof(key.local));
		memcpy(key.remote, &inet->ir_v6_rmt_addr, sizeof(key.remote));
		return key;
	}
#endif
	key.kind = flow_kind(NFPROTO_IPV4, IPPROTO_TCP, both);
	key.local[0] = (__force u32)inet->ir_loc_addr;
	key.remote[0] = (__force u32)inet->ir_rmt_addr;
	return key;
}

/* A handshake is done: (struct sock *child, const struct request_sock *) */
static int probe_clone(struct kprobe *probe, struct pt_regs *regs)
{
	struct sock *child = (void *)regs_get_kernel_argument(regs, 0);
	struct request_sock *request =
		(void *)regs_get_kernel_argument(regs, 1);
	struct ksc_entry *listener, *entry;
	struct flow_key key;
	struct sock *sk;

	if (!probe_is_inet(child) || !request->rsk_listener ||
	    child->sk_protocol != IPPROTO_TCP)
		return 0;
	sk = psi_user_sock(request->rsk_listener);
	if (!sk)
		return 0;
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
	return 0;
}

/* A time-wait socket takes over the cookie: (const struct sock *, ...) */
static int probe_linger(struct kprobe *probe, struct pt_regs *regs)
{
	ksc_mark((void *)regs_get_kernel_argument(regs, 0), KSC_LINGERS);
	return 0;
}

/* UDP's port is free again: (struct sock *) */
static int probe_unbind(struct kprobe *probe, struct pt_regs *regs)
{
	ksc_mark((void *)regs_get_kernel_argument(regs, 0), KSC_UNBOUND);
	return 0;
}

/* (struct sock *) */
static int probe_free(struct kprobe *probe, struct pt_regs *regs)
{
	struct sock *sk = (void *)regs_get_kernel_argument(regs, 0);

	if (probe_is_inet(sk))
		ksc_forget(sk);
	return 0;
}

static struct kprobe probe_table[] = {
	{ .symbol_name = "udp_lib_unhash", .pre_handler = probe_unbind },
	{ .symbol_name = "security_socket_listen", .pre_handler = probe_owns },
	{ .symbol_name = "security_socket_bind", .pre_handler = probe_owns },
	{ .symbol_name = "security_sock_graft", .pre_handler = probe_graft },
	{ .symbol_name = "security_inet_csk_clone", .pre_handler = probe_clone },
	{ .symbol_name = "inet_twsk_alloc", .pre_handler = probe_linger },
	{ .symbol_name = "security_sk_free", .pre_handler = probe_free },
};

/* The first of the table. */
static bool probe_unbind_stands __read_mostly;

/* Those that stand, to be taken down in one grace period. */
static struct kprobe *probe_standing[ARRAY_SIZE(probe_table)];
static int probe_count;

/* Whether a flow of UDP may stand for its socket: its end will be told. */
bool probe_sees_unbind(void)
{
	return probe_unbind_stands;
}

/* Events that probes were not told of, since another one was running. */
u64 probe_missed(void)
{
	u64 missed = 0;
	int i;

	for (i = 0; i < probe_count; i++)
		missed += READ_ONCE(probe_standing[i]->nmissed);
	return missed;
}

void probe_init(void)
{
	unsigned int i;
	int error;

	probe_points_init();
	probe_count = 0;
	for (i = 0; i < ARRAY_SIZE(probe_table); i++) {
		error = register_kprobe(&probe_table[i]);
		if (!error)
			probe_standing[probe_count++] = &probe_table[i];
		else
			pr_warn("e7: no probe on %s (%d): more programs will be unknown\n",
				probe_table[i].symbol_name, error);
	}
	probe_unbind_stands = probe_count && probe_standing[0] == probe_table;
}

/* Waits for handlers that run. */
void probe_exit(void)
{
	unregister_kprobes(probe_standing, probe_count);
	probe_points_exit();
}
