/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that runs out where a scenario says so.  Kbuild includes this in front
 * of every file of the module under E7_TEST_FAIL: each call that may fail for
 * want of memory counts parameter fail_nth down, and the one that brings it to
 * 0 fails without having been made.  Unlike failslab it works on any kernel, in
 * softirqs and work items too, and counts nobody else's allocations.
 */
#ifndef E7_TEST_FAIL_H
#define E7_TEST_FAIL_H

#include <linux/atomic.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/umh.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

extern atomic_t fail_nth;

/* In one file of the module. */
#ifdef E7_TEST_FAIL_HERE
atomic_t fail_nth = ATOMIC_INIT(0);
module_param_named(fail_nth, fail_nth.counter, int, 0644);
MODULE_PARM_DESC(fail_nth, "the allocation from now on that fails, 0 for none");
#endif

/* Else an entry that is used again would hide that there is no memory for one. */
#undef compat_rcu_is_over
#define compat_rcu_is_over(grace) ((void)(grace), false)

static inline bool fail_now(void)
{
	return !atomic_dec_if_positive(&fail_nth);
}

/* name, its result where memory ran out, its type, its parameters, what is passed on. */
#define FAIL(name, lack, type, parameters, ...) \
	static inline type fail_##name parameters \
	{ \
		return fail_now() ? lack : name(__VA_ARGS__); \
	}

FAIL(kmalloc, NULL, void *, (size_t size, gfp_t gfp), size, gfp)
#undef kmalloc
#define kmalloc fail_kmalloc
FAIL(kzalloc, NULL, void *, (size_t size, gfp_t gfp), size, gfp)
#undef kzalloc
#define kzalloc fail_kzalloc
FAIL(kvmalloc, NULL, void *, (size_t size, gfp_t gfp), size, gfp)
#undef kvmalloc
#define kvmalloc fail_kvmalloc
FAIL(kvzalloc, NULL, void *, (size_t size, gfp_t gfp), size, gfp)
#undef kvzalloc
#define kvzalloc fail_kvzalloc
FAIL(kvmalloc_array, NULL, void *, (size_t count, size_t size, gfp_t gfp), count, size, gfp)
#undef kvmalloc_array
#define kvmalloc_array fail_kvmalloc_array
FAIL(kvcalloc, NULL, void *, (size_t count, size_t size, gfp_t gfp), count, size, gfp)
#undef kvcalloc
#define kvcalloc fail_kvcalloc
FAIL(__alloc_percpu, NULL, void __percpu *, (size_t size, size_t align), size, align)
#undef alloc_percpu
#define alloc_percpu(type) \
	((typeof(type) __percpu *)fail___alloc_percpu(sizeof(type), __alignof__(type)))
FAIL(alloc_workqueue, NULL, struct workqueue_struct *,
     (const char *name, unsigned int flags, int most), "%s", flags, most, name)
#undef alloc_workqueue
#define alloc_workqueue fail_alloc_workqueue
FAIL(genlmsg_new, NULL, struct sk_buff *, (size_t size, gfp_t gfp), size, gfp)
#define genlmsg_new fail_genlmsg_new

FAIL(kstrdup, NULL, char *, (const char *text, gfp_t gfp), text, gfp)
#undef kstrdup
#define kstrdup fail_kstrdup
FAIL(skb_clone, NULL, struct sk_buff *, (struct sk_buff *skb, gfp_t gfp), skb, gfp)
#define skb_clone fail_skb_clone
FAIL(call_usermodehelper_setup, NULL, struct subprocess_info *,
     (const char *path, char **argv, char **envp, gfp_t gfp,
      int (*init)(struct subprocess_info *info, struct cred *new),
      void (*cleanup)(struct subprocess_info *info), void *data),
     path, argv, envp, gfp, init, cleanup, data)
#define call_usermodehelper_setup fail_call_usermodehelper_setup

FAIL(kern_path, -ENOMEM, int, (const char *name, unsigned int how, struct path *path),
     name, how, path)
#define kern_path fail_kern_path
FAIL(register_kprobe, -ENOMEM, int, (struct kprobe *probe), probe)
#define register_kprobe fail_register_kprobe
FAIL(ftrace_set_filter_ip, -ENOMEM, int,
     (struct ftrace_ops *ops, unsigned long ip, int remove, int reset), ops, ip, remove, reset)
#define ftrace_set_filter_ip fail_ftrace_set_filter_ip
FAIL(register_ftrace_function, -ENOMEM, int, (struct ftrace_ops *ops), ops)
#define register_ftrace_function fail_register_ftrace_function
FAIL(tracepoint_probe_register, -ENOMEM, int,
     (struct tracepoint *point, void *handler, void *context), point, handler, context)
#define tracepoint_probe_register fail_tracepoint_probe_register
FAIL(netlink_register_notifier, -ENOMEM, int, (struct notifier_block *block), block)
#define netlink_register_notifier fail_netlink_register_notifier
FAIL(genl_register_family, -ENOMEM, int, (struct genl_family *family), family)
#define genl_register_family fail_genl_register_family
FAIL(nf_register_net_hooks, -ENOMEM, int,
     (struct net *net, const struct nf_hook_ops *hooks, unsigned int count), net, hooks, count)
#define nf_register_net_hooks fail_nf_register_net_hooks
FAIL(register_pernet_subsys, -ENOMEM, int, (struct pernet_operations *operations), operations)
#define register_pernet_subsys fail_register_pernet_subsys

#endif
