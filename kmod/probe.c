// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe_: kprobes that teach ksc_ the owner of a socket before its first
 * packet, and that tell it of a socket's end.  Each stands on a security_*()
 * wrapper, which is a real function under CONFIG_SECURITY_NETWORK.
 *
 * Every one is optional: without it fewer owners are known, and none is known
 * wrongly.  Handlers run with preemption off; that of sock_graft also under
 * the socket's callback lock, which softirqs take.
 */
#include <linux/kprobes.h>
#include <linux/net.h>
#include <linux/printk.h>
#include <net/inet_sock.h>
#include <net/request_sock.h>
#include <net/sock.h>

#include "ksc.h"
#include "probe.h"
#include "psi.h"

static bool probe_is_inet(const struct sock *sk)
{
	return sk && (sk->sk_family == AF_INET || sk->sk_family == AF_INET6);
}

static void probe_learn(struct sock *sk, enum psi_effort effort)
{
	struct psi_proc *proc;

	if (!probe_is_inet(sk) || sk->sk_kern_sock ||
	    current->flags & PF_KTHREAD || !current->mm)
		return;
	rcu_read_lock();
	proc = psi_current(effort);
	if (proc)
		ksc_learn(sk, proc);
	rcu_read_unlock();
}

/* listen(2) and bind(2): (struct socket *, ...) */
static int probe_owns(struct kprobe *probe, struct pt_regs *regs)
{
	struct socket *sock = (void *)regs_get_kernel_argument(regs, 0);

	if (psi_clean())
		probe_learn(sock->sk, PSI_HERE);
	return 0;
}

/* accept(2): (struct sock *, struct socket *) */
static int probe_graft(struct kprobe *probe, struct pt_regs *regs)
{
	if (in_task())
		probe_learn((void *)regs_get_kernel_argument(regs, 0),
			    PSI_LATER);
	return 0;
}

/* A handshake is done: (struct sock *child, const struct request_sock *) */
static int probe_clone(struct kprobe *probe, struct pt_regs *regs)
{
	struct sock *child = (void *)regs_get_kernel_argument(regs, 0);
	struct request_sock *request =
		(void *)regs_get_kernel_argument(regs, 1);
	struct ksc_entry *listener;

	if (!probe_is_inet(child) || !request->rsk_listener)
		return 0;
	rcu_read_lock();
	listener = ksc_find(ksc_cookie(request->rsk_listener));
	if (listener)
		ksc_learn(child, listener->proc);
	rcu_read_unlock();
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
	{ .symbol_name = "security_socket_listen", .pre_handler = probe_owns },
	{ .symbol_name = "security_socket_bind", .pre_handler = probe_owns },
	{ .symbol_name = "security_sock_graft", .pre_handler = probe_graft },
	{ .symbol_name = "security_inet_csk_clone", .pre_handler = probe_clone },
	{ .symbol_name = "security_sk_free", .pre_handler = probe_free },
};

/* Those that stand, to be taken down in one grace period. */
static struct kprobe *probe_standing[ARRAY_SIZE(probe_table)];
static int probe_count;

void probe_init(void)
{
	unsigned int i;
	int error;

	probe_count = 0;
	for (i = 0; i < ARRAY_SIZE(probe_table); i++) {
		error = register_kprobe(&probe_table[i]);
		if (!error)
			probe_standing[probe_count++] = &probe_table[i];
		else
			pr_warn("e7: no probe on %s (%d): more programs will be unknown\n",
				probe_table[i].symbol_name, error);
	}
}

/* Waits for handlers that run. */
void probe_exit(void)
{
	unregister_kprobes(probe_standing, probe_count);
}
